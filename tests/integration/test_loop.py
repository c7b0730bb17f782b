"""One whole turn of the loop on a small world, with every part real."""

import csv
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import pandas as pd
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.sandbox.delivery import deliver, sent_on
from customs_risk.sandbox.simulation import turn
from customs_risk.sandbox.world import FEEDS, World
from customs_risk.settings import Settings
from ml.replay import replay

DAYS = 2


def rows(query: str, *parameters: object) -> list[Any]:
    with doors.connect() as connection:
        return connection.execute(query, parameters).fetchall()


def value(query: str, *parameters: object) -> Any:
    return rows(query, *parameters)[0][0]


_SENT = "select count(*) from ops.outbox where kind = 'instruction' and dispatched_at is not null"
_FIRST_CONCLUSIONS = """
    select md5(string_agg(c::text, '' order by declaration_id))
    from ml.conclusions as c where conclusion_no = 1
"""
# whatever of an importer nobody inspected
_STANDING = """
    select declaration_id, level, conclusion_no from assessment.conclusions
    where importer_id = %s and declaration_id not in (
        select declaration_id from core.inspections
    )
"""


def deliver_findings(home: Settings, importer: str, day: date) -> None:
    """Let something be found, the same morning, in all that the importer declared in history."""
    with doors.connect() as connection:
        declared = pd.DataFrame(
            connection.execute(
                """select declaration_id, office_code from core.declarations
                where is_backfill and importer_id = %s""",
                [importer],
            ).fetchall(),
            columns=["declaration_id", "office_code"],
        )
    found = declared.assign(
        result_id="R-AUDIT-" + declared["declaration_id"],
        instruction_id=None,
        officer_id=None,
        inspected_at=f"{day}T04:00:00+08:00",
        reported_at=f"{day}T06:00:00+08:00",
        selected_by="analyst",
        has_finding=True,
        finding_type="undervaluation",
        additional_duty_cny=50_000.0,
        officer_hours=1.0,
    )
    deliver(home.home, "inspection_results", found, sent_on(day, time(7)))


@pytest.fixture(scope="module")
def live_days(standing_warehouse: Settings) -> Iterator[list[date]]:
    """The loop has learned from history and answered three live days of the sandbox's clock."""
    steps.initialize()
    world = World(standing_warehouse.home, seed=7, declarations_per_day=400)
    world.deliver_history()
    turn(lambda _step: None)
    days = world.live_days(DAYS)
    world.deliver_day(world.live_days(DAYS + 9)[-1], ("declarations",))
    (standing_warehouse.home / "sandbox" / "late").mkdir()
    for late in (standing_warehouse.inbox / "declarations").glob("declarations_*"):
        late.rename(standing_warehouse.home / "sandbox" / "late" / late.name)
    for day in days:
        world.deliver_day(day)
        turn(lambda _step: None, learns=False)
    yield days


def test_every_received_row_is_accounted_for(live_days: list[date]) -> None:
    # a list that did not change is the same bytes again
    assert not rows("select * from ops.batches where status not in ('loaded', 'repeated')")
    received, accounted = rows(
        "select sum(received), sum(loaded + quarantined + duplicate) from ops.batches"
    )[0]
    assert received == accounted
    for feed in FEEDS:
        loaded = value("select coalesce(sum(loaded), 0) from ops.batches where feed = %s", feed)
        assert loaded == value(f"select count(*) from raw.{feed}")
    quarantined = value("select sum(quarantined) from ops.batches")
    assert 0 < quarantined == value("select count(*) from ops.quarantine")


def test_every_live_declaration_is_concluded_and_decided_once(live_days: list[date]) -> None:
    live = value("select count(*) from raw.declarations where not is_backfill")
    assert live > 300 * DAYS
    assert value("select count(*) from assessment.conclusions") == live
    assert value("select count(distinct declaration_id) from treatment.decisions") == live
    assert value("select count(*) from ml.conclusions where model_version = 'none'") == 0


def test_history_is_learned_from_and_never_assessed(live_days: list[date]) -> None:
    assert not value(
        """
        select count(*) from ml.conclusions
        join raw.declarations using (declaration_id) where is_backfill
        """
    )
    assert value("select count(*) from intermediate.int_declaration_features where is_backfill")


def test_offices_stay_within_their_capacity(live_days: list[date]) -> None:
    over = rows(
        """
        select stratum from treatment.decisions
        group by stratum having count(*) filter (where selected_by <> 'none') > max(capacity)
        """
    )
    assert not over
    share = value("select avg((selected_by <> 'none')::int) from treatment.decisions")
    assert float(share) == pytest.approx(0.10, abs=0.02)


def test_a_conclusion_says_why_in_both_languages(live_days: list[date]) -> None:
    for factors in rows("select hazard_factors from ml.explanations limit 20"):
        assert len(factors[0]) == 3
        assert all(factor["en"] and factor["zh"] for factor in factors[0])


def test_each_hazard_factor_has_the_rows_behind_it(live_days: list[date]) -> None:
    acted_on = "select declaration_id from ml.explanations order by declaration_id limit 12"
    told = rows(
        f"""select evidence.declaration_id, factor_no, feature, evidence_kind, evidence_id,
            evidence.known_on, decided_on,
            words_en !~ '(^|mean) *(CNY|$)' and words_zh > ''
        from assessment.hazard_evidence as evidence
        inner join treatment.decisions using (declaration_id)
        where evidence.declaration_id in ({acted_on}) and evidence.conclusion_no = 1"""
    )
    factors = {(declaration_id, number) for declaration_id, number, *_ in told}
    assert len(factors) == 12 * 3 and all(has_words for *_, has_words in told)
    # what a rate was made of was known on earlier days, and is of the same party or goods
    assert all(known < decided for *_, kind, _, known, decided, _ in told if kind != "declaration")
    inspections = [each for each in told if each[3] == "inspection"]
    assert inspections
    for declaration_id, _, feature, _, result_id, *_ in inspections:
        if feature.endswith("_importer"):
            importers = """select count(distinct importer_id) from core.declarations
                where declaration_id = %s or declaration_id in (
                    select declaration_id from core.inspections where result_id = %s)"""
            assert value(importers, declaration_id, result_id) == 1


def test_instructions_leave_once_and_inspectors_answer(
    live_days: list[date], standing_warehouse: Settings
) -> None:
    sent = []
    for path in standing_warehouse.outbox.glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            sent += [line["message_id"] for line in csv.DictReader(file)]
    assert len(sent) == len(set(sent)) == value("select count(*) from treatment.instructions")
    assert value("select count(*) from ops.outbox where dispatched_at is null") == 0
    assert value("select count(*) from core.inspections where instruction_id is not null") > 0
    # of those that left before the last day, nearly all were acknowledged before anybody looked
    acknowledged, left = rows(
        """select count(acknowledged_at), count(*) from treatment.hit_cards
        where dispatched_at is not null and decided_on < %s""",
        live_days[-1],
    )[0]
    assert 0.8 * left < acknowledged <= left


def test_turning_again_changes_nothing(live_days: list[date]) -> None:
    counted = """
        select
            (select count(*) from raw.declarations),
            (select count(*) from ml.conclusions),
            (select count(*) from treatment.decisions),
            (select count(*) from ops.outbox),
            (select count(*) from intermediate.int_risk_profiles),
            (select md5(string_agg(d::text, '' order by declaration_id)) from treatment.decisions d)
    """
    before = rows(counted)
    turn(lambda _step: None, learns=False)
    assert rows(counted) == before


def test_feedback_reads_what_happened(live_days: list[date]) -> None:
    summary = rows("select decided_on, declarations, instructions from feedback.daily_summary")
    assert [row[0] for row in sorted(summary)] == live_days
    completed, findings = rows(
        "select sum(completed), sum(findings) from feedback.performance where period_kind = 'all'"
    )[0]
    inspected = rows(
        """
        select count(*), count(*) filter (where has_finding)
        from core.inspections where instruction_id is not null
        """
    )[0]
    assert (completed, findings) == inspected


def test_a_delivery_that_is_weeks_late_is_answered_too(
    live_days: list[date], standing_warehouse: Settings
) -> None:
    before = value(_SENT)
    # sent under an early date: whoever mislaid it has found it only now
    (kept,) = (standing_warehouse.home / "sandbox" / "late").glob("*.csv")
    its_day = f"{kept.stem[-15:-11]}-{kept.stem[-11:-9]}-{kept.stem[-9:-7]}"
    content = kept.read_text(encoding="utf-8").replace(f"{its_day}T", "2026-06-12T")
    mislaid = standing_warehouse.inbox / "declarations" / "declarations_20260612T180000.csv"
    mislaid.write_text(content, encoding="utf-8")
    turn(lambda _step: None, learns=False)
    found = """from treatment.instructions where declaration_id in (
        select declaration_id from raw.declarations
        where starts_with(batch_id, 'declarations-20260612'))"""
    decided = value(f"select count(*) {found}")
    assert decided > 0
    # it is decided on the day on which it was found, by what was known then
    assert value(f"select min(decided_on) = date '{live_days[-1]}' {found}")
    assert value(_SENT) == before + decided


def test_findings_that_move_a_level_supersede_conclusions(
    live_days: list[date], standing_warehouse: Settings
) -> None:
    """Others of one importer turn out bad: what nobody inspected of it is looked at again."""
    (importer,) = rows(
        """select importer_id from core.declarations
        where not is_backfill group by importer_id order by count(*) desc, importer_id limit 1"""
    )[0]
    before = {each: standing for each, *standing in rows(_STANDING, importer)}
    fingerprint = value(_FIRST_CONCLUSIONS)
    world = World(standing_warehouse.home, seed=7, declarations_per_day=400)
    day = world.live_days(1, live_days[-1])[0]
    deliver_findings(standing_warehouse, importer, day)
    steps.collect("inspection_results")
    # a finding counts from the day after it is known: the next delivery begins that day
    tomorrow = day + timedelta(days=1)
    world.deliver_day(world.live_days(1, day)[0], ("declarations",))
    steps.collect("declarations")
    steps.prepare()
    steps.observe()
    assert value("select max(looked_on) from ml.reassessment_runs") >= tomorrow
    moved = rows(
        """select declaration_id, level_before, level_after, supersedes_no, trigger, words_en,
            words_zh, likelihood_before < likelihood_after
        from assessment.reassessments
        where importer_id = %s and trigger <> 'review'
            and looked_on = (select max(looked_on) from ml.reassessment_runs)""",
        importer,
    )
    assert "finding_of_party" in {trigger for *_, trigger, _en, _zh, _up in moved}
    assert ("low", "high") in {(before, after) for _, before, after, *_ in moved}
    for declaration_id, level_before, level_after, number, _, en, zh, is_more in moved:
        assert [level_before, number] == before[declaration_id] and is_more
        standing = """select level, conclusion_no, likelihood
            from assessment.conclusions where declaration_id = %s"""
        assert rows(standing, declaration_id)[0][:2] == (level_after, number + 1)
        assert f"Level {level_after} instead of {level_before}" in en and "风险等级由" in zh
        assert not replay(declaration_id).differences
    assert value(_FIRST_CONCLUSIONS) == fingerprint
    # a conclusion that supersedes speaks of the same domains, the indicators' among them
    spoken_of = """select count(distinct domains) from ml.explanations cross join lateral (
        select array_agg(name order by name) as domains
        from jsonb_object_keys(domain_likelihoods::jsonb) as name
    ) as told"""
    assert value(spoken_of) == 1
    told = """select count(*) from ops.outbox
        where kind = 'reassessment' and dispatched_at is not null"""
    assert value(told) == value("select count(*) from assessment.reassessments where is_told")
    drawn = value("select count(*) from ml.conclusions")
    steps.observe()
    assert value("select count(*) from ml.conclusions") == drawn
