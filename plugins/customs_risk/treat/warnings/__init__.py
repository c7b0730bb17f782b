"""Warnings (Order 271, Article 14): from what is known, to each audience its own words.

rules.yml, causes.sql   what is warned of, and when a warning is lifted
drafts.py               drafts what stands, lifts what has ceased, once a day
approval.py             publication waits for a person's word
releases.yml, .py       what each audience is told: an allow-list of classified fields
giveaways.sql, .py      whether free words name somebody or something that the warehouse knows
issue.py                to whom, and out through the one outbox
"""
