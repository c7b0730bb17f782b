"""Treatment: what is decided leaves from one place (Order 271, Articles 3, 4, 12, 13 and 15).

outbox.py     the one door: whatever leaves, once each, with a receipt
measures.py   measures of all seven kinds: proposed, adjusted, lifted, never overwritten
approvals.py  what waits for a person, whatever it is about: asked, answered, gone up
policy.py     the stated policy that answers in the embedded run, and says so
rebuttals.py  what parties prove against measures, and its review
standing.py   the standing rules: what follows once a business day from what is known (rules/)
overrides.py  a declaration that a person treats otherwise than the matrix says
"""
