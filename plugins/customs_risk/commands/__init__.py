"""The command line's groups, one module each; `customs_risk.cli` puts them together.

feeds.py       feeds and what they deliver
quarantine.py  rows that broke a rule
subjects.py    who is meant by a name: what waits for a person
requests.py    information requests, and alarms
shared.py      what they print with, and what they ask for
"""
