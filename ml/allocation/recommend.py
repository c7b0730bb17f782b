"""From evidence to a recommendation: what each office is to inspect, and what that should gain."""

from dataclasses import dataclass, replace

import numpy as np

from ml.allocation.config import AllocationConfig
from ml.allocation.curves import Curves, curves
from ml.allocation.evidence import DOMAINS, Evidence, Floats, NothingToRankBy
from ml.allocation.optimise import NoAllocation, Problem, best

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
    anew: draws × offices × domains of recommended less present. What the choice of the best owes
    to the luck of the days that it was chosen by is taken off ``recommended`` and ``gain``.
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
    rate = _best_rate(laid, config)
    present_rate = laid.present / laid.declarations
    present, recommended = _yields(laid, present_rate), _yields(laid, rate)
    drawn = _drawn_anew(evidence, laid, business_days, rate, config)
    return Recommendation(
        offices=evidence.offices,
        domains=DOMAINS,
        declarations=laid.declarations,
        present_rate=present_rate,
        recommended_rate=rate,
        present=present,
        recommended=replace(
            recommended,
            findings=recommended.findings - drawn["findings"].luck,
            revenue_cny=recommended.revenue_cny - drawn["revenue_cny"].luck,
        ),
        marginal_present=laid.marginal(laid.present_fill),
        marginal_recommended=laid.marginal(laid.fill(rate * laid.declarations)),
        gain_findings=drawn["findings"].gain,
        gain_revenue_cny=drawn["revenue_cny"].gain,
        budget_hours=float(present.officer_hours.sum() * config.budget),
    )


def _best_rate(laid: Curves, config: AllocationConfig) -> Floats:
    """Return the inspections per declaration of each office that are worth most."""
    fill = best(_problem(laid, config))
    declarations = np.where(laid.declarations > 0, laid.declarations, 1.0)
    asked = np.round((fill * laid.inspections).sum(axis=1) / declarations * _RATE_STEP)
    return np.asarray(asked / _RATE_STEP)


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


@dataclass(frozen=True)
class _DrawnAnew:
    """``gain``: draws × offices × domains; ``luck``: what is expected too much, by cell."""

    gain: Floats
    luck: Floats


def _drawn_anew(
    evidence: Evidence,
    laid: Curves,
    business_days: float,
    rate: Floats,
    config: AllocationConfig,
) -> dict[str, _DrawnAnew]:
    """Draw the days anew, and lay the curves anew: how sure they are, and what choosing adds.

    The recommendation is held against each draw's curves: that is how far they scatter. The luck
    of the month itself comes on top. The best of each draw is held against its own curves and
    against ours, which it was not chosen by; by how much it seems better where it was chosen, the
    recommendation seems too good as well (optimism, Efron 1983).
    """
    dice = np.random.default_rng(config.seed)
    days = len(evidence.days)
    present_rate = laid.present / laid.declarations
    gains: dict[str, list[Floats]] = {"findings": [], "revenue_cny": []}
    lucks: dict[str, list[Floats]] = {"findings": [], "revenue_cny": []}
    for _ in range(config.draws):
        weights = np.bincount(dice.integers(0, days, days), minlength=days).astype(np.float64)
        drawn = curves(evidence.weighted(weights), business_days, present_rate)
        gain = _gain(drawn, rate, present_rate)
        try:
            # a draw may hold no day on which a small office had declarations
            chosen = np.where(drawn.declarations > 0, _best_rate(drawn, config), present_rate)
        except NoAllocation:
            chosen = rate
        where_chosen = _gain(drawn, chosen, present_rate)
        elsewhere = _gain(laid, chosen, present_rate)
        for name in gains:
            gains[name].append(gain[name])
            lucks[name].append(where_chosen[name] - elsewhere[name])
    # few days drawn anew differ too little among themselves
    wider = np.sqrt(days / (days - 1))
    told = {}
    for name, each in gains.items():
        stacked, luck = np.stack(each), np.mean(lucks[name], axis=0)
        centre = stacked.mean(axis=0)
        told[name] = _DrawnAnew(centre + wider * (stacked - centre) - luck, luck)
    return told


def _gain(laid: Curves, rate: Floats, present_rate: Floats) -> dict[str, Floats]:
    """Return what a rate yields beyond the present one: offices × domains of each measure."""
    more, now = _yields(laid, rate), _yields(laid, present_rate)
    return {
        "findings": more.findings - now.findings,
        "revenue_cny": more.revenue_cny - now.revenue_cny,
    }
