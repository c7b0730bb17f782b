"""A hit card tells how far an instruction has come: who has it, what was found, what is late."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from customs_risk import collect, steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.treat import outbox
from tests.integration.experts_stage import now_is

pytestmark = pytest.mark.timeout(900)

INSTRUCT = """
insert into treatment.instructions (
    importer_id, declaration_id, instruction_id, office_code, decided_on, selected_by, lane, level,
    what_to_examine_en, what_to_examine_zh, reason_en, reason_zh, model_version, score_rank,
    declarations_in_stratum, random_probability, selection_probability, decided_at
)
values (
    'P', 'D' || %(n)s, 'I' || %(n)s, '2221', '2026-06-30', %(by)s, 'high', 'high',
    'Value: invoice', '价格：发票', 'Targeted: ranked 1', '精准布控：第1位', 'm', 1, 10, 0.1, 1,
    now()
)
"""
RESULT = """
insert into intermediate.int_inspection_versions (
    importer_id, declaration_id, result_id, version_no, instruction_id, inspected_at, reported_at,
    has_finding, finding_type, is_backfill, known_at, known_on, recorded_at, is_latest, batch_id,
    row_no
)
values (
    'P', 'D' || %(n)s, 'R' || %(n)s, 1, 'I' || %(n)s, %(inspected)s, %(reported)s, %(finding)s,
    case when %(finding)s then 'undervaluation' end, false, %(reported)s,
    (%(reported)s::timestamptz)::date, now(), true, 'r', %(n)s::int
)
"""
# all were dispatched on 30 June at 18:00
RECEIPTS = """instruction_id,office_code,officer_id,acknowledged_at,response,remark
I1,2221,2221-003,2026-06-30 20:00:00+08:00,accepted,
I2,2221,2221-004,2026-07-02 00:00:00+08:00,accepted,
I3,2221,2221-003,2026-06-30 19:00:00+08:00,goods_released,放行在前
I5,2221,2221-003,2026-06-30 21:00:00+08:00,goods_released,
I6,2221,2221-003,2026-07-01 12:00:00+08:00,accepted,
"""
CORRECTED = """instruction_id,office_code,officer_id,acknowledged_at,response,remark
I5,2221,2221-009,2026-06-30 21:00:00+08:00,accepted,not released after all
"""


def receive(home: Settings, sent: str, content: str) -> None:
    folder = home.inbox / "instruction_receipts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"instruction_receipts_{sent}.csv").write_text(content, encoding="utf-8")
    (outcome,) = collect.collect("instruction_receipts")
    assert outcome.quarantined == 0 and outcome.status == "loaded"


@pytest.fixture(scope="module")
def followed(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as connection:
        connection.execute("set timezone = 'Asia/Shanghai'")
        now_is(connection, "2026-06-30 18:00+08")
        ways = {"3": "exploration", "4": "random"}
        for number in "123456":
            connection.execute(INSTRUCT, {"n": number, "by": ways.get(number, "targeted")})
        assert outbox.dispatch() == 6
        # the next is not sent yet
        for number in "78":
            connection.execute(INSTRUCT, {"n": number, "by": "targeted"})
        outbox.enqueue(connection, "instruction")
        connection.execute(
            """insert into ops.dead_letters (message_id, dead_at, route, attempts, reason)
            values ('instruction:I8', '2026-06-30 19:00+08', 'control', 8, 'HTTP 503')"""
        )
        receive(standing_warehouse, "20260702T064500", RECEIPTS)
        receive(standing_warehouse, "20260702T070000", CORRECTED)
        looked = {"inspected": "2026-07-01 04:00+08", "reported": "2026-07-01 06:00+08"}
        connection.execute(RESULT, looked | {"n": "1", "finding": True})
        connection.execute(RESULT, looked | {"n": "6", "finding": False})
        yield connection


def cards(connection: psycopg.Connection, *columns: str) -> dict[str, Any]:
    found = connection.execute(
        f"select instruction_id, {', '.join(columns)} from treatment.hit_cards order by 1"
    )
    return {number: told[0] if len(columns) == 1 else tuple(told) for number, *told in found}


def test_a_card_says_what_and_why_in_both_languages(followed: psycopg.Connection) -> None:
    told = cards(
        followed, "headline_en", "headline_zh", "what_to_examine_en", "reason_zh", "declaration_id"
    )
    assert told["I1"] == (
        "High risk! Targeted check!",
        "高风险！精准布控！",
        "Value: invoice",
        "精准布控：第1位",
        "D1",
    )
    assert {told[number][1] for number in ("I3", "I4")} == {"所知甚少！探索布控！", "随机布控"}


def test_a_card_says_how_far_it_has_come(followed: psycopg.Connection) -> None:
    assert cards(followed, "status") == {
        "I1": "answered",
        "I2": "acknowledged",
        "I3": "declined",
        "I4": "dispatched",
        # the correction counts
        "I5": "acknowledged",
        "I6": "answered",
        "I7": "issued",
        "I8": "undeliverable",
    }
    who = cards(followed, "acknowledged_by", "declined_because", "remark", "dead_reason")
    assert who["I3"] == ("2221-003", "goods_released", "放行在前", None)
    assert who["I5"] == ("2221-009", None, "not released after all", None)
    assert who["I8"] == (None, None, None, "HTTP 503")
    (receiver, received) = cards(followed, "receiver", "received_at")["I1"]
    assert receiver.startswith("file:instructions_20260630_")
    assert f"{received:%Y-%m-%d %H:%M}" == "2026-06-30 18:00"


def test_hours_are_told_and_who_looks_before_confirming_is_seen(
    followed: psycopg.Connection,
) -> None:
    hours = cards(followed, "hours_to_acknowledge", "hours_to_inspect", "hours_to_result")
    assert hours["I1"] == (2.0, 8.0, 12.0)
    assert hours["I6"] == (18.0, -8.0, 12.0)
    assert hours["I4"] == hours["I7"] == (None, None, None)
    before = cards(followed, "is_inspected_unacknowledged")
    assert [number for number, is_so in before.items() if is_so] == ["I6"]


def test_what_is_late_is_late_from_the_moment_it_was_due(followed: psycopg.Connection) -> None:
    def late(flag: str) -> list[str]:
        return [number for number, is_late in cards(followed, flag).items() if is_late]

    assert late("is_acknowledgement_overdue") == ["I2", "I4"]
    assert late("is_result_overdue") == []
    now_is(followed, "2026-07-07 18:30+08")
    # who has answered, or has said why not, is not late; what never left is not the office's fault
    assert late("is_result_overdue") == ["I2", "I4", "I5"]
    assert late("is_acknowledgement_overdue") == ["I2", "I4"]
