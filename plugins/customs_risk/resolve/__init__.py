"""Subject resolution: who among the subjects of declarations is meant by a name or a number.

By identifier first, its check digit verified; commodities by HS code; then by name, across scripts.
"""

from customs_risk.resolve.evaluation import Evaluation, evaluate
from customs_risk.resolve.review import UnknownMention, Waiting, queue, review
from customs_risk.resolve.step import resolve_subjects

__all__ = [
    "Evaluation",
    "UnknownMention",
    "Waiting",
    "evaluate",
    "queue",
    "resolve_subjects",
    "review",
]
