"""What is not known about a likelihood: how far it rests on evidence, how new it is, where it goes.

Order 271, Article 16: act on the present conclusion though knowledge is limited, then find out what
is missing. So each conclusion says of what kind its uncertainty is, and how large.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.config import ModelConfig
from ml.features import NAMES
from ml.matrix import Values

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

# earlier inspections that a likelihood rests on: of the party, and of the goods
_INSPECTED = ("log_inspections_importer", "log_inspections_hs6_origin")
# 1 if what it is about was never declared before
_FIRST = ("is_first_importer_hs6", "is_first_importer_origin", "is_first_seller_importer")
# find rates of the last four weeks, and of all time
_RECENT = (("recent_rate_importer", "rate_importer"), ("recent_rate_hs6_origin", "rate_hs6_origin"))
_MOVED, _MOVED_BY = 1.25, 0.01


@dataclass(frozen=True)
class Uncertainty:
    """Per row: inspections that it rests on, the share of it that is new (0 to 1), and the kind."""

    evidence: Floats
    novelty: Floats
    kind: Texts


def assess(values: Values, config: ModelConfig) -> Uncertainty:
    """Return what is not known of rows × ml.features.NAMES.

    Of the kinds that apply the first is told: `novelty` (a party, goods or an origin never seen
    together), `thin_data` (few earlier inspections), `estimate` (no more than any likelihood has).
    """
    evidence = sum(np.expm1(np.nan_to_num(_column(values, name))) for name in _INSPECTED)
    firsts = [_column(values, name) for name in _FIRST]
    firsts.append((_column(values, "log_declarations_consignment") == 0).astype(float))
    novelty = np.nanmean(np.column_stack(firsts), axis=1)
    kind = np.where(
        novelty >= config.novel,
        "novelty",
        np.where(evidence < config.thin_data, "thin_data", "estimate"),
    )
    return Uncertainty(np.asarray(evidence), novelty, kind.astype(object))


def worth_knowing(likelihood: Floats, evidence: Floats, revenue_if_found: Floats) -> Floats:
    """Return how much is to be learned by looking: uncertainty × √revenue, both of a finding.

    The uncertainty is the standard deviation of a likelihood that rests on so many inspections and
    one more. Revenue counts by its root, as where declarations are ranked by value.
    """
    # a likelihood that rounding has put just beyond 1 is a certain one
    doubt = np.sqrt(np.maximum(likelihood * (1 - likelihood), 0) / (1 + evidence))
    return np.asarray(doubt * np.sqrt(np.maximum(revenue_if_found, 0)))


def trend(values: Values) -> Texts:
    """Return where the find rates of a row's party and goods go: rising, steady, falling.

    The last four weeks against all time; the one that moved more is told. `unknown` where neither
    the party nor the goods were ever inspected.
    """
    change = np.zeros(len(values))
    for recent, lasting in _RECENT:
        now, ever = _column(values, recent), _column(values, lasting)
        has_moved = (np.maximum(now, ever) > _MOVED * np.minimum(now, ever)) & (
            np.abs(now - ever) > _MOVED_BY
        )
        moved = np.where(has_moved, now - ever, 0.0)
        change = np.where(np.abs(moved) > np.abs(change), moved, change)
    told = np.where(change > 0, "rising", np.where(change < 0, "falling", "steady"))
    inspected = sum(np.nan_to_num(_column(values, name)) for name in _INSPECTED)
    return np.where(inspected > 0, told, "unknown").astype(object)


def _column(values: Values, name: str) -> Floats:
    return values[:, NAMES.index(name)].astype(np.float64)
