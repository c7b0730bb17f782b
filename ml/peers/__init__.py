"""Horizontal analogy (Order 271, Article 10): who does otherwise than others of its kind."""
