"""What more inspections of an office would find and bring, and what hours they take.

The rule of selection inspects the best ranked of an office's day first, so what an office's
inspections find is a curve of diminishing returns: the sum of calibrated likelihoods down to its
capacity. It is laid in segments, one per bin of rank. A part of inspections is not targeted (drawn,
claimed, spent on learning); it grows with the capacity, and finds per inspection what it found.

Likelihoods are smoothed along the rank and held against results, high ones and low ones apart: a
curve that falls too slowly would send people where little is left. Then offices and risk
domains are held against each other, each drawn towards all of them as far as chance, and what does
not last, may explain how it differs (empirical Bayes, gamma and Poisson).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ml.allocation.evidence import WAYS, Floats, NothingToRankBy, Totals

_TARGETED = WAYS.index("targeted")
_RANDOM = WAYS.index("random")
_OTHERS = [WAYS.index(name) for name in ("random", "claimed", "explored")]
_SELECTED = [_TARGETED, *_OTHERS]

# results of all domains that stand beside a domain's own when its hours and revenue are judged
_PRIOR_RESULTS = 30.0
_PRIOR_FINDINGS = 30.0
_PRIOR_HOURS = 100.0
_PRIOR_LINE = 5.0
# offices and domains differ by five per cent at least, whatever a short time shows
_LEAST_VARIANCE = 0.0025
# a rule that never targets (no model) has no curve
_LEAST_TARGETED = 0.05


@dataclass(frozen=True)
class Curves:
    """One office's month: ``inspections`` by offices × segments; findings, revenue and hours by
    offices × segments × domains. ``present`` is today's number of inspections of each office,
    ``declarations`` how many it has in the month, ``random_share`` how much of it is drawn.
    """

    inspections: Floats
    inspections_by_domain: Floats
    findings: Floats
    revenue_cny: Floats
    officer_hours: Floats
    present: Floats
    declarations: Floats
    random_share: Floats

    @cached_property
    def present_fill(self) -> Floats:
        """How far each segment is used today: offices × segments, 0 to 1."""
        return self.fill(self.present)

    def fill(self, inspections: Floats) -> Floats:
        """Return how far each segment is used by so many inspections of each office."""
        before = np.cumsum(self.inspections, axis=1) - self.inspections
        sizes = np.where(self.inspections > 0, self.inspections, 1.0)
        return np.clip((inspections[:, None] - before) / sizes, 0.0, 1.0)

    def at(self, fill: Floats) -> dict[str, Floats]:
        """Return what a use of the segments yields: offices × domains of each measure."""
        return {
            name: np.einsum("os,osd->od", fill, getattr(self, field))
            for name, field in (
                ("inspections", "inspections_by_domain"),
                ("findings", "findings"),
                ("revenue_cny", "revenue_cny"),
                ("officer_hours", "officer_hours"),
            )
        }

    def marginal(self, fill: Floats) -> dict[str, Floats]:
        """Return what one more officer-hour yields: findings and revenue, offices × domains."""
        last = np.minimum((fill >= 1 - 1e-9).sum(axis=1), fill.shape[1] - 1)
        rows = np.arange(len(fill))
        hours = np.maximum(self.officer_hours[rows, last].sum(axis=1), 1e-9)[:, None]
        return {
            "findings": self.findings[rows, last] / hours,
            "revenue_cny": self.revenue_cny[rows, last] / hours,
        }


def curves(totals: Totals, business_days: float, present_rate: Floats | None = None) -> Curves:
    """Return the curves of a month of so many business days.

    ``present_rate``: inspections per declaration of each office today, by default what the newest
    month shows.

    Raises:
        NothingToRankBy: hardly anything was targeted.
    """
    per_month = business_days / totals.business_days
    selected = totals.chosen["declarations"][:, _SELECTED].sum(axis=(1, 2))
    targeted_share = totals.chosen["declarations"][:, _TARGETED].sum(axis=1) / _some(selected)
    overall = totals.chosen["declarations"][:, _TARGETED].sum() / max(selected.sum(), 1.0)
    if overall < _LEAST_TARGETED:
        raise NothingToRankBy("hardly anything was ranked by a model yet 尚无模型排序可依")
    # a small office's shares are much like those of all
    targeted_share = np.maximum(
        (targeted_share * selected + 20 * overall) / (selected + 20), _LEAST_TARGETED
    )
    came_true = _CameTrue.of(totals)

    targeted = totals.ranked["declarations"] * per_month  # offices × bins × domains
    by_bin = targeted.sum(axis=2)
    inspections = by_bin / targeted_share[:, None]
    others = inspections - by_bin
    mix, rate, duty = _untargeted(totals)
    # what is not targeted is spread over the capacity, whatever the rank
    other_by_domain = others[:, :, None] * mix[:, None, :]
    of_office = came_true.office[:, None, None]
    of_domain = came_true.domain[None, None, :]
    # of a bin's findings, domains have the parts that their likelihoods are of it
    likely = totals.ranked["likelihood"]
    part = likely / _some(likely.sum(axis=2, keepdims=True))
    findings = (
        (by_bin * came_true.chance)[:, :, None] * part
        + others[:, :, None] * rate[:, None, :] * came_true.others
    ) * (of_office * of_domain)
    revenue = (
        totals.ranked["expected_revenue_cny"] * per_month + others[:, :, None] * duty[:, None, :]
    ) * (of_office * came_true.revenue[None, None, :])
    by_domain = targeted + other_by_domain
    if present_rate is None:
        present_rate = totals.inspections / _some(totals.declarations)
    declarations = totals.declarations * per_month
    drawn = totals.chosen["declarations"][:, _RANDOM].sum(axis=1)
    drawn_overall = drawn.sum() / max(selected.sum(), 1.0)
    return Curves(
        inspections=inspections,
        inspections_by_domain=by_domain,
        findings=findings,
        revenue_cny=revenue,
        officer_hours=_hours(totals, by_domain, findings),
        present=np.minimum(present_rate * declarations, inspections.sum(axis=1)),
        declarations=declarations,
        random_share=(drawn + 20 * drawn_overall) / (selected + 20),
    )


@dataclass(frozen=True)
class _CameTrue:
    """What likelihoods come to: ``chance`` of a finding by offices × bins, before offices differ;
    those of inspections that were not targeted by a ratio; offices and domains around 1.
    """

    chance: Floats
    others: float
    office: Floats
    domain: Floats
    revenue: Floats

    @classmethod
    def of(cls, totals: Totals) -> "_CameTrue":
        """Judge likelihoods by the results that are back."""
        judged = totals.judged
        smooth = smoothed(
            totals.ranked["likelihood"].sum(axis=2), totals.ranked["declarations"].sum(axis=2)
        )
        line = recalibrated(judged["results"], judged["findings"], smooth)
        chance = _expit(line[0] + line[1] * smooth)
        found, expected = totals.chosen["findings"], totals.chosen["result_likelihood"]
        others = _ratio(found[:, _OTHERS].sum(), expected[:, _OTHERS].sum())

        def by_office(judged: dict[str, Floats]) -> Floats:
            return np.asarray((judged["results"] * chance).sum(axis=1))

        early = totals.early["findings"].sum(axis=1), by_office(totals.early)
        whole = judged["findings"].sum(axis=1), by_office(judged)
        late = whole[0] - early[0], np.maximum(whole[1] - early[1], 0.0)
        office = drawn_to_one(*whole, lasting_variance(*early, *late))
        # what was targeted came true as it did over all domains together
        told = expected[:, _SELECTED].copy()
        for number, way in enumerate(_SELECTED):
            told[:, number] *= _ratio(found[:, way].sum(), expected[:, way].sum())
        domain = drawn_to_one(
            found[:, _SELECTED].sum(axis=(0, 1)),
            (told.sum(axis=1) * office[:, None]).sum(axis=0),
        )
        return cls(chance, others, office, domain, _revenue(totals))


def smoothed(likelihood: Floats, declarations: Floats) -> Floats:
    """Return log-odds of a finding by offices × bins: a falling line in the logarithm of the rank.

    Calibrated likelihoods have steps, as wide as there were few findings to learn from; within a
    step the rank goes on telling the better from the worse. So each office's likelihoods are laid
    on a line: the odds fall by a power of the rank.
    """
    size = np.maximum(declarations.sum(axis=1, keepdims=True), 1.0)
    rank = np.log(np.maximum((np.cumsum(declarations, axis=1) - declarations / 2) / size, 1e-4))
    share = np.divide(
        likelihood, declarations, out=np.full_like(likelihood, 0.5), where=declarations > 0
    )
    share = np.clip(share, 1e-4, 1 - 1e-4)
    told = np.log(share / (1 - share))
    # a bin of few declarations tells less, one of many no more than others
    weight = np.minimum(declarations, 20.0) + 1e-9

    def mean(values: Floats) -> Floats:
        return np.asarray((weight * values).sum(axis=1, keepdims=True)) / weight.sum(
            axis=1, keepdims=True
        )

    rank_off, told_off = rank - mean(rank), told - mean(told)
    slope = mean(rank_off * told_off) / np.maximum(mean(rank_off**2), 1e-9)
    return np.asarray(mean(told) + np.minimum(slope, 0.0) * rank_off)


def recalibrated(results: Floats, findings: Floats, log_odds: Floats) -> Floats:
    """Return intercept and slope that turn log-odds into those of what was found.

    A logistic regression on cells of results (Newton's steps), with a weak prior at 0 and 1: as
    they are. Cells without results count for nothing.
    """
    has = results > 0
    count, found = results[has], findings[has]
    design = np.column_stack([np.ones(len(count)), log_odds[has]])
    usual = np.array([0.0, 1.0])
    line = usual.copy()
    for _ in range(50):
        chance = _expit(design @ line)
        slope = design.T @ (found - count * chance) - _PRIOR_LINE * (line - usual)
        bend = (design * (count * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(bend + _PRIOR_LINE * np.eye(2), slope)
        line = line + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    # the better the rank, the more is found
    return np.array([line[0], max(line[1], 0.0)])


def _expit(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def drawn_to_one(found: Floats, expected: Floats, variance: float | None = None) -> Floats:
    """Return found ÷ expected of each, drawn to 1 as far as chance may explain it.

    The variance of true ratios is told, or what is beyond chance (by moments, Marshall 1991). Those
    of whom nothing was expected are 1.
    """
    told = expected > 0
    if told.sum() < 2:
        return np.ones(len(expected))
    ratio = found[told].sum() / expected[told].sum()
    centre = expected[told] * max(ratio, 1e-9)
    scatter = (centre * (found[told] / centre - 1) ** 2).sum() / centre.sum()
    beyond = max(scatter - 1 / centre.mean(), 0.0)
    weight = 1 / (min(beyond, beyond if variance is None else variance) + _LEAST_VARIANCE)
    drawn = np.ones(len(expected))
    drawn[told] = (found[told] + weight) / (centre + weight)
    return drawn


def lasting_variance(
    found: Floats, expected: Floats, later_found: Floats, later_expected: Floats
) -> float:
    """Return the variance of found ÷ expected that lasts from one time to a later one.

    Luck does not last, and offenders come and go: what ratios of both times have in common (their
    covariance) is all that tells of the time to come.
    """
    told = (expected > 0) & (later_expected > 0)
    if told.sum() < 2:
        return 0.0
    first, second = (
        seen[told] / (each[told] * max(seen[told].sum() / each[told].sum(), 1e-9)) - 1
        for seen, each in ((found, expected), (later_found, later_expected))
    )
    weight = np.sqrt(expected[told] * later_expected[told])
    return float(max((weight * first * second).sum() / weight.sum(), 0.0))


def _revenue(totals: Totals) -> Floats:
    """How far expected revenue came true, by domain; few findings are judged beside all."""
    brought = totals.chosen["revenue_cny"][:, _SELECTED].sum(axis=(0, 1))
    expected = totals.chosen["result_expected_revenue_cny"][:, _SELECTED].sum(axis=(0, 1))
    findings = totals.chosen["findings"][:, _SELECTED].sum(axis=(0, 1))
    if expected.sum() <= 0:
        return np.ones(len(expected))
    overall = brought.sum() / expected.sum()
    own = np.where(expected > 0, brought / _some(expected), overall)
    return (own * findings + overall * _PRIOR_FINDINGS) / (findings + _PRIOR_FINDINGS)


def _untargeted(totals: Totals) -> tuple[Floats, Floats, Floats]:
    """Per inspection that is not targeted: domains, likelihoods and expected revenue by domain.

    Each offices × domains; an office of few is much like all.
    """
    chosen = {
        name: totals.chosen[name][:, _OTHERS].sum(axis=1)
        for name in ("declarations", "likelihood", "expected_revenue_cny")
    }
    count = chosen["declarations"].sum(axis=1)
    overall = max(count.sum(), 1e-9)

    def per_inspection(name: str) -> Floats:
        usual = chosen[name].sum(axis=0) / overall
        return (chosen[name] + 20 * usual) / (count[:, None] + 20)

    mix = per_inspection("declarations")
    total = mix.sum(axis=1, keepdims=True)
    return (
        np.divide(mix, total, out=np.full_like(mix, 1 / mix.shape[1]), where=total > 0),
        per_inspection("likelihood"),
        per_inspection("expected_revenue_cny"),
    )


def _hours(totals: Totals, inspections: Floats, findings: Floats) -> Floats:
    """Officer-hours of inspections: of the look itself, and of what a finding asks for beside it.

    By domain, few results beside all; then by office.
    """
    by_domain = {
        name: totals.chosen[name][:, _SELECTED].sum(axis=(0, 1))
        for name in (
            "timed_results",
            "timed_findings",
            "officer_hours",
            "officer_hours_of_findings",
        )
    }
    clean = by_domain["timed_results"] - by_domain["timed_findings"]
    clean_hours = by_domain["officer_hours"] - by_domain["officer_hours_of_findings"]
    look = _beside_all(clean_hours, clean)
    whole = _beside_all(by_domain["officer_hours_of_findings"], by_domain["timed_findings"])
    extra = np.maximum(whole - look, 0.0)
    taken = totals.chosen["officer_hours"][:, _SELECTED].sum(axis=(1, 2))
    usual = (
        totals.chosen["timed_results"][:, _SELECTED].sum(axis=1) @ look
        + totals.chosen["timed_findings"][:, _SELECTED].sum(axis=1) @ extra
    )
    office = (taken + _PRIOR_HOURS) / (usual + _PRIOR_HOURS)
    return (inspections * look + findings * extra) * office[:, None, None]


def _beside_all(hours: Floats, count: Floats) -> Floats:
    # nobody has noted any hours: one each, so that hours count inspections
    usual = hours.sum() / count.sum() if hours.sum() > 0 else 1.0
    return (hours + _PRIOR_RESULTS * usual) / (count + _PRIOR_RESULTS)


def _ratio(found: float, expected: float) -> float:
    return float((found + 1) / (expected + 1))


def _some(count: Floats) -> Floats:
    return np.where(count > 0, count, 1.0)
