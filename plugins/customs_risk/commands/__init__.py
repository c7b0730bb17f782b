"""The command line's groups, one module each; `customs_risk.cli` puts them together.

feeds.py       feeds and what they deliver
docs.py        the documentation of the warehouse
quarantine.py  rows that broke a rule
access.py      who may read what, who did, and what is over its time
declarations.py  what was known of a declaration, and what would have been decided
subjects.py    who is meant by a name: what waits for a person
requests.py    information requests, and alarms
shared.py      what they print with, and what they ask for
"""
