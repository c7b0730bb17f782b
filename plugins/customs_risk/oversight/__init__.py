"""Oversight: what somebody must look at, and what parties are asked for.

alarms.py    volume, freshness, refusals, silent points, overdue requests, failing sources
requests.py  information requests (Order 271, Article 8)
"""
