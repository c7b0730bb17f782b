"""Confidentiality (Order 271, Article 5): who reads what, who has read it, and how long it is kept.

members.py     people in roles, with a district or a sub-centre; what was read, and by whom
retention.py   what is over its time is deleted, or cleared of persons
classes.py     the class of every column, as the models' YAML tells it

What PostgreSQL itself holds to is in schema/70_access.sql, and in dbt's macros/access.sql.
"""
