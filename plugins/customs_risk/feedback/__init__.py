"""Feedback (Order 271, Article 18): how well what was done worked, and what follows from it.

The marts of the schema ``feedback`` hold the figures (dbt_project/models/marts/feedback).

reviews/  each month, each measure and each risk parameter: keep, change or drop
"""
