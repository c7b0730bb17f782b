"""Referrals after clearance: who is audited with which probability, and what becomes of results."""

import csv
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings, settings
from customs_risk.treat import outbox
from customs_risk.treat.referrals import ReferralRule, refer
from ml.data import labelled
from tests.integration.experts_stage import now_is, rows

pytestmark = pytest.mark.timeout(900)

RULE = ReferralRule(audit_rate=0.05, random_share=0.4)
WEEK = "2026-06-15"  # a Monday

# what the decision of a declaration says beside what a test is about
_DECIDED = """
    insert into treatment.decisions (
        importer_id, declaration_id, office_code, decided_on, decision_round, stratum, lane,
        selected_by, reason_en, reason_zh, level, likelihood, expected_revenue_cny, model_version,
        as_of, assessed_at, declarations_in_stratum, capacity, random_capacity, score_rank,
        random_probability, selection_probability, decided_at
    )
    select
        importer_id, declaration_id, office_code,
        %(monday)s::text::date + (row_no %% 7)::int, 1, 's', 'low',
        case when row_no <= 20 then 'random' else 'none' end, 'r', 'r', 'low',
        case when row_no <= 100 then row_no / 1000.0 end, 1000, 'm', known_at, known_at, 1, 0, 0, 1,
        0.01, 0.01, now()
    from intermediate.int_declarations
    where batch_id = %(monday)s::text
"""


def declare(connection: psycopg.Connection, monday: str, count: int) -> None:
    """Let `count` declarations be decided in a week: 20 inspected, 80 scored, the rest not."""
    told = {"monday": monday, "count": count}
    connection.execute(
        """insert into intermediate.int_declarations (importer_id, declaration_id, office_code,
            hs6, origin_country, declared_value_cny, net_mass_kg, tax_rate_pct, is_backfill,
            batch_id, row_no, known_at, known_on, recorded_at)
        select 'P' || n %% 40, %(monday)s::text || '-' || n, '2201', '220421', 'FR',
            1000, 10, 5, false, %(monday)s::text, n,
            %(monday)s::text::timestamptz + interval '9 hours', %(monday)s::text::date, now()
        from generate_series(1, %(count)s) as n""",
        told,
    )
    connection.execute(_DECIDED, told)


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse that decided on 220 declarations in one week of June."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        declare(opened, WEEK, 220)
        yield opened


CHOSEN = """
    select referral_id, declaration_id, selected_by, selection_probability, random_draw
    from ops.referrals where cohort_from = %s order by declaration_id
"""


def test_a_week_is_looked_through_when_its_inspections_are_back(
    connection: psycopg.Connection,
) -> None:
    # Sunday the 21st and seven days more
    now_is(connection, "2026-06-28 18:00+08")
    assert refer(RULE) == 0
    now_is(connection, "2026-06-29 18:00+08")
    assert refer(RULE) == 10
    assert refer(RULE) == 0
    ((whole, capacity, drawn),) = rows(
        connection,
        """select declarations_in_cohort, audit_capacity, random_capacity from ops.audit_cohorts
        where cohort_from = %s""",
        WEEK,
    )
    assert (whole, capacity, drawn) == (200, 10, 4)


def test_the_best_are_taken_and_the_others_have_one_probability(
    connection: psycopg.Connection,
) -> None:
    chosen = rows(connection, CHOSEN, WEEK)
    targeted = {each[1] for each in chosen if each[2] == "targeted"}
    # of what was released, the likeliest; what was inspected is none of them
    assert targeted == {f"{WEEK}-{n}" for n in range(95, 101)}
    random = [each for each in chosen if each[2] == "random"]
    assert len(random) == 4
    assert {probability for *_, probability, _ in random} == {4 / 194}
    assert {each[3] for each in chosen if each[2] == "targeted"} == {1.0}
    # over all that were released, probabilities add up to the audits of the week
    assert len(chosen) == 6 * 1.0 + 194 * 4 / 194
    # the draw is the published one: the lowest numbers of what was not targeted
    draws = rows(
        connection,
        """select ('x' || substr(md5(declaration_id || '|post-clearance audit|' || %s), 1, 8))
            ::bit(32)::bigint / 4294967296.0, declaration_id
        from treatment.decisions where selected_by = 'none' and not declaration_id = any(%s)
        order by 1 limit 4""",
        settings().selection_seed,
        list(targeted),
    )
    assert {name for _, name in draws} == {each[1] for each in random}


def test_the_same_week_is_drawn_the_same_and_another_seed_draws_otherwise(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(connection, CHOSEN, WEEK)
    forget = """with weeks as (delete from ops.audit_cohorts), told as (delete from ops.outbox)
        delete from ops.referrals"""
    connection.execute(forget)
    assert refer(RULE) == len(before)
    assert rows(connection, CHOSEN, WEEK) == before
    monkeypatch.setenv("CUSTOMS_RISK_SELECTION_SEED", "another")
    settings.cache_clear()
    connection.execute(forget)
    refer(RULE)
    other = rows(connection, CHOSEN, WEEK)
    monkeypatch.undo()
    settings.cache_clear()
    of_kind = [{each[1] for each in sample if each[2] == "targeted"} for sample in (before, other)]
    assert of_kind[0] == of_kind[1]
    assert {each[1] for each in before} != {each[1] for each in other}
    connection.execute(forget)
    assert refer(RULE) == len(before)


def test_without_any_score_all_audits_are_drawn(connection: psycopg.Connection) -> None:
    declare(connection, "2026-06-01", 25)
    connection.execute(
        "update treatment.decisions set likelihood = null where decided_on < '2026-06-08'"
    )
    assert refer(RULE) == 2
    assert {each[2:4] for each in rows(connection, CHOSEN, "2026-06-01")} == {("random", 2 / 5)}


def audited(connection: psycopg.Connection, at: str, outcomes: dict[str, str]) -> None:
    """Take in a delivery of audit results, each a finding of undervaluation or none."""
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status,
            received, loaded, quarantined, duplicate, corrected, finished_at)
        values (%(at)s::text || ' audits', 'audit_results', %(at)s::text, 'f',
            %(at)s::text::timestamptz, false, 'loaded', 0, 0, 0, 0, 0, now())""",
        {"at": at},
    )
    for number, (referral, outcome) in enumerate(outcomes.items(), start=1):
        told = {"at": at, "n": number, "referral": referral, "outcome": outcome}
        connection.execute(
            """insert into raw.audit_results (result_id, referral_id, importer_id, declaration_id,
                audited_at, reported_at, outcome, finding_type, additional_duty_cny, batch_id,
                row_no, is_backfill, known_at)
            select 'R' || referral_id, referral_id, importer_id, declaration_id,
                %(at)s::text::timestamptz, %(at)s::text::timestamptz,
                %(outcome)s::text,
                case %(outcome)s::text when 'violation' then 'undervaluation' end,
                case %(outcome)s::text when 'violation' then 90000 else 0 end,
                %(at)s::text || ' audits', %(n)s, false, %(at)s::text::timestamptz
            from ops.referrals where referral_id = %(referral)s""",
            told,
        )


def test_results_come_back_as_labels_from_the_day_after_they_are_known(
    connection: psycopg.Connection,
) -> None:
    steps.prepare()
    assert labelled(1000).found.size == 0
    referrals = {each[0]: each[2] for each in rows(connection, CHOSEN, WEEK)}
    outcomes = {
        number: "violation" if selected_by == "targeted" else "no_violation"
        for number, selected_by in referrals.items()
    }
    audited(connection, "2026-07-20 10:00+08", outcomes)
    now_is(connection, "2026-07-20 18:00+08")
    steps.prepare()
    known = """select known_on::text, selected_by, count(*), count(*) filter (where has_finding)
        from intermediate.int_inspections group by 1, 2"""
    assert rows(connection, known) == [("2026-07-20", "audit", 10, 6)]
    profile = """select valid_from::text, inspections, findings from intermediate.int_risk_profiles
        where profile_kind = 'all'"""
    assert rows(connection, profile) == [("2026-07-21", 10, 6)]
    labels = labelled(1000)
    assert labels.found.sum() == 6 and not labels.is_random.any()
    assert {str(day) for day in labels.known} == {"2026-07-20"}
    # a targeted one stands for itself, a drawn one for all that might have been looked at
    weights = {round(weight, 6) for weight in labels.stands_for}
    either = 1 / (0.01 + 4 / 194 - 0.01 * 4 / 194)
    assert weights == {1.0, round(either, 6)}

    status = """select selected_by, outcome, count(*), min(known_on)::text
        from treatment.referrals where cohort_from = %s group by 1, 2 order by 1"""
    assert rows(connection, status, WEEK) == [
        ("random", "no_violation", 4, "2026-07-20"), ("targeted", "violation", 6, "2026-07-20"),
    ]  # fmt: skip


def test_what_audits_find_is_not_the_inspectors_merit(connection: psycopg.Connection) -> None:
    steps.feed_back()
    counted = "select coalesce(sum(completed), 0), coalesce(sum(findings), 0) from {}"
    assert rows(connection, counted.format("feedback.performance")) == [(0, 0)]
    assert rows(connection, counted.format("intermediate.int_daily_outcomes")) == [(0, 0)]


def test_a_party_at_which_much_is_found_becomes_a_case_once(
    connection: psycopg.Connection,
) -> None:
    now_is(connection, "2026-07-21 18:00+08")
    rule = replace(RULE, case_findings=1, most_cases=2)
    assert refer(rule) == 2
    cases = """select importer_id, cardinality(result_ids), reason_zh, declaration_id
        from ops.referrals where referral_kind = 'case'"""
    told = rows(connection, cases)
    assert all(count == 1 and "查获1次" in reason and not about for _, count, reason, about in told)
    # the others follow; none is referred twice
    now_is(connection, "2026-07-22 18:00+08")
    assert [refer(rule), refer(rule), refer(rule)] == [2, 0, 0]
    parties = [party for party, *_ in rows(connection, cases)]
    assert len(parties) == len(set(parties)) == 4
    outbox.dispatch()
    lines = []
    for file in (settings().outbox / "referrals").glob("referrals_*.csv"):
        with file.open(encoding="utf-8") as rows_of:
            lines += list(csv.DictReader(rows_of))
    assert len(lines) == 16 == len({line["referral_id"] for line in lines})
    assert {(line["addressee"], line["referral_kind"]) for line in lines} == {
        ("post-clearance-audit@customs.example", "audit"),
        ("anti-smuggling@customs.example", "case"),
    }
