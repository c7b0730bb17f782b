"""Enforcement supervision: hints on what is unlike what it should be, for auditors alone.

The rules are data (dbt_project/seeds/hint_rules.csv) and SQL (models/marts/supervision/).

reviews.py     what an auditor made of a hint, and which hints there are
"""
