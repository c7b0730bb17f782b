"""From evidence to a recommendation: what each office is to inspect, and what that should gain."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.allocation.config import AllocationConfig
from ml.allocation.curves import Curves, NothingToRankBy, curves
from ml.allocation.evidence import DOMAINS, Evidence, Floats
from ml.allocation.optimise import Problem, best

_RATE_STEP = 10_000  # rates are told in hundredths of a per cent


@dataclass(frozen=True)
class Yield:
    """What a number of inspections yields: offices × domains of each measure."""

    inspections: Floats
    findings: Floats
    revenue_cny: Floats
    officer_hours: Floats


@dataclass(frozen=True)
class Recommendation:
    """Present and recommended capacity of each office, and what is expected of both.

    Rates are inspections per declaration, by office. ``gain`` holds findings and revenue, drawn
    anew: draws × offices × domains of recommended less present.
    """

    offices: tuple[str, ...]
    domains: tuple[str, ...]
    declarations: Floats
    present_rate: Floats
    recommended_rate: Floats
    present: Yield
    recommended: Yield
    marginal_present: dict[str, Floats]
    marginal_recommended: dict[str, Floats]
    gain_findings: Floats
    gain_revenue_cny: Floats
    budget_hours: float

    def expected_gain(self) -> dict[str, tuple[float, float, float]]:
        """Return the gain over all offices: expected, low and high end of the 95 % interval."""
        told = {}
        for name, drawn in (
            ("findings", self.gain_findings),
            ("revenue_cny", self.gain_revenue_cny),
        ):
            expected = getattr(self.recommended, name).sum() - getattr(self.present, name).sum()
            low, high = np.quantile(drawn.sum(axis=(1, 2)), (0.025, 0.975))
            told[name] = (float(expected), float(low), float(high))
        return told


def recommend(
    evidence: Evidence, business_days: float, config: AllocationConfig | None = None
) -> Recommendation:
    """Recommend each office's capacity for a month of so many business days.

    Raises:
        NothingToRankBy: too few days were decided with a model.
        NoAllocation: the bounds leave nothing.
    """
    config = config or AllocationConfig()
    once = np.ones(len(evidence.days))
    findings = evidence.weighted(once).chosen["findings"].sum()
    if len(evidence.days) < config.least_days or findings < config.least_findings:
        raise NothingToRankBy(
            f"{len(evidence.days)} days with decisions of a model and {findings:.0f} findings: "
            f"{config.least_days} and {config.least_findings} are needed 依据不足"
        )
    laid = curves(evidence.weighted(once), business_days)
    fill = best(_problem(laid, config))
    asked = np.round((fill * laid.inspections).sum(axis=1) / laid.declarations * _RATE_STEP)
    rate = asked / _RATE_STEP
    present_rate = laid.present / laid.declarations
    present, recommended = _yields(laid, present_rate), _yields(laid, rate)
    findings, revenue = _drawn_gains(evidence, business_days, present_rate, rate, config)
    return Recommendation(
        offices=evidence.offices,
        domains=DOMAINS,
        declarations=laid.declarations,
        present_rate=present_rate,
        recommended_rate=rate,
        present=present,
        recommended=recommended,
        marginal_present=laid.marginal(laid.present_fill),
        marginal_recommended=laid.marginal(laid.fill(rate * laid.declarations)),
        gain_findings=findings,
        gain_revenue_cny=revenue,
        budget_hours=float(present.officer_hours.sum() * config.budget),
    )


def _problem(laid: Curves, config: AllocationConfig) -> Problem:
    now = laid.at(laid.present_fill)["officer_hours"]
    by_office, by_domain = now.sum(axis=1), now.sum(axis=0)
    most = (1 + config.most_change) * by_office
    # floors are within reach: who inspects less than the least rate grows as far as it may, and
    # where so few are drawn today that the least number is not met, no fewer are drawn
    reach = _inspections_within(laid, most)
    drawn = config.least_random / np.maximum(laid.random_share, 1e-9)
    least = np.maximum(
        np.minimum(config.least_rate * laid.declarations, reach),
        np.minimum(drawn, np.where(laid.random_share > 0, laid.present, 0.0)),
    )
    return Problem(
        value=(laid.findings + laid.revenue_cny / config.finding_value_cny).sum(axis=2),
        inspections=laid.inspections,
        officer_hours=laid.officer_hours,
        budget_hours=float(by_office.sum() * config.budget),
        least_hours=(1 - config.most_change) * by_office * min(config.budget, 1.0),
        most_hours=most,
        least_inspections=least * min(config.budget, 1.0),
        domain_least_hours=config.domain_floor * by_domain * min(config.budget, 1.0),
    )


def _inspections_within(laid: Curves, hours: Floats) -> Floats:
    """Return how many inspections of each office take so many hours."""
    taken = laid.officer_hours.sum(axis=2)
    before = np.cumsum(taken, axis=1) - taken
    fill = np.clip((hours[:, None] - before) / np.where(taken > 0, taken, 1.0), 0.0, 1.0)
    return np.asarray((fill * laid.inspections).sum(axis=1))


def _yields(laid: Curves, rate: Floats) -> Yield:
    return Yield(**laid.at(laid.fill(rate * laid.declarations)))


def _drawn_gains(
    evidence: Evidence,
    business_days: float,
    present_rate: Floats,
    rate: Floats,
    config: AllocationConfig,
) -> tuple[Floats, Floats]:
    """Draw the days anew, lay the curves anew, and hold the same two allocations against them.

    What is drawn is how sure the curves are; the luck of the month itself comes on top.
    """
    dice = np.random.default_rng(config.seed)
    days = len(evidence.days)
    gains: dict[str, list[Any]] = {"findings": [], "revenue_cny": []}
    for _ in range(config.draws):
        weights = np.bincount(dice.integers(0, days, days), minlength=days).astype(np.float64)
        laid = curves(evidence.weighted(weights), business_days, present_rate)
        more, now = _yields(laid, rate), _yields(laid, present_rate)
        for name, drawn in gains.items():
            drawn.append(getattr(more, name) - getattr(now, name))
    # few days drawn anew differ too little among themselves
    wider = np.sqrt(days / (days - 1))
    told = []
    for drawn in gains.values():
        stacked = np.stack(drawn)
        centre = stacked.mean(axis=0)
        told.append(centre + wider * (stacked - centre))
    return told[0], told[1]
