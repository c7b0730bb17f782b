"""Models: which serves, what it is, how it does beside others, how trade moves away from it.

views.py    registry, life, comparisons, drift
page.py     the page, a model's card, and who puts which model in service
"""

from customs_risk.web.pages.models.page import PAGE

__all__ = ["PAGE"]
