"""Customs risk management in a closed loop: collect, assess, treat, feed back (GACC Order 271)."""
