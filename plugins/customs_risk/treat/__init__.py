"""Treatment: what is decided leaves from one place (Order 271, Articles 4 and 13)."""
