"""Risk parameters on a real PostgreSQL: from proposal to expiry, who may, and what they hit."""

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk import warehouse as doors
from customs_risk.commands.parameters import app
from customs_risk.settings import Settings
from customs_risk.treat.parameters import impact, store
from customs_risk.treat.parameters.attributes import attributes
from customs_risk.treat.parameters.language import compile_condition
from customs_risk.treat.parameters.lexis import RefusedCondition
from customs_risk.treat.parameters.matching import match
from customs_risk.treat.parameters.store import RefusedAct, UnusableParameter
from customs_risk.treat.waiting import note_waiting
from tests.integration.experts_stage import now_is, rows
from tests.integration.parameters_stage import ASKED, OFFICERS, WINE, past, proposed, waiting
from tests.unit.test_parameter_language import COMPILED

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse with a past, on the 21st of June, and officers."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        past(opened)
        now_is(opened, "2026-06-21 09:00+08")
        for officer, unit in OFFICERS.items():
            store.appoint(officer, unit, valid_from=date(2026, 1, 1), valid_to=None, by="admin")
        yield opened


def activated(by: str = "sun", proposer: str = "zhou", **changed: object) -> tuple[str, int]:
    name, version = proposed(proposer, **changed)
    impact.analyse(name, version, by=by)
    store.decide("approved", name, version, by=by, reason="sound")
    store.decide("activated", name, version, by=by, reason="start")
    return name, version


def matched() -> int:
    """Match what waits; return how many hits are new."""
    with doors.connect() as connection:
        note_waiting(connection)
        return match(connection)


def hits(connection: psycopg.Connection) -> set[tuple[str, int, str]]:
    return set(
        rows(connection, "select parameter_id, version, declaration_id from ops.parameter_hits")
    )


def test_every_attribute_and_every_condition_is_sql_that_postgres_takes(
    connection: psycopg.Connection,
) -> None:
    asked = {
        "text": "{} = 'x'",
        "number": "{} * 2 > 1",
        "boolean": "{}",
        "date": "{} > '2026-01-01'",
    }
    conditions = [asked[each.type].format(each.name) for each in attributes().values()]
    for condition in (*conditions, *COMPILED):
        connection.execute(
            f"""select count(*) from intermediate.int_declarations as declarations
            inner join intermediate.int_declaration_features as features
                using (importer_id, declaration_id)
            where {compile_condition(condition).sql}"""
        )


def test_the_impact_is_what_a_hand_computes(connection: psycopg.Connection) -> None:
    activated(
        "wang", "zhao", parameter_id="CHEAP", condition="price_z < -1", jurisdiction=("gacc",)
    )
    name, version = proposed(by="zhou")
    told = impact.analyse(name, version, by="zhou")
    assert (told.declarations, told.hits, told.inspected_hits, told.findings) == (200, 80, 40, 15)
    assert (told.certain_hits, told.certain_completed, told.certain_findings) == (20, 20, 10)
    assert (told.drawn_hits, told.drawn_completed, told.drawn_findings) == (60, 20, 5)
    # a quarter of the hits at a half, three quarters at a quarter
    assert told.expected_precision == pytest.approx(0.25 * 0.5 + 0.75 * 0.25)
    assert 0.1 < told.precision_low < 0.2 and 0.5 < told.precision_high < 0.6
    # 40 that were sure with 10 findings, 160 others at a quarter
    assert told.base_rate == pytest.approx(0.25)
    assert (told.officer_hours_per_inspection, told.officer_hours_of) == (3, "hits")
    assert (told.hits_per_day, told.officer_hours_per_day) == (4, 12)
    # of three places one is drawn and one has a hit: one more hit takes a place, one finds none
    assert (told.displaced_inspections, told.hits_beyond_capacity) == (20, 20)
    assert [each["office_code"] for each in told.offices] == ["2200"]
    assert (told.offices[0]["hits_per_day"], told.offices[0]["capacity_per_day"]) == (4, 3)
    assert told.shared == [{"parameter_id": "CHEAP", "version": 1, "shared_hits": 20}]
    assert told.sole_hits == 60
    stored = (
        "select version, hits, expected_precision from ops.parameter_impacts where version = %s"
    )
    assert (version, 80, pytest.approx(0.3125)) in rows(connection, stored, version)
    # documents are examined beside the goods: nothing is displaced
    name, version = proposed(by="li", parameter_id="PAPERS", measure="document_review")
    papers = impact.analyse(name, version, by="li")
    assert (papers.hits, papers.displaced_inspections) == (80, 0)
    # elsewhere there is nothing to learn from, and it is said so
    name, version = proposed(by="chen", parameter_id="SOUTH", jurisdiction=("subcentre_huangpu",))
    south = impact.analyse(name, version, by="chen")
    assert (south.hits, south.expected_precision) == (0, None)
    assert (south.precision_low, south.precision_high, south.officer_hours_of) == (0, 1, "all")
    # and a past of one month ends before it begins to be June
    now_is(connection, "2026-08-15 09:00+08")
    assert impact.analyse("WINE", 1, by="zhou", months=1).declarations == 0
    connection.execute("delete from ops.batches where sent_at > '2026-08-01'")


def test_from_proposal_to_a_hit_that_was_examined(connection: psycopg.Connection) -> None:
    store.decide("approved", "WINE", 1, by="li", reason="sound")
    store.decide("activated", "WINE", None, by="li", reason="start")
    assert rows(
        connection,
        """select "event", officer, unit_code from ops.parameter_events
        where parameter_id = 'WINE' order by event_no""",
    ) == [
        ("proposed", "zhou", "2200"),
        ("approved", "li", "subcentre_shanghai"),
        ("activated", "li", "subcentre_shanghai"),
    ]
    waiting(connection, "W1", "2200", "220421")
    waiting(connection, "W2", "5300", "220421")  # another sub-centre's
    waiting(connection, "W3", "2200", "640399")
    waiting(connection, "W4", "2201", "220429")  # a post of the district
    waiting(connection, "W5", "2200", "220421", backfill="true")
    waiting(connection, "W6", "2200", "220421", day="2026-05-30")  # before its first day
    waiting(connection, "W7", "2201", "220429", n=1)
    assert matched() == 4
    expected = {("WINE", 1, "W1"), ("WINE", 1, "W4"), ("WINE", 1, "W7"), ("CHEAP", 1, "W7")}
    assert hits(connection) == expected
    assert matched() == 0
    # what is decided is not matched any more
    connection.execute(
        """insert into treatment.decisions
        select (jsonb_populate_record(like_it, jsonb_build_object(
            'importer_id', id.importer, 'declaration_id', id.declaration, 'decided_at', now()))).*
        from treatment.decisions as like_it
        cross join (values ('P99', 'W1'), ('P99', 'W3'), ('P1', 'W7')) as id (importer, declaration)
        where like_it.declaration_id = 'D1-1'"""
    )
    connection.execute(
        """insert into intermediate.int_inspection_versions (
            importer_id, declaration_id, result_id, version_no, has_finding, is_backfill, known_at,
            known_on, recorded_at, is_latest, batch_id, row_no)
        values
            ('P99', 'W1', 'RW1', 1, true, false, now(), '2026-06-23', now(), true, 'r', 1),
            ('P1', 'W7', 'RW7', 1, false, false, now(), '2026-06-23', now(), true, 'r', 2)"""
    )
    activated(by="li", parameter_id="SHOES", condition="hs6 = '640399'")
    assert matched() == 0
    now_is(connection, "2026-09-03 09:00+08")
    assert rows(
        connection,
        """select state, hits, sole_hits, examined_hits, findings, examined_sole_hits,
            sole_findings, hit_rate, sole_hit_rate, age_days, days_since_hit, days_to_expiry,
            is_review_overdue, has_no_hit, expected_hits_per_day
        from treatment.parameters where parameter_id = 'WINE'""",
    ) == [("activated", 3, 2, 2, 1, 1, 1, 0.5, 1, 74, 74, 119, True, False, 0)]
    assert rows(
        connection,
        "select parameter_id from treatment.parameters where has_no_hit and state = 'activated'",
    ) == [("SHOES",)]
    assert rows(
        connection,
        """select declaration_id, is_sole_hit, is_examined, has_finding, decided_on is not null
        from treatment.parameter_hits where parameter_id = 'WINE' order by 1""",
    ) == [
        ("W1", True, True, True, True),
        ("W4", True, False, None, False),
        ("W7", False, True, False, True),
    ]


def test_who_may_not_is_refused_by_the_command_and_by_the_database(
    connection: psycopg.Connection,
) -> None:
    def refused(code: str, event: store.Event, name: str, by: str) -> None:
        with pytest.raises(RefusedAct, match=r"[\u4e00-\u9fff]") as caught:
            store.decide(event, name, None, by=by, reason="r")
        assert caught.value.code == code
        with pytest.raises(psycopg.errors.CheckViolation, match=code):
            connection.execute(
                """insert into ops.parameter_events (
                    parameter_id, version, "event", happened_at, officer, unit_code, reason)
                select parameter_id, max(version), %s, '2026-09-03', %s, 'gacc', 'r'
                from ops.parameter_versions where parameter_id = %s group by parameter_id""",
                [event, by, name],
            )

    shanghai = {"parameter_id": "OWN", "jurisdiction": ("subcentre_shanghai",)}
    name, _ = proposed(by="li", **shanghai)
    refused("own_proposal", "approved", name, "li")
    refused("own_proposal", "refused", name, "li")
    refused("outside_jurisdiction", "approved", name, "chen")
    refused("outside_jurisdiction", "approved", name, "zhou")
    refused("officer_without_unit", "approved", name, "nobody")
    refused("state_proposed", "activated", name, "sun")
    refused("state_proposed", "suspended", name, "sun")
    store.decide("approved", name, 1, by="sun", reason="sound")
    refused("state_approved", "approved", name, "sun")
    refused("impact_missing", "activated", name, "sun")
    # the impact of an earlier version is none of this one
    impact.analyse(name, 1, by="sun")
    _, version = proposed(by="li", condition=f"{WINE} or is_by_air", **shanghai)
    store.decide("approved", name, version, by="sun", reason="sound")
    refused("impact_missing", "activated", name, "sun")
    impact.analyse(name, version, by="sun")
    store.decide("activated", name, version, by="sun", reason="start")
    # a district's own parameter: proposed and suspended there, decided above
    name, _ = proposed(by="wu", parameter_id="POST", jurisdiction=("2201",), owner_unit="2201")
    refused("level_too_low", "approved", name, "wu")
    refused("level_too_low", "approved", name, "zhou")
    store.decide("refused", name, 1, by="sun", reason="too broad")
    refused("state_refused", "withdrawn", name, "wu")
    # Jinan is on no sub-centre's list: the department decides
    name, _ = proposed(by="zheng", parameter_id="JINAN", jurisdiction=("4300",), owner_unit="4300")
    for officer in ("li", "chen"):
        refused("outside_jurisdiction", "approved", name, officer)
    store.decide("approved", name, 1, by="zhao", reason="sound")

    with pytest.raises(RefusedAct) as caught:
        proposed(by="li", parameter_id="FAR", jurisdiction=("2200", "5300"))
    assert caught.value.code == "outside_jurisdiction"
    with pytest.raises(RefusedAct):
        proposed(by="li", parameter_id="FAR", jurisdiction=("gacc",))
    # what was refused left nothing behind
    assert rows(connection, "select 1 from ops.parameter_versions where parameter_id = 'FAR'") == []


def test_what_cannot_be_so_is_not_proposed(connection: psycopg.Connection) -> None:
    for changed in (
        {"expires_on": date(2027, 6, 2)}, {"expires_on": date(2026, 6, 1)}, {"legal_basis": ""},
        {"review_on": date(2027, 1, 1)}, {"jurisdiction": ()}, {"jurisdiction": ("9999",)},
        {"owner_unit": "nowhere"},
        {"starts_on": date(2025, 6, 1), "expires_on": date(2026, 5, 1),
         "review_on": date(2026, 1, 1)},
    ):  # fmt: skip
        with pytest.raises(UnusableParameter):
            proposed(by="wang", parameter_id="ODD", **changed)
    with pytest.raises(RefusedCondition):
        proposed(by="wang", parameter_id="ODD", condition="hs6 = 1")
    with pytest.raises(UnusableParameter):
        store.decide("approved", "WINE", None, by="wang", reason=" ")
    with pytest.raises(UnusableParameter):
        store.appoint("x", "9999", valid_from=date(2026, 1, 1), valid_to=None, by="admin")
    for change in ("update {} set version = 9", "delete from {}", "truncate {} cascade"):
        for table in ("versions", "events", "impacts"):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                connection.execute(change.format(f"ops.parameter_{table}"))


def test_a_later_version_replaces_and_time_ends_what_is_left(
    connection: psycopg.Connection,
) -> None:
    _, version = activated(by="li", condition=f"{WINE} and price_z < 0")
    states = """select version, "state" from ops.parameter_states
        where parameter_id = 'WINE' order by version"""
    assert version == 2
    assert rows(connection, states) == [(1, "withdrawn"), (2, "activated")]
    store.decide("suspended", "WINE", 2, by="zhou", reason="too many")
    waiting(connection, "W8", "2201", "220421", n=1, day="2026-09-03")
    matched()
    assert ("WINE", 2, "W8") not in hits(connection)
    store.decide("activated", "WINE", 2, by="li", reason="again")
    matched()
    assert ("WINE", 2, "W8") in hits(connection)

    assert store.expire_due() == 0
    now_is(connection, "2027-01-01 00:10+08")
    before = rows(
        connection,
        """select count(*) from ops.parameter_states
        where "state" in ('proposed', 'approved', 'activated', 'suspended')""",
    )
    assert store.expire_due() == before[0][0] > 4
    assert store.expire_due() == 0
    assert rows(connection, states) == [(1, "withdrawn"), (2, "expired")]
    with pytest.raises(RefusedAct) as caught:
        store.decide("activated", "WINE", 2, by="li", reason="again")
    assert caught.value.code == "state_expired"
    waiting(connection, "W9", "2201", "220421", n=1, day="2027-01-01")
    assert matched() == 0


def test_a_parameter_lives_on_the_command_line(connection: psycopg.Connection) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "likes" not in run("attributes")
    assert "declarations.hs6 = '1'" in run("check", "hs6 = '1'")
    run("appoint", "qian", "subcentre_shanghai", "--from", "2026-01-01", "--by", "admin")
    run(
        "propose", "LINE", "declared_value_cny > 500", "--domain", "tax", "--measure", "inspection",
        "--examine", "value", "--examine-zh", "价格", "--where", "2200", "--owner", "2200",
        "--legal-basis", "Article 13", "--from", "2027-01-01", "--until", "2027-06-30",
        "--review", "2027-03-01", "--reason", "cheap", "--reason-zh", "低价", "--by", "zhou",
    )  # fmt: skip
    assert "beyond capacity" in run("impact", "LINE", "--by", "qian", "--months", "12")
    run("approve", "LINE", "--by", "qian", "--reason", "sound")
    run("activate", "LINE", "--by", "qian", "--reason", "start")
    assert matched() == 1
    run("suspend", "LINE", "--by", "qian", "--reason", "noise")
    assert "LINE" in run("list") and "LINE" in run("list", "--domain", "tax")
    assert "suspended" in run("show", "LINE")
    run("withdraw", "LINE", "--by", "qian", "--reason", "done")
    assert CliRunner().invoke(app, ["show", "NONE"]).exit_code == 1
    refused = CliRunner().invoke(app, ["refuse", "LINE", "--by", "qian", "--reason", "late"])
    assert isinstance(refused.exception, RefusedAct)
    assert ASKED.parameter_id in run("list")
