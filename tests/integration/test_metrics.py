"""Every metric against a hand computation on made-up decisions and results, cohort by cohort."""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd
import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import dbt, transform
from tests.integration.metrics_stage import (
    CASES,
    A,
    B,
    C,
    decide,
    deliver,
    hit_by_parameters,
    report,
    sample,
)
from tests.integration.textbooks import ratio, wilson

pytestmark = pytest.mark.timeout(900)


# what is made of daily sums, beside the metrics
MARTS = (
    "performance", "leakage", "ranking_quality", "calibration", "office_comparison",
    "daily_summary",
)  # fmt: skip

Told = dict[tuple[str, str, str, str], tuple[Any, ...]]


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with the cases, and three deliveries of one feed."""
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        first = deliver(opened, "2026-06-29 08:00+08", "loaded", loaded=8, quarantined=2)
        # 72 hours are promised: the third sample was told too late
        for number, reported_at in enumerate(("2026-06-28", "2026-06-27", "2026-06-20"), 1):
            sample(opened, first, number, f"{reported_at} 18:00+08")
        deliver(opened, "2026-06-30 08:00+08", "loaded", loaded=4, released=1)
        deliver(opened, "2026-06-30 09:00+08", "refused")
        transform("prepare")
        transform("decide")
        transform("instruct")
        for case in CASES:
            decide(opened, case)
            if case.result:
                report(opened, f"R{case.name}", case.result, case.name)
        hit_by_parameters(opened)
        transform("feedback")
        yield opened


@pytest.fixture(scope="module")
def told(connection: psycopg.Connection) -> Told:
    return read(connection)


def read(connection: psycopg.Connection) -> Told:
    """Return numerator, denominator, value, low and high by code, cohort and dimension."""
    return {
        (code, f"{kind} {on}", dimension, value): tuple(figures)
        for code, kind, on, dimension, value, *figures in connection.execute(
            """select metric_code, cohort_kind, cohort_on::text, dimension, dimension_value,
                numerator, denominator, value, low, high from feedback.metrics"""
        ).fetchall()
    }


def read_marts(connection: psycopg.Connection) -> dict[str, pd.DataFrame]:
    """Return by name the marts that are made of daily sums, each in the order of its key."""
    marts = {}
    for mart in MARTS:
        told = connection.execute(f"select * from feedback.{mart} order by 1, 2, 3, 4")  # type: ignore[arg-type]
        columns = [column.name for column in told.description or ()]
        rows = [
            [float(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in told
        ]
        frame = pd.DataFrame(rows, columns=columns)
        marts[mart] = frame.drop(columns="recorded_at", errors="ignore")
    return marts


def test_counts_of_one_day_are_those_of_the_hand(told: Told) -> None:
    hours = 3 + 1 + 2 + 2 + 4
    expected = {
        ("inspection_rate", "all", "all"): (6, 8),
        ("inspection_rate", "office", "2200"): (4, 5),
        ("inspection_rate", "credit_tier", "regular"): (3, 4),
        ("inspection_rate", "credit_tier", "not stated"): (0, 1),
        ("inspection_rate", "lane", "low"): (2, 4),
        ("selection_rate", "all", "all"): (6, 8),
        ("find_rate", "all", "all"): (4, 6),
        ("find_rate", "selected_by", "targeted"): (2, 3),
        ("find_rate", "selected_by", "random"): (1, 2),
        ("find_rate", "selected_by", "analyst"): (1, 1),
        ("random_share", "all", "all"): (2, 6),
        ("false_positive_share", "all", "all"): (2, 6),
        ("miss_rate", "all", "all"): (1, 2),
        ("miss_rate", "office", "2201"): (1, 1),
        ("answered_share", "all", "all"): (5, 5),
        ("coded_result_share", "all", "all"): (4, 5),
        ("revenue_per_inspection", "all", "all"): (1350, 6),
        ("revenue_per_officer_hour", "all", "all"): (1250, hours),
        ("findings_per_officer_hour", "all", "all"): (3, hours),
        ("result_delay_mean", "all", "all"): (1 + 1 + 2 + 3 + 2, 5),
        ("difficulty_adjusted_find_rate", "all", "all"): (4, 0.8 + 0.5 + 0.1 + 0.2 + 0.6 + 0.05),
        ("difficulty_adjusted_find_rate", "office", "2201"): (2, 0.65),
        # office 2200: 1 of 2 targeted, 0 of 1 random; office 2201: 1 of 1 and 1 of 1
        ("targeting_lift", "all", "all"): (1 * 1 / 3 + 1 * 1 / 2, 0 * 2 / 3 + 1 * 1 / 2),
        # a3 was drawn with probability 0.1, a7 with 0.5; a5 was nobody's instruction
        ("reweighted_find_rate", "all", "all"): (1 + 1 + 2, 1 + 1 + 10 + 1 + 2),
        ("reweighted_find_rate", "office", "2201"): (1 + 2, 1 + 2),
        ("reweighted_find_rate", "domain", "other"): (2, 15),
        # whatever is inspected could show a risk of any domain
        ("find_rate", "domain", "tax"): (1, 6),
        ("find_rate", "domain", "food_safety"): (0, 6),
        ("find_rate", "domain", "not stated"): (1, 6),
        ("miss_rate", "domain", "other"): (1, 2),
        ("revenue_per_inspection", "domain", "tax"): (900, 6),
        ("findings_per_officer_hour", "domain", "other"): (1, hours),
        ("find_rate", "parameter", "P1"): (1, 2),
        ("revenue_per_inspection", "parameter", "P1"): (900, 2),
        ("false_positive_share", "parameter", "P2"): (1, 1),
        ("random_share", "credit_tier", "regular"): (1, 3),
        ("leakage_rate", "all", "all"): (1 / 0.9, 3),
        ("leakage_rate", "office", "2200"): (0, 2),
        ("compliance_rate", "office", "2200"): (5 - 1 / 0.9, 5),
        ("leaked_revenue_per_declaration", "domain", "other"): (50 / 0.9, 3),
        ("feed_accurate_share", "feed", "monitoring_samples"): (8, 10),
        ("feed_complete_share", "feed", "monitoring_samples"): (1, 1),
        ("feed_timely_share", "feed", "monitoring_samples"): (2, 3),
    }
    for (code, dimension, value), (numerator, denominator) in expected.items():
        figures = told[code, f"day {A}", dimension, value]
        assert figures[:3] == pytest.approx((numerator, denominator, numerator / denominator)), code
    assert told["result_delay_median", f"day {A}", "all", "all"][1:3] == (5, 2)
    assert told["result_delay_p90", f"day {A}", "all", "all"][1:3] == (5, 3)
    assert told["feed_accurate_share", f"day {B}", "feed", "monitoring_samples"][:2] == (3, 4)
    assert told["feed_complete_share", f"day {B}", "feed", "monitoring_samples"][:2] == (1, 2)


def test_a_cohort_says_whether_results_are_still_out(connection: psycopg.Connection) -> None:
    pending = {
        (code, dimension, value): (count, is_pending)
        for code, dimension, value, count, is_pending in connection.execute(
            """select metric_code, dimension, dimension_value, pending_results, is_pending
            from feedback.metrics where cohort_kind = 'week' and cohort_on = %s""",
            [A],
        ).fetchall()
    }
    assert pending["find_rate", "all", "all"] == (1, True)
    assert pending["find_rate", "office", "2201"] == (0, False)
    assert pending["find_rate", "domain", "tax"] == (1, True)
    assert pending["find_rate", "parameter", "P1"] == (1, True)
    assert pending["find_rate", "parameter", "P2"] == (0, False)
    assert pending["brier_score", "all", "all"] == (1, True)
    # what was selected does not wait for results, and a delivery brings none
    assert pending["random_share", "all", "all"] == (0, False)
    assert pending["feed_complete_share", "all", "all"] == (0, False)


def test_parameters_are_judged_by_their_examined_hits_and_by_how_they_stand(told: Told) -> None:
    for (code, parameter), expected in {
        ("criterion_hit_rate", "P1"): (1, 2),
        ("criterion_hit_rate", "P2"): (0, 1),
        ("criterion_sole_hit_rate", "P1"): (1, 1),
    }.items():
        for cohort in (f"day {A}", f"week {A}", "month 2026-06-01"):
            figures = told[code, cohort, "parameter", parameter]
            assert figures[:2] == expected
            assert figures[3:] == pytest.approx(wilson(*expected), abs=1e-9)
    # two are active since today, the 30th; they end in half a year, and one has hit yesterday
    for code, expected in {
        "parameter_age": (0, 2),
        "parameter_days_to_expiry": (2 * 184, 2),
        "parameter_days_since_hit": (1, 1),
        "parameter_no_hit_share": (1, 2),
        "parameter_overdue_review_share": (0, 2),
    }.items():
        for cohort in (f"day {B}", f"week {A}", "month 2026-06-01"):
            assert told[code, cohort, "all", "all"][:2] == expected, code
        assert (code, f"day {A}", "all", "all") not in told


def test_intervals_are_those_of_the_textbooks(told: Told) -> None:
    def ends(code: str) -> tuple[float, float]:
        figures = told[code, f"day {A}", "all", "all"]
        return figures[3], figures[4]

    assert ends("find_rate") == pytest.approx(wilson(4, 6), abs=1e-9)
    assert ends("miss_rate") == pytest.approx(wilson(1, 2), abs=1e-9)
    low, high = (4 * (1 - 1 / 36 - 1.96 / 6) ** 3, 5 * (1 - 1 / 45 + 1.96 / (3 * 5**0.5)) ** 3)
    assert ends("difficulty_adjusted_find_rate") == pytest.approx((low / 2.25, high / 2.25))
    revenue = [900, 0, 0, 100, 300, 50]
    assert ends("revenue_per_inspection") == pytest.approx(ratio(revenue, [1] * 6))
    assert ends("revenue_per_officer_hour") == pytest.approx(
        ratio([900, 0, 0, 300, 50], [3, 1, 2, 2, 4])
    )
    assert ends("findings_per_officer_hour") == pytest.approx(
        ratio([1, 0, 0, 1, 1], [3, 1, 2, 2, 4])
    )
    # Greenland and Robins: (m n (a + c) - a c N) / N² for a, m targeted and c, n random
    spread = (2 * 1 * 1 - 0) / 9 + (1 * 1 * 2 - 1 * 1 * 2) / 4
    error = math.sqrt(spread / (5 / 6 * 1 / 2))
    assert ends("targeting_lift") == pytest.approx(
        (5 / 3 * math.exp(-1.96 * error), 5 / 3 * math.exp(1.96 * error))
    )


def test_ranking_calibration_and_leakage_of_the_week(told: Told) -> None:
    week = f"week {A}"
    # a7 stands for two, a3 and c2 for ten each; b1 has no result yet
    for share, hits, inspected, revenue in (
        ("0.01", 1, 1, 900), ("0.02", 2, 2, 1200), ("0.05", 2, 3, 1200), ("0.1", 2, 4, 1200)
    ):  # fmt: skip
        assert told["precision_at_k", week, "top_share", share][:2] == (hits, inspected)
        assert told["recall_at_k", week, "top_share", share][:2] == (hits, 4)
        assert told["revenue_at_k", week, "top_share", share][:2] == (revenue, 1300)
    low, high = ratio([900, 0, 0, 0, 0, 0, 0], [900, 0, 300, 0, 0, 100, 0])
    assert told["revenue_at_k", week, "top_share", "0.01"][3:] == pytest.approx((low, min(high, 1)))
    errors = [0.04, 0.25, 0.16, 0.16, 10 * 0.01, 2 * 0.9025, 10 * 0.01]
    weights = [1, 1, 1, 1, 10, 2, 10]
    brier = told["brier_score", week, "all", "all"]
    assert brier[:2] == pytest.approx((sum(errors), 26))
    assert brier[3:] == pytest.approx(ratio(errors, weights))
    calibration = told["expected_calibration_error", week, "all", "all"]
    assert calibration[:2] == pytest.approx((1.9 + 2 + 0.2 + 0.1 + 0.4, 26))
    assert calibration[3:] == (None, None)
    assert told["reliability", week, "likelihood", "0.5-0.7"][:2] == (1, 2)
    # one violation is left behind by a7, and an inspection finds nine of ten
    assert told["leakage_rate", week, "all", "all"][:2] == pytest.approx((1 / 0.9, 6))
    assert told["leaked_revenue_per_declaration", week, "all", "all"][0] == pytest.approx(50 / 0.9)
    # b1 is represented by the four targeted ones that are back
    assert told["compliance_rate", week, "all", "all"][2] == pytest.approx(
        1 - (2 * 5 / 4 + 1 + 1) / 0.9 / 14
    )


def test_cohorts_do_not_mix(told: Told) -> None:
    declared = {
        cohort: figures[1]
        for (code, cohort, dimension, _), figures in told.items()
        if (code, dimension) == ("inspection_rate", "all")
    }
    assert declared == {
        f"day {A}": 8, f"day {B}": 2, f"day {C}": 4, f"week {A}": 14,
        "month 2026-06-01": 10, "month 2026-07-01": 4,
    }  # fmt: skip
    # results of June's declarations came in July, and count in June
    assert told["find_rate", "month 2026-06-01", "all", "all"][:2] == (4, 6)
    assert told["find_rate", "month 2026-07-01", "all", "all"][:2] == (0, 2)


def test_every_metric_is_defined_and_told_or_says_why_not(
    connection: psycopg.Connection, told: Told
) -> None:
    defined = connection.execute(
        """select metric_code, computed_from, reason_en, reason_zh, cohorts, dimensions
        from feedback.metric_definitions"""
    ).fetchall()
    counted = {code for code, *_ in told}
    for code, computed_from, *reasons, cohorts, dimensions in defined:
        assert (code in counted) == (computed_from is not None), code
        assert all(reasons) == (computed_from is None), code
        if computed_from:
            told_by = {(key[1].split()[0], key[2]) for key in told if key[0] == code}
            assert {kind for kind, _ in told_by} == set(cohorts), code
            assert {dimension for _, dimension in told_by} == set(dimensions), code
    # the rest of DOMAIN.md's list: nobody can count it before its feed or its table exists
    later = {code for code, computed_from, *_ in defined if not computed_from}
    assert {code.split("_")[0] for code in later} == {"release"}
    assert counted <= {code for code, *_ in defined}


def test_what_comes_late_moves_its_own_cohorts_and_no_other(
    connection: psycopg.Connection, told: Told
) -> None:
    def stamps() -> dict[str, Any]:
        return {
            f"{kind} {on}": stamp
            for kind, on, stamp in connection.execute(
                """select cohort_kind, cohort_on::text, min(recorded_at)
                from intermediate.int_metric_values group by 1, 2"""
            )
        }

    before = stamps()
    report(connection, "Rb1", ("2026-07-08", True, 40, 2, "ipr"), "b1")
    transform("feedback")
    late = read(connection)
    moved = {cohort for cohort, stamp in stamps().items() if stamp != before[cohort]}
    assert moved == {f"day {B}", f"week {A}", "month 2026-06-01"}
    assert late["find_rate", f"day {B}", "all", "all"][:2] == (1, 1)
    assert late["find_rate", "month 2026-06-01", "all", "all"][:2] == (5, 7)
    assert late["find_rate", f"week {A}", "all", "all"][:2] == (5, 9)
    # the delivery's own weeks and months hold no decision
    assert {key for key in late if "07-06" in key[1]} == {key for key in told if "07-06" in key[1]}
    for key, figures in told.items():
        if key[1] not in moved:
            assert late[key] == figures, key

    # a correction says that the finding of a5 was one of c3: both days are counted anew
    report(connection, "Ra5", ("2026-07-09", True, 100, 1, "ipr"), "c3")
    transform("feedback")
    corrected = read(connection)
    assert corrected["find_rate", f"day {A}", "all", "all"][:2] == (3, 5)
    assert corrected["inspection_rate", f"day {A}", "all", "all"][:2] == (5, 8)
    assert corrected["find_rate", f"day {C}", "selected_by", "analyst"][:2] == (1, 1)
    assert corrected["find_rate", f"week {A}", "all", "all"][:2] == (5, 9)
    assert {key: corrected[key] for key in late if key[1] == f"day {B}"} == {
        key: figures for key, figures in late.items() if key[1] == f"day {B}"
    }


def test_day_by_day_is_what_all_at_once_is(connection: psycopg.Connection) -> None:
    before, marts_before = read(connection), read_marts(connection)
    transform("feedback")
    assert read(connection) == before
    dbt("build", "--full-refresh", "--select", "int_daily_outcomes+",
        "--exclude-resource-type", "unit_test", "test")  # fmt: skip
    after = read(connection)
    assert after.keys() == before.keys()
    for key, figures in before.items():
        assert after[key] == pytest.approx(figures), key
    for mart, told in read_marts(connection).items():
        assert len(told)
        pd.testing.assert_frame_equal(told, marts_before[mart], obj=mart)


def test_the_data_tests_hold(connection: psycopg.Connection) -> None:
    assert dbt("test", "--select", "metrics", "metric_values", "int_metric_values",
               "int_daily_outcomes", "int_outcomes", "calibration") > 10  # fmt: skip
