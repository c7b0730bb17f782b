"""Effectiveness reviews: month by month, is each measure and each parameter worth its price?

subjects.sql  who is reviewed, and which days of it
evidence.sql  what each did on those days, and what would have been found without it
evidence.py   from sums to figures with intervals, reweighted by selection probability
rules.yml     which verdict follows from which figures; verdict.py reads it
step.py       reviews a finished month once, and asks for what a review recommends
follow.py     carries out what was approved, notes what was refused
"""
