"""Which of the eight risk domains a finding would belong to (Order 271, Article 2).

Findings are few, and of some domains there are hardly any. So the likelihood of a finding comes
from all labels, and its domain from the findings alone: likelihood of a domain = likelihood of a
finding × share of the domain among findings of such goods. Where a domain has too few findings to
be learned, its share among all findings stands for it, with the interval that so few allow, unless
the indicators can speak for it (ml.indicators).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from ml.config import ModelConfig
from ml.matrix import Values, as_matrix, predicted

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

_PRIOR = 1.0  # findings of each domain before any is seen
_SURE = 0.90  # of intervals


@dataclass(frozen=True)
class DomainModel:
    """Shares of the risk domains among findings.

    ``counts`` holds the findings of each domain that has any; ``learned`` the domains that the
    booster tells apart, in its order.
    """

    counts: dict[str, int]
    learned: tuple[str, ...] = ()
    booster: xgboost.Booster | None = None

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that findings were ever in, by name."""
        return tuple(sorted(self.counts))

    def shares(self, values: Values) -> Floats:
        """Return rows × ``domains``: the share of each, given a finding; each row adds up to 1."""
        overall = self._overall()
        shares = np.tile(overall, (len(values), 1))
        if self.booster is not None:
            told = predicted(self.booster, values)
            places = [self.domains.index(name) for name in self.learned]
            shares[:, places] = told * overall[places].sum()
        return shares

    def interval(self, domain: str) -> tuple[float, float]:
        """Return how low and how high a domain's share among all findings may be."""
        from scipy.stats import beta

        total = sum(self.counts.values())
        found = self.counts[domain]
        tail = (1 - _SURE) / 2
        low, high = beta.ppf([tail, 1 - tail], found + 0.5, total - found + 0.5)
        return float(low), float(high)

    def as_dict(self) -> dict[str, Any]:
        """Return all but the booster as plain values."""
        return {"counts": self.counts, "learned": list(self.learned)}

    def _overall(self) -> Floats:
        counts = np.array([self.counts[name] + _PRIOR for name in self.domains], dtype=float)
        return counts / counts.sum()


def fit_domains(values: Values, domain: Texts, config: ModelConfig) -> DomainModel:
    """Learn the domains of findings: rows × features, and the domain of each; None is not told."""
    told = np.array([each is not None for each in domain], dtype=bool)
    names, numbers = np.unique(domain[told].astype(str), return_inverse=True)
    counts = np.bincount(numbers, minlength=names.size)
    known = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
    learned = names[counts >= config.min_findings_of_domain]
    if learned.size < 2:
        return DomainModel(known)
    rows = np.isin(domain[told], learned)
    places = np.searchsorted(learned, domain[told][rows].astype(str))
    matrix = as_matrix(values[told][rows], places.astype(float))
    parameters = config.booster.parameters() | {
        "objective": "multi:softprob",
        "num_class": int(learned.size),
    }
    booster = xgboost.train(parameters, matrix, config.domain_rounds)
    return DomainModel(known, tuple(map(str, learned)), booster)
