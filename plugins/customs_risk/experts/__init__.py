"""Expert assessments (Order 271, Article 11): beside the model's, and combined with it.

vocabulary.py    the words that statements and refusals are made of
assessors.py     who may assess: registration, undertaking, qualification, conflicts of interest
refusals.py      who may not assess a case, why, and the note of it
cases.py         the redacted file of a case that an assessor is handed, and the note of it
assessments.py   what assessors say
yardstick.py     what inspections find, against which the experts and the model are held
combination.py   what the model and the experts say together, by the rule in ml/pooling.py

Who may assess is the database's own rule (schema/88_experts.sql): it accepts no other statement.
"""
