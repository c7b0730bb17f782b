"""Risk parameters (the parameter centre): rules that people write, try out, approve and retire.

attributes.py    what a condition may speak of, in both languages
lexis.py         the characters and words that a condition may be made of
language.py      a condition, checked and compiled into SQL of our own
store.py         versions of parameters, what became of them, and who may do what
impact.py        what a version would have done, over past months
precision.py     how sure its expected precision is
matching.py      which of the new declarations a parameter in force hits

Who may act, and that no version is activated without an impact analysis, is the database's own rule
(schema/91_parameters.sql). Order 271, Articles 4, 12 and 13.
"""
