"""The sandbox's people: in 17 weeks a drill, a case, an operation and a recommendation come about.

And what people type: the same, on the command line.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from typer.testing import CliRunner, Result

from customs_risk import warehouse as doors
from customs_risk.cli import app
from customs_risk.sandbox.responders import BY, respond
from customs_risk.settings import Settings
from tests.integration.experts_stage import now_is, result, rows

pytestmark = pytest.mark.timeout(900)

FIRST_FRIDAY = datetime.fromisoformat("2026-07-03T18:00:00+08:00")


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(
            """insert into intermediate.int_declarations (importer_id, declaration_id, office_code,
                importer_name, hs6, origin_country, declared_value_cny, is_backfill, batch_id,
                row_no, known_at, known_on, recorded_at)
            select 'P' || n, 'D' || n, '2201', 'Secret Trading',
                case n % 2 when 0 then '020130' else '220421' end, 'AU', 1000, false, 'b', n,
                '2026-07-03 12:00+08'::timestamptz + n * interval '1 day', '2026-07-03'::date + n,
                now()
            from generate_series(1, 110) as n"""
        )
        yield opened


def test_in_seventeen_weeks_each_of_them_begins_and_comes_to_its_end(
    connection: psycopg.Connection,
) -> None:
    done = []
    for week in range(17):
        friday = FIRST_FRIDAY + timedelta(weeks=week)
        now_is(connection, str(friday))
        if week == 2:
            for number in (2, 4, 6, 7):
                result(connection, number, str(friday - timedelta(days=1)), "undervaluation")
        done.append(respond())
        # asked again in the same week, nothing is begun twice
        respond()
    assert done[0] == done[1] == [] and done[2][0].startswith("DR-")
    drill = """select is_drill, status, answered_as, steps_done, findings_open, requested_by
        from treatment.emergencies"""
    assert rows(connection, drill) == [(True, "stood_down", "policy", 5, 0, BY)]
    timed = "select min(hours_taken), count(distinct hours_taken) from treatment.emergency_steps"
    ((shortest, different),) = rows(connection, timed)
    assert shortest > 0 and different == 5
    case = """select status, outcome, exchanges_sent, classes_shared, opened_by
        from treatment.joint_cases"""
    assert rows(connection, case) == [("closed", "transferred", 1, ["internal"], BY)]
    operation = """select hs_prefixes, status, measured_days, declarations, declarations_before
        from treatment.special_operations"""
    assert rows(connection, operation) == [(["0201"], "ended", 28, 14, 14)]
    recommended = """select status, effect_measure, effective_on is not null, is_effect_final
        from treatment.policy_recommendations"""
    assert rows(connection, recommended) == [("partly", "find_rate", True, True)]
    # of all that, one message left the house's own readers: the exchange of the case
    kinds = "select kind, count(*) from ops.outbox where kind <> 'warning' group by kind order by 1"
    assert rows(connection, kinds) == [("drill", 6), ("exchange", 1), ("recommendation", 1)]


def customs_risk(line: str) -> Result:
    return CliRunner().invoke(app, line.split())


def test_people_do_the_same_on_the_command_line(connection: psycopg.Connection) -> None:
    who = "--by li.na --reason needed"
    told = customs_risk(
        f"emergency activate food_contamination --event salmonella --event-zh 沙门氏菌 {who}"
    )
    assert told.exit_code == 0, told.output
    number = told.output.split(":")[0]
    assert customs_risk(f"emergency stand-down {number} {who}").exit_code == 1
    for line in (
        f"emergency answer {number} approve --by wang.wei --reason needed",
        f"emergency update {number} --severity serious --by li.na",
        f"emergency measure {number} --item 1 --what open --what-zh 开箱 --hours 5 --by li.na",
        f"emergency end {number} 4 {who}",
        f"emergency done {number} 1 --by li.na",
        f"emergency finding {number} --what slow --what-zh 慢 --responsible x --due 2026-12-01"
        " --by li.na",
        f"emergency stand-down {number} {who}",
        "emergency plans",
        "referral refer",
        "referral list --kind audit",
    ):
        told = customs_risk(line)
        assert told.exit_code == 0, (line, told.output)
    assert number in customs_risk("emergency list").output
    half = customs_risk(f"emergency update {number} --cause virus --by li.na")
    assert (half.exit_code, "--cause-zh" in half.output) == (2, True)

    told = customs_risk(
        f"case open --title beef --title-zh 牛肉 --domain tax --lead police --agreement m {who}"
    )
    number = told.output.split(":")[0]
    for line in (
        f"case join {number} bureau --role member --agreement m --by li.na",
        f"case allow {number} bureau --mart declarations --column hs6 {who}",
        f"case share {number} bureau D2 --what beef --by li.na",
        f"case withdraw {number} bureau --mart declarations --column hs6 {who}",
        f"case leave {number} bureau {who}",
        f"case close {number} --outcome no_risk --words none --words-zh 无 --by li.na",
    ):
        told = customs_risk(line)
        assert told.exit_code == 0, (line, told.output, told.exception)
    assert number in customs_risk("case list").output
    assert customs_risk(f"case leave {number} bureau {who}").exit_code == 1

    told = customs_risk(
        "operation order --name beef --name-zh 牛肉 --condition c --condition-zh 情形 --domain tax"
        f" --from 2026-10-01 --until 2026-12-31 --hs 0201 --findings 3 {who}"
    )
    assert told.exit_code == 0, told.output
    assert customs_risk(f"operation end {told.output.split(':')[0]} {who}").exit_code == 0
    told = customs_risk(
        "recommendation issue ministry --subject s --subject-zh 主题 --what w --what-zh 建议"
        " --domain tax --evidence e --measure find_rate --expected fall --hs 0201 --by li.na"
    )
    assert told.exit_code == 0, told.output
    refused = f"recommendation answer {told.output.split(':')[0]} refused --words no --by m"
    assert [customs_risk(refused).exit_code for _ in range(2)] == [0, 1]
    assert "ministry" in customs_risk("recommendation list").output
    assert "beef" in customs_risk("operation list").output
