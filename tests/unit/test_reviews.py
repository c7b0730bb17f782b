"""Effectiveness reviews from given figures: the intervals, and which rule speaks."""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from customs_risk.feedback.reviews import evidence
from customs_risk.feedback.reviews.evidence import Figures, Subject
from customs_risk.feedback.reviews.verdict import judge, rules
from customs_risk.treat.parameters.precision import Precision

PARAMETER = Subject(
    subject_kind="parameter",
    subject_id="WINE",
    version=1,
    risk_domain="tax",
    kind="inspection",
    action=None,
    value_after=None,
    key_kind=None,
    needed_posts=["regional_risk_division"],
    escalates_to="gacc_department",
    is_over=False,
    previous_review_id=None,
    previous_verdict=None,
    previous_outcome=None,
)
MEASURE = replace(
    PARAMETER,
    subject_kind="measure",
    subject_id="M-1",
    version=None,
    kind="other",
    action="require_plan",
    value_after={"compliance_plan": "due"},
    key_kind="party",
)
FREQUENCY = replace(
    MEASURE, kind="control", action="set_frequency", value_after={"inspection_probability": 0.5}
)
ROW: dict[str, Any] = {
    "from_on": date(2026, 4, 2),
    "to_on": date(2026, 6, 30),
    "days_in_force": 90,
    "claimed_inspections": 0,
    "claimed_findings": 0,
    "findings_displaced": 0.0,
    "before_from_on": None,
    "before_to_on": None,
}


def group(found: int, trials: int, /, *, hits: int | None = None, **told: Any) -> dict[str, Any]:
    """Return sums of hits that were sure to be inspected."""
    return {
        "is_after": True, "is_certain": True, "hits": trials if hits is None else hits,
        "inspected": trials, "findings": found, "completed": trials, "weight": trials,
        "squares": trials, "found": found, "found_squares": found, "officer_hours": 2 * trials,
        "revenue_cny": 100 * found, **told,
    }  # fmt: skip


def seen(found: int, trials: int, *, chance: tuple[int, int] = (50, 500), **told: Any) -> Figures:
    """Return figures of so many inspected hits, beside what random inspections found."""
    groups = [group(found, trials)] if trials else []
    return evidence.figures({**ROW, "groups": groups, "random": group(*chance), **told})


def of_measure(
    before: tuple[int, int], after: tuple[int, int], chance: tuple[int, int] = (50, 500)
) -> Figures:
    groups = [group(*before, is_after=False), group(*after)]
    days = {"before_from_on": date(2026, 1, 1), "before_to_on": date(2026, 4, 1)}
    return evidence.figures({**ROW, **days, "groups": groups, "random": group(*chance)})


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (seen(0, 0), ("drop", "hits_nothing")),
        (seen(0, 0, days_in_force=59), ("keep", "no_hit_yet")),
        (seen(10, 29), ("keep", "too_little_evidence")),
        (seen(0, 30), ("drop", "finds_nothing")),
        (seen(4, 200), ("drop", "worse_than_chance")),
        # of a tenth, the displaced would have found more than twice as much
        (
            seen(40, 400, claimed_inspections=100, claimed_findings=5, findings_displaced=20.0),
            ("change", "displaces_more_than_it_finds"),
        ),
        # as before, but that cannot be told from so few
        (
            seen(40, 400, claimed_inspections=29, claimed_findings=0, findings_displaced=9.0),
            ("keep", "not_clear"),
        ),
        (seen(200, 2000, chance=(200, 2000)), ("change", "no_better_than_chance")),
        (seen(30, 60), ("keep", "finds_more_than_chance")),
        (seen(8, 60), ("keep", "not_clear")),
        # nothing is known of chance: nothing is said against it
        (seen(8, 60, random=None), ("keep", "not_clear")),
    ],
)
def test_a_parameter_is_judged_by_what_it_finds_beyond_chance(
    figures: Figures, expected: tuple[str, str]
) -> None:
    told = judge(PARAMETER, figures)
    assert (told.verdict, told.rule_code) == expected
    assert (told.change is not None) == (told.verdict == "change")


@pytest.mark.parametrize(
    ("subject", "figures", "expected"),
    [
        (MEASURE, of_measure((10, 20), (0, 0)), ("drop", "concerns_nothing")),
        (
            replace(MEASURE, kind="qualification", action="suspend"),
            of_measure((10, 20), (0, 0)),
            ("keep", "trade_has_stopped"),
        ),
        (MEASURE, of_measure((10, 20), (3, 19)), ("keep", "too_little_evidence")),
        (MEASURE, of_measure((10, 20), (0, 20)), ("drop", "risk_is_gone")),
        (MEASURE, of_measure((150, 300), (30, 300), (200, 2000)), ("drop", "as_others")),
        (MEASURE, of_measure((50, 60), (25, 60)), ("keep", "compliance_rose")),
        (MEASURE, of_measure((30, 60), (30, 60)), ("change", "no_effect")),
        (FREQUENCY, of_measure((30, 60), (30, 60)), ("change", "no_effect")),
        # nothing stricter stands on the ladder: what protects stays
        (
            replace(FREQUENCY, value_after={"inspection_probability": 1}),
            of_measure((30, 60), (30, 60)),
            ("keep", "still_needed"),
        ),
        (
            replace(MEASURE, kind="conformity", action="require_guarantee"),
            of_measure((30, 60), (30, 60)),
            ("keep", "still_needed"),
        ),
        # it was new to trade: there is nothing to compare with
        (MEASURE, of_measure((0, 0), (30, 60)), ("keep", "still_needed")),
        (MEASURE, of_measure((5, 40), (5, 40)), ("keep", "not_clear")),
        (replace(MEASURE, key_kind="flight"), seen(0, 0), ("keep", "not_measurable")),
        (replace(MEASURE, is_over=True), of_measure((30, 60), (30, 60)), ("keep", "over")),
    ],
)  # fmt: skip
def test_a_measure_is_judged_by_the_compliance_of_its_subject(
    subject: Subject, figures: Figures, expected: tuple[str, str]
) -> None:
    told = judge(subject, figures)
    assert (told.verdict, told.rule_code) == expected


def test_every_rule_says_why_in_both_languages_and_asks_for_figures_that_there_are() -> None:
    known = {field.name for field in fields(Figures)} | {*PARAMETER.traits, "can_change"}
    for kind in ("parameter", "measure"):
        codes = [rule["code"] for rule in rules()[kind]]
        assert len(codes) == len(set(codes)) and rules()[kind][-1]["when"] == {}
        for rule in rules()[kind]:
            limits = [limit for asked in rule["when"].values() for limit in asked.values()]
            named = {*rule["when"], *(limit for limit in limits if isinstance(limit, str))}
            assert named <= known, rule["code"]
            assert rule["verdict"] in {"keep", "change", "drop"}
    words = [
        judge(subject, figures)
        for subject, figures in ((PARAMETER, seen(8, 60)), (MEASURE, of_measure((5, 40), (5, 40))))
    ]
    assert "5.9% to 24.6% against 10.0%" in words[0].reason_en
    assert all("{" not in each.reason_en + each.reason_zh for each in words)


def test_the_last_review_is_remembered() -> None:
    asked = replace(PARAMETER, previous_verdict="drop", previous_outcome="refused")
    told = judge(asked, seen(0, 30))
    assert told.reason_en.endswith("The last review recommended to drop it: it was refused")
    assert told.reason_zh.endswith("上次评价建议停用：未获批准")
    kept = replace(PARAMETER, previous_verdict="keep")
    assert "last review" not in judge(kept, seen(0, 30)).reason_en


def test_what_was_not_chosen_at_random_is_reweighted() -> None:
    # a quarter of the hits was sure to be inspected, and half of them found something; of the rest
    # one in ten was drawn, and a quarter found something
    groups = [
        group(10, 20),
        group(5, 20, hits=60, is_certain=False, weight=200, squares=2000, found=50,
              found_squares=500),
    ]  # fmt: skip
    told = evidence.figures({**ROW, "groups": groups, "random": group(50, 500)})
    assert (told.hits, told.inspected, told.findings) == (80, 40, 15)
    assert told.expected_precision == pytest.approx(0.25 * 0.5 + 0.75 * 0.25)
    assert told.lift == pytest.approx(3.125)
    assert told.lift_low is not None and told.lift_high is not None
    assert 1 < told.lift_low < told.lift < told.lift_high
    # a group that nobody looked into may hold anything
    blind = [group(10, 20), group(0, 0, hits=60, is_certain=False)]
    told = evidence.figures({**ROW, "groups": blind, "random": None})
    assert told.expected_precision is None and told.lift is None
    assert told.precision_low < 0.25 * 0.5 and told.precision_high > 0.75 + 0.25 * 0.5


def test_a_ratio_holds_its_shares_ends() -> None:
    half, tenth = Precision(0.5, 0.4, 0.6), Precision(0.1, 0.08, 0.12)
    middle, low, high = evidence.ratio(half, tenth)
    assert middle == pytest.approx(5)
    assert low is not None and high is not None
    # wider than either share's own interval, and within both at their worst
    assert 0.4 / 0.12 < low < 4 and 6 < high < 0.6 / 0.08
    assert evidence.ratio(half, Precision(None, 0, 1)) == (None, None, None)
    assert evidence.ratio(Precision(0.0, 0.0, 0.1), tenth) == (0.0, 0.0, pytest.approx(1))
    assert evidence.ratio(half, Precision(0.1, 0.0, 0.2))[2] is None


def test_a_rise_of_compliance_is_told_with_its_ends() -> None:
    told = of_measure((30, 60), (15, 60))
    assert told.compliance_change == pytest.approx(0.25)
    assert told.compliance_before == 0.5 and told.compliance_after == 0.75
    assert told.compliance_change_low is not None and told.compliance_change_high is not None
    assert 0.05 < told.compliance_change_low < 0.1 and told.compliance_change_high > 0.4
    assert of_measure((0, 0), (15, 60)).compliance_change is None


def test_the_last_day_of_a_month() -> None:
    assert evidence.last_day(date(2028, 2, 1)) == date(2028, 2, 29)
    assert evidence.last_day(date(2026, 12, 1)) == date(2026, 12, 31)
