"""Regressive analysis (Order 271, Article 10): the unit price that goods should have."""
