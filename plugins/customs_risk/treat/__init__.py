"""Treatment: what is decided leaves from one place (Order 271, Articles 3, 4 and 11 to 19).

parameters/             conditions that people set: language, approval, back-test, hits
claims.py               what claims an inspection beside the model's ranking; waiting.py: among what
inspection_requests.py  an analyst asks that something be looked at
measures.py             measures of all seven kinds: proposed, adjusted, lifted, never overwritten
standing.py             the standing rules: what follows once a business day (rules/)
approvals.py            what waits for a person, whatever it is about: asked, answered, gone up
policy.py               the stated policy that answers in the embedded run, and says so
rebuttals.py            what parties prove against measures, and its review
overrides.py            a declaration that a person treats otherwise than the matrix says
warnings/  reports/     what audiences are told; what decisions are made from
emergencies.py          plans.py and response.py with it: activations, drills, what is done
joint_cases.py          what is shared with other agencies
operations.py           special operations; recommendations.py: policy recommendations
referrals.py            audits after clearance, and cases for investigation
outbox/                 the one door: whatever leaves, once each, with a receipt;
                        messages.py, publications.py, measure_messages.py: what each kind says
"""
