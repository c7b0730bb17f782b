"""Allocation of people on a warehouse: recommended, approved, followed, held to account."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.commands.allocation import app
from customs_risk.settings import Settings, settings
from customs_risk.transform import transform
from customs_risk.treat import capacities
from customs_risk.treat.approvals import Unanswerable
from customs_risk.treat.capacities import UnusableAllocation
from tests.integration.measures_stage import OTHER, ZONE, now_is, rows

pytestmark = pytest.mark.timeout(600)

OFFICES = {"2200": 2.4, "5300": 1.0, "0100": 0.35}
POST = "gacc_department"

# a day's declarations of each office; who violates is told by the score, and office 2200 has most
_DECLARE = """
create temporary table declared as
select
    'D' || office_code || to_char(day, 'MMDD') || '-' || n as declaration_id,
    office_code,
    day::date as decided_on,
    -ln((n + random()) / 150) as score,
    least(likely * 0.02 * ((n + random()) / 150) ^ -0.7, 0.9) as likelihood
from generate_series(%(from)s::date, %(to)s::date, interval '1 day') as day
cross join (select key as office_code, value::float8 as likely from jsonb_each_text(%(offices)s))
    as offices
cross join generate_series(0, 149) as n
where extract(isodow from day) < 6;

insert into intermediate.int_declarations
    (importer_id, declaration_id, office_code, hs6, goods_name, known_at, known_on, is_backfill,
    recorded_at, batch_id, row_no)
select
    'P', declaration_id, office_code, '020130', 'beef', decided_on, decided_on, false, now(), 'b',
    row_number() over ()
from declared;

insert into ml.conclusions
    (importer_id, declaration_id, model_version, likelihood, expected_revenue_cny, ranking_score,
    level, uncertainty_kind, as_of)
select
    'P', declaration_id, 'm1', likelihood, 9000 * likelihood, score, 'low', 'estimate',
    decided_on + time '18:00'
from declared;

insert into ml.explanations (importer_id, declaration_id, hazard_factors, risk_domain)
select
    'P', declaration_id, '[]', case when random() < 0.7 then 'tax' else 'food_safety' end
from declared
where score > 1;

drop table declared
"""

_ANSWER = """
insert into intermediate.int_inspection_versions
    (importer_id, declaration_id, result_id, version_no, is_latest, is_backfill, selected_by,
    has_finding, finding_type, additional_duty_cny, officer_hours, known_on, known_at, recorded_at,
    batch_id, row_no)
select
    importer_id, declaration_id, 'R' || declaration_id, 1, true, false, selected_by, is_found,
    case when is_found then 'undervaluation' end, case when is_found then 9000 else 0 end,
    2 + 5 * is_found::int, decided_on + 1, decided_on + 1, now(), 'r', row_number() over ()
from (
    select instructions.*, random() < likelihood as is_found
    from treatment.instructions as instructions
    where not exists (
        select 1 from intermediate.int_inspection_versions as there
        where there.declaration_id = instructions.declaration_id
    )
) as inspected
"""


def live(connection: psycopg.Connection, from_day: str, to_day: str) -> None:
    """Let the loop decide and inspect what is declared on these days."""
    offices = psycopg.types.json.Jsonb(OFFICES)
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(_DECLARE, {"from": from_day, "to": to_day, "offices": offices})
    for layer in ("decide", "instruct"):
        transform(layer)
    connection.execute(_ANSWER)
    transform("feedback")


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute("select setseed(0.271)")
        now_is(opened, datetime(2026, 6, 15, 18, tzinfo=ZONE))
        yield opened


def rates(connection: psycopg.Connection, month: str) -> dict[str, float]:
    told = rows(
        connection,
        """select office_code, min(inspection_rate), max(inspection_rate)
        from treatment.decisions where to_char(decided_on, 'YYYY-MM') = %s group by office_code""",
        month,
    )
    assert all(low == high for _, low, high in told)
    return {office: low for office, low, _ in told}


def approval_of(connection: psycopg.Connection, number: str) -> tuple[Any, ...]:
    ((*told,),) = rows(
        connection,
        """select status, recommended, needed_posts, question_en, question_zh
        from treatment.approvals where matter = 'allocation' and subject_id = %s""",
        number,
    )
    return tuple(told)


@contextmanager
def all_inspect_together() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUSTOMS_RISK_CAPACITY_OF", "country")
        settings.cache_clear()
        yield
    settings.cache_clear()


def test_the_month_of_an_allocation(connection: psycopg.Connection) -> None:
    # before anything was decided, and in the middle of a month, there is nothing to recommend
    now_is(connection, datetime(2026, 5, 29, 18, tzinfo=ZONE))
    assert steps.allocate() is None
    now_is(connection, datetime(2026, 6, 15, 18, tzinfo=ZONE))
    live(connection, "2026-06-01", "2026-06-30")
    assert steps.allocate() is None

    # the last business day of June: for July, once
    now_is(connection, datetime(2026, 6, 30, 18, tzinfo=ZONE))
    with all_inspect_together():  # nothing is to be divided between offices
        assert steps.allocate() is None
        with pytest.raises(UnusableAllocation, match="inspect together"):
            capacities.propose(by="li.na")
    number = steps.allocate()
    assert number == "AL-202607-1"
    assert steps.allocate() is None
    status, recommended, posts, question_en, question_zh = approval_of(connection, number)
    assert (status, recommended, posts) == ("open", "approve", [POST])
    assert "2026-07" in question_en and "2026年07月" in question_zh

    cells = rows(
        connection,
        """select office_code, present_rate, recommended_rate, sum(present_officer_hours),
            sum(recommended_officer_hours), sum(gain_findings), bool_or(is_in_force)
        from feedback.allocations where allocation_id = %s group by 1, 2, 3 order by 1""",
        number,
    )
    told = {office: (now, then) for office, now, then, *_ in cells}
    assert told["2200"][1] > 1.1 * told["2200"][0] and told["0100"][1] < 0.9 * told["0100"][0]
    assert all(now == pytest.approx(0.1, abs=0.012) for now, _ in told.values())
    hours = [sum(float(cell[place]) for cell in cells) for place in (3, 4)]
    assert hours[1] <= hours[0] * 1.005
    assert sum(float(cell[5]) for cell in cells) > 0
    assert not any(cell[6] for cell in cells)
    domains = rows(
        connection,
        """select risk_domain from feedback.allocations
        where allocation_id = %s and recommended_inspections > 0 group by 1 order by 1""",
        number,
    )
    assert domains == [("food_safety",), ("tax",)]

    # without an approval capacities are what the setting says
    live(connection, "2026-07-01", "2026-07-01")
    assert rates(connection, "2026-07") == dict.fromkeys(OFFICES, settings().inspection_rate)


def test_who_may_approve_and_what_it_changes(connection: psycopg.Connection) -> None:
    number = "AL-202607-1"
    with pytest.raises(Unanswerable, match="may not answer"):
        capacities.answer(
            number, "approve", by=OTHER, post="regional_risk_division", reason="gains"
        )
    told = CliRunner().invoke(
        app, ["approve", number, "--by", OTHER, "--post", POST, "--reason", "it gains"]
    )
    assert told.exit_code == 0, told.output
    with pytest.raises(UnusableAllocation, match="no such recommendation waits"):
        capacities.answer(number, "refuse", by=OTHER, post=POST, reason="late")

    now_is(connection, datetime(2026, 7, 2, 18, tzinfo=ZONE))
    live(connection, "2026-07-02", "2026-07-31")
    approved = dict(
        rows(
            connection,
            "select office_code, inspection_rate::float8 from ops.capacities where month_on = %s",
            "2026-07-01",
        )
    )
    decided = rows(
        connection,
        """select office_code, min(inspection_rate), max(inspection_rate),
            avg((selected_by <> 'none')::int)::float8
        from treatment.decisions where decided_on between '2026-07-02' and '2026-07-31'
        group by office_code""",
    )
    assert {office: low for office, low, _, _ in decided} == approved
    assert all(low == high for _, low, high, _ in decided)
    assert all(share == pytest.approx(low, rel=0.05) for _, low, _, share in decided)
    # what was decided can be decided again, from what is stored
    assert rows(
        connection, "select count(*) from assessment.selection_replay where not is_same"
    ) == [(0,)]


def test_what_it_gained_is_told_beside_what_was_expected(connection: psycopg.Connection) -> None:
    told = {
        office: (findings, expected, gained, low, high, results)
        for office, findings, expected, gained, low, high, results in rows(
            connection,
            """select office_code, findings, expected_gain_findings, gained_findings,
                gained_findings_low, gained_findings_high, results
            from feedback.allocation_outcomes where allocation_id = 'AL-202607-1'""",
        )
    }
    assert set(told) == {*OFFICES, "all"}
    findings, expected, gained, low, high, results = told["all"]
    assert findings == sum(told[office][0] for office in OFFICES)
    assert gained == pytest.approx(sum(told[office][2] for office in OFFICES))
    assert low < gained < high and low < expected < high
    assert told["2200"][2] > 0 > told["0100"][2]
    assert results > 0
    shown = CliRunner().invoke(app, ["outcomes"])
    assert shown.exit_code == 0 and "AL-202607-1" in shown.output, shown.output


def test_an_ended_capacity_holds_no_more(connection: psycopg.Connection) -> None:
    now_is(connection, datetime(2026, 7, 31, 18, tzinfo=ZONE))
    number = capacities.propose(by="li.na")
    assert number == "AL-202608-1"
    again = capacities.propose(by="li.na")
    assert again == "AL-202608-2"
    assert approval_of(connection, number)[0] == "withdrawn"
    with pytest.raises(Unanswerable, match="asked for it"):
        capacities.answer(again, "approve", by="li.na", post=POST, reason="gains")
    capacities.answer(again, "approve", by=OTHER, post=POST, reason="gains")
    in_force = "select count(*) from ops.capacities_in_force where month_on = '2026-08-01'"
    assert rows(connection, in_force) == [(len(OFFICES),)]
    assert capacities.end(again, by=OTHER, reason="an emergency") == len(OFFICES)
    assert rows(connection, in_force) == [(0,)]
    with pytest.raises(UnusableAllocation, match="nothing of it lasts"):
        capacities.end(again, by=OTHER, reason="twice")
    with pytest.raises(UnusableAllocation, match="is over"):
        capacities.propose(date(2026, 6, 1), by="li.na")
    for command, word in (
        (["list"], "2026-08"),
        (["show", again], "2200"),
        (["show", again, "--domains"], "food_safety"),
    ):
        shown = CliRunner().invoke(app, command)
        assert shown.exit_code == 0 and word in shown.output, shown.output
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        connection.execute("update ops.capacities set inspection_rate = 0.5")
