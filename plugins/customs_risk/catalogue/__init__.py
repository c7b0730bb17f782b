"""The catalogue of the warehouse: which article lives in which table, and what tests it.

articles.yml       what each article asks for, in both languages
articles.py        reads it
tables.py          dbt's manifest, as tables with columns, tests and readers
traceability.py    article → tables → columns → tests, as one page
dbt_docs.py        dbt's own documentation, as one page that asks nothing of the outside
"""

from customs_risk.catalogue.site import write

__all__ = ["write"]
