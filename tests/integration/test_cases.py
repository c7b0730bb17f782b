"""Emergencies, joint cases, operations and recommendations on a real PostgreSQL (Art. 17, 19)."""

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings, settings
from customs_risk.treat import (
    emergencies,
    joint_cases,
    operations,
    outbox,
    plans,
    recommendations,
    response,
)
from customs_risk.treat.operations import Goal
from customs_risk.treat.scope import Scope, UnusableScope
from tests.integration.experts_stage import now_is, result, rows

pytestmark = pytest.mark.timeout(900)

BY = "li.na"
EVENT = {
    "event_en": "sick cattle on a vessel",
    "event_zh": "船上发现病牛",
    "by": BY,
    "reason": "suspected",
}
STATUS = "select status from treatment.emergencies where activation_id = %s"


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with sixty declarations of June, on 1 July 2026, 09:00."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        # a day each from 2 May to 30 June; even ones are meat, odd ones wine
        opened.execute(
            """insert into intermediate.int_declarations (importer_id, declaration_id, office_code,
                declarant_id, seller_id, importer_name, hs6, goods_name, origin_country,
                declared_value_cny, is_backfill, batch_id, row_no, known_at, known_on, recorded_at)
            select 'P' || n, 'D' || n, '2201', 'broker', 'S' || n, 'Secret Trading',
                case n %% 2 when 0 then '020130' else '220421' end, 'goods', 'AU', 1000, false,
                'b', n, ('2026-05-01 12:00+08'::timestamptz + n * interval '1 day'),
                '2026-05-01'::date + n, now()
            from generate_series(1, 60) as n""",
            [],
        )
        now_is(opened, "2026-07-01 09:00+08")
        yield opened


def started(is_drill: bool, **told: Any) -> str:
    number = emergencies.request("animal_epidemic", is_drill=is_drill, **(EVENT | told))
    told = {"by": "director", "reason": "precaution", "answered_as": "person"}
    assert emergencies.answer(number, "approve", **told)
    return number


def test_a_plan_starts_while_cause_and_severity_are_unknown_and_only_when_approved(
    connection: psycopg.Connection,
) -> None:
    number = emergencies.request("animal_epidemic", **EVENT)
    assert emergencies.request("animal_epidemic", **EVENT) == number
    assert rows(connection, STATUS, number) == [("requested",)]
    # nothing takes effect before somebody has said yes
    assert not rows(connection, "select 1 from ops.emergency_measures")
    assert not rows(connection, "select 1 from ops.outbox where kind in ('emergency', 'drill')")
    assert not response.stand_down(number, by=BY, reason="never mind")
    with pytest.raises(emergencies.UnusableEmergency):
        emergencies.answer(number, "approve", by="director", reason=" ", answered_as="person")
    with doors.connect() as waiting:
        assert emergencies.settle(waiting) == 0
    assert started(False) == number
    ((cause, severity, scope, status, measures, running, steps),) = rows(
        connection,
        """select cause_zh, severity, scope_en, status, measures, measures_running, steps
        from treatment.emergencies where activation_id = %s""",
        number,
    )
    assert (cause, severity, scope, status) == ("未知", "unknown", "unknown", "active")
    assert measures == running == 3 and steps == 5

    now_is(connection, "2026-07-01 15:00+08")
    known = {"severity": "serious", "cause": ("foot-and-mouth disease", "口蹄疫")}
    assert emergencies.learn(number, by="laboratory", **known)
    assert emergencies.learn(number, by="laboratory", scope=("two farms", "两个养殖场"))
    told = """select cause_en, severity, scope_en, updates from treatment.emergencies
        where activation_id = %s"""
    assert rows(connection, told, number) == [("foot-and-mouth disease", "serious", "two farms", 3)]
    # what was known at the start is still there
    first = """select cause_en, severity from ops.emergency_updates
        where activation_id = %s and update_no = 1"""
    assert rows(connection, first, number) == [(None, None)]

    wanted = {"what_en": "close the berth", "what_zh": "封闭泊位", "hours": 4, "by": BY}
    assert response.want(number, item=5, **wanted) == 4
    assert response.link(number, 4, "M-1") and not response.link(number, 4, "M-2")
    assert response.end_measure(number, 4, by=BY, reason="vessel left")
    assert response.stand_down(number, by="director", reason="no further cases")
    assert not response.stand_down(number, by="director", reason="again")
    ended = """select status, measures, measures_running, measures_carried_out
        from treatment.emergencies where activation_id = %s"""
    assert rows(connection, ended, number) == [("stood_down", 4, 0, 1)]
    assert not emergencies.learn(number, by=BY, note="too late")


def test_what_is_refused_never_starts(connection: psycopg.Connection) -> None:
    number = emergencies.request("radioactive_goods", **EVENT)
    told = {"by": "policy", "reason": "second measurement is clean", "answered_as": "policy"}
    assert emergencies.answer(number, "refuse", **told)
    assert not emergencies.answer(number, "approve", **told)
    assert rows(connection, STATUS, number) == [("refused",)]
    assert not rows(
        connection, "select 1 from ops.emergency_steps where activation_id = %s", number
    )
    with pytest.raises(emergencies.UnusableEmergency, match="no emergency plan"):
        emergencies.request("meteorite", **EVENT)


def test_a_drill_goes_the_same_way_and_tells_nobody_outside(
    connection: psycopg.Connection,
) -> None:
    outside = "select count(*) from ops.outbox where kind = 'emergency'"
    before = rows(connection, outside)
    number = started(True, event_zh="演练：船上发现病牛")
    assert number.startswith("DR-")
    start = datetime.fromisoformat("2026-07-01T15:00+08:00")
    now_is(connection, "2026-07-04 09:00+08")
    assert response.done(number, 1, by="command", at=start + timedelta(hours=0.5))
    assert response.done(number, 2, by="information", at=start + timedelta(hours=5))
    assert not response.done(number, 2, by="information")
    with pytest.raises(emergencies.UnusableEmergency):
        response.done(number, 3, by=BY, at=start + timedelta(days=9))
    # nor was anything done before it began
    assert not response.done(number, 3, by=BY, at=start - timedelta(hours=1))
    gap = "the list of consignments took an hour too long", "货物清单迟了一小时"
    told = {"responsible": "risk-information", "due_on": date(2026, 7, 31), "by": BY}
    finding = response.find(number, *gap, **told)
    assert response.find(number, *gap, **told) == finding
    assert response.stand_down(number, by=BY, reason="drill is over")
    timed = """select step_no, hours_allowed, hours_taken, is_late
        from treatment.emergency_steps where activation_id = %s order by step_no"""
    assert rows(connection, timed, number)[:3] == [
        (1, 1.0, 0.5, False), (2, 4.0, 5.0, True), (3, 12.0, None, True)
    ]  # fmt: skip
    summary = """select is_drill, steps_done, steps_late, findings, findings_open
        from treatment.emergencies where activation_id = %s"""
    assert rows(connection, summary, number) == [(True, 2, 3, 1, 1)]
    assert response.mended(finding, by=BY, how="the query is prepared")
    assert rows(connection, summary, number)[0][-1] == 0

    assert rows(connection, outside) == before
    outbox.dispatch()
    told = """select kind, payload ->> 'addressee', payload ->> 'message', file_name
        from ops.outbox where subject_id = %s and dispatched_at is not null"""
    messages = rows(connection, told, number)
    assert len(messages) == 6
    assert {(kind, addressee) for kind, addressee, *_ in messages} == {
        ("drill", plans.drill_addressee())
    }
    assert all(message.startswith("【演练 DRILL】") for _, _, message, _ in messages)
    # the files of a drill lie apart, and those of emergencies say nothing of it
    (file,) = (settings().outbox / "drills").glob("drills_20260701*.csv")
    assert number in file.read_text(encoding="utf-8")
    real = list((settings().outbox / "emergencies").glob("*.csv"))
    assert real and not any(number in each.read_text(encoding="utf-8") for each in real)


def test_a_published_plan_is_not_rewritten(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = plans._written()
    changed = json.loads(json.dumps(written))
    changed["plans"][0]["steps"].pop()
    monkeypatch.setattr(plans, "_written", lambda: changed)
    with doors.connect() as opened, pytest.raises(plans.PlanWasChanged, match="raise its version"):
        plans.publish(opened)
    changed["plans"][0]["plan_version"] = 2
    with doors.connect() as opened:
        assert plans.publish(opened) == 1
    versions = "select count(*) from ops.emergency_plans where plan_id = 'animal_epidemic'"
    assert rows(connection, versions) == [(2,)]


def test_a_case_shares_what_is_allowed_and_nothing_more_confidential(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    case = joint_cases.open_case(
        "Smuggled beef", "走私牛肉", domain="biosecurity", lead="coast guard",
        agreement="memorandum 2025-3", by=BY, reason="seizure at sea",
    )  # fmt: skip
    allowed = {"by": BY, "reason": "needed to trace the goods"}
    open_columns = ["declaration_id", "hs6", "origin_country"]
    assert joint_cases.allow(case, "coast guard", "declarations", open_columns, **allowed) == 3
    assert joint_cases.allow(case, "coast guard", "declarations", ["hs6"], **allowed) == 0
    # a restricted column among them, and none is allowed
    with pytest.raises(joint_cases.NotCovered, match="importer_name"):
        joint_cases.allow(
            case, "coast guard", "declarations", ["office_code", "importer_name"], **allowed
        )
    shared = {"what": "beef of June", "by": BY}
    number = joint_cases.share(case, "coast guard", ["D2", "D4"], **shared)
    ((content, addressee),) = rows(
        connection,
        """select payload ->> 'content', payload ->> 'addressee' from ops.outbox
        where message_id = 'exchange:' || %s""",
        number,
    )
    assert addressee == "coast guard"
    assert sorted(each["declaration_id"] for each in json.loads(content)["declarations"]) == [
        "D2", "D4"
    ]  # fmt: skip
    assert "Secret Trading" not in content and "office_code" not in content and "P2" not in content
    log = "select mart, query from access.log where reader = 'coast guard'"
    ((mart, query),) = rows(connection, log)
    assert mart == "core.declarations" and number in query and BY in query

    # who does not take part is told nothing; nor is there a second lead
    with pytest.raises(joint_cases.NotCovered):
        joint_cases.share(case, "tax bureau", ["D2"], **shared)
    member = {"covers": "restricted", "agreement": "memorandum 2024-1", "by": BY}
    with pytest.raises(joint_cases.UnusableCase):
        joint_cases.join(case, "tax bureau", role="lead", **member)
    joint_cases.join(case, "tax bureau", role="member", **member)
    with pytest.raises(joint_cases.NotCovered):
        joint_cases.share(case, "tax bureau", ["D2"], **shared)
    assert joint_cases.allow(case, "tax bureau", "declarations", ["importer_name"], **allowed) == 1
    # not even whose agreement covers much is told persons
    with pytest.raises(joint_cases.NotCovered, match="officer_id"):
        joint_cases.allow(case, "tax bureau", "inspections", ["officer_id"], **allowed)
    number = joint_cases.share(case, "tax bureau", ["D2"], **shared)
    sent = "select columns, rows from ops.joint_case_exchanges where exchange_id = %s"
    assert rows(connection, sent, number) == [(["core.declarations.importer_name"], 1)]
    withdrawn = {"by": BY, "reason": "traced"}
    assert joint_cases.withdraw(case, "tax bureau", "declarations", ["importer_name"], **withdrawn)
    with pytest.raises(joint_cases.NotCovered):
        joint_cases.share(case, "tax bureau", ["D2"], **shared)

    letter = tmp_path / "letter.csv"
    letter.write_text("vessel\nMV Example\n")
    joint_cases.receive(case, "coast guard", letter, what="vessels seen", rows=1, by=BY)
    summary = """select status, lead_agency, agencies, fields_shared, exchanges_sent,
            exchanges_received, outcome from treatment.joint_cases where case_id = %s"""
    assert rows(connection, summary, case) == [
        ("open", "coast guard", ["coast guard (lead)", "tax bureau (member)"], 3, 2, 1, None)
    ]
    assert joint_cases.close(case, "risk_reduced", "ring broken up", "团伙已打掉", by=BY)
    with pytest.raises(joint_cases.NotCovered):
        joint_cases.share(case, "coast guard", ["D2"], **shared)
    with pytest.raises(joint_cases.UnusableCase):
        joint_cases.join(case, "police", role="member", **member)
    assert rows(connection, summary, case)[0][3] == 0


def operation(**told: Any) -> str:
    usual: dict[str, Any] = {
        "domain": "biosecurity",
        "condition": ("meat declared as something else", "伪报肉类"),
        "scope": Scope(hs_prefixes=("02",)),
        "starts_on": date(2026, 6, 21),
        "ends_on": date(2026, 7, 10),
        "goal": Goal(findings=2, revenue_cny=100.0),
        "by": BY,
        "reason": "seizures abroad",
    }
    return operations.order("Clean plate", "洁净餐桌", **(usual | told))


def test_an_operation_is_held_against_its_goal_the_time_before_and_what_is_out_of_scope(
    connection: psycopg.Connection,
) -> None:
    now_is(connection, "2026-07-04 09:30+08")
    for wrong in (
        {"goal": Goal()}, {"goal": Goal(findings=0)}, {"ends_on": date(2026, 6, 1)},
        {"starts_on": date(2026, 7, 20)}, {"reason": " "},
    ):  # fmt: skip
        with pytest.raises(operations.UnusableOperation):
            operation(**wrong)
    for scope in (Scope(), Scope(hs_prefixes=("meat",)), Scope(origin_countries=("Australia",))):
        with pytest.raises(UnusableScope):
            operation(scope=scope)
    number = operation()
    # from 21 June (D51) to 4 July are 14 days; the 14 before begin on 7 June (D37)
    for n, kind in ((52, "prohibited"), (54, "other"), (51, None), (38, "other"), (40, None)):
        result(connection, n, "2026-07-01 10:00+08", kind)
    connection.execute(
        "update intermediate.int_inspection_versions set additional_duty_cny = 50"
        " where has_finding and declaration_id in ('D38', 'D52', 'D54')"
    )
    cells = """select measured_days, declarations, inspected, findings, revenue_cny::int,
            declarations_before, inspected_before, findings_before, revenue_cny_before::int,
            declarations_outside, inspected_outside, declarations_outside_before, is_goal_reached,
            status
        from treatment.special_operations where operation_id = %s"""
    assert rows(connection, cells, number) == [
        (14, 5, 2, 2, 100, 7, 2, 1, 50, 5, 1, 7, True, "running")
    ]
    assert operations.end(number, by=BY, reason="goal reached")
    assert not operations.end(number, by=BY, reason="again")
    assert rows(connection, cells, number)[0][-1] == "ended"


def test_a_recommendation_is_measured_by_what_it_named_in_advance(
    connection: psycopg.Connection,
) -> None:
    said: dict[str, Any] = {
        "subject": ("beef", "牛肉"),
        "recommended": ("require a health certificate", "要求提供卫生证书"),
        "domain": "biosecurity",
        "evidence": ("seizures of May",),
        "effect_measure": "find_rate",
        "effect_expected": "fall",
        "scope": Scope(hs_prefixes=("02",)),
        "by": BY,
        "effect_days": 10,
    }
    with pytest.raises(recommendations.UnusableRecommendation):
        recommendations.recommend("ministry", **(said | {"evidence": ()}))
    with pytest.raises(recommendations.UnusableRecommendation):
        recommendations.recommend("ministry", **(said | {"effect_measure": "happiness"}))
    number = recommendations.recommend("ministry", **said)
    assert recommendations.recommend("ministry", **said) == number
    outbox.dispatch()
    (file,) = (settings().outbox / "recommendations").glob("*.csv")
    with file.open(encoding="utf-8") as lines:
        (line,) = csv.DictReader(lines)
    assert (line["recommendation_id"], line["addressee"]) == (number, "ministry")
    state = """select status, is_effect_final, effect_before, effect_after, is_as_expected
        from treatment.policy_recommendations where recommendation_id = %s"""
    assert rows(connection, state, number) == [("awaited", False, None, None, None)]
    with pytest.raises(recommendations.UnusableRecommendation):
        recommendations.answer(number, "accepted", "yes", by="ministry")
    with pytest.raises(recommendations.UnusableRecommendation):
        recommendations.answer(number, "refused", "no", by="m", effective_on=date(2026, 6, 11))
    # ten days from 11 June (D41) on, and ten before: 1 of 2 found before, none of 1 after
    told = {"by": "ministry", "effective_on": date(2026, 6, 11)}
    assert recommendations.answer(number, "partly", "for beef only", **told)
    assert not recommendations.answer(number, "accepted", "after all", **told)
    assert rows(connection, state, number) == [("partly", True, 0.5, None, None)]
    result(connection, 42, "2026-07-02 10:00+08", None)
    assert rows(connection, state, number) == [("partly", True, 0.5, 0.0, True)]
