"""Scientific allocation of people: how many inspections each office is to carry out next month."""
