"""Dynamic focus (Order 271, Article 10): what of the trade has left its own past."""
