"""Who reads what on a real PostgreSQL: every role through every door, and no leak through any."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from customs_risk import warehouse as doors
from customs_risk.access import members
from customs_risk.access.classes import columns_of_class
from customs_risk.settings import Settings
from tests.integration.access_stage import PLACES, build, reading_as, two_districts, values

pytestmark = pytest.mark.timeout(600)

_MARTS = ["core", "indicators", "assessment", "treatment", "feedback", "supervision"]
READS = {
    "collector": set(),
    "transformer": {"staging", "intermediate", "reference"},
    "assessor": {"reference", "core", "indicators", "assessment", "treatment"},
    "analyst": {"reference", "core", "indicators", "assessment", "treatment", "feedback"},
    "manager": {"feedback"},
    "auditor": {"reference", "history", "access", *_MARTS},
    "parameter_officer": {"reference", "core", "indicators", "treatment", "feedback"},
}
NEVER = ["raw", "gate", "ml"]
OPS = {
    "collector": {
        "alarms", "batches", "code_lists", "contracts", "quarantined_rows", "source_failures",
        "watermarks",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def owner(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with two_districts() as opened:
        yield opened


# -- who reads which relation ----------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(READS))
def test_a_role_reads_its_schemas_and_nothing_else(owner: psycopg.Connection, role: str) -> None:
    relations = owner.execute(
        """select schemas.nspname, relations.relname, relations.relkind
        from pg_class as relations inner join pg_namespace as schemas
            on schemas.oid = relations.relnamespace
        where relations.relkind in ('r', 'v') and schemas.nspname = any(%s)""",
        [[*NEVER, "ops", "staging", "intermediate", "reference", "history", "access", *_MARTS]],
    ).fetchall()
    assert len(relations) > 80
    with reading_as(f"{role}_everywhere") as connection:
        wrong = [
            f"{schema}.{name}"
            for schema, name, _ in relations
            if _may_read(connection, schema, name) != _should_read(role, schema, name)
        ]
    assert not wrong


def _should_read(role: str, schema: str, name: str) -> bool:
    if schema == "ops":
        return (role == "auditor" and name != "quarantine") or name in OPS.get(role, ())
    if schema == "access":
        # what the conditions themselves ask is nobody's data, but only the auditor can name it
        return role == "auditor"
    if schema in _MARTS and name.startswith("int_"):
        return False
    return schema in READS[role]


def _may_read(connection: psycopg.Connection, schema: str, name: str) -> bool:
    try:
        connection.execute(
            sql.SQL("select count(*) from (select from {} limit 1) as any_row").format(
                sql.Identifier(schema, name)
            )
        )
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@pytest.mark.parametrize("role", sorted(READS))
def test_a_role_writes_nothing(owner: psycopg.Connection, role: str) -> None:
    with reading_as(f"{role}_everywhere") as connection:
        for statement in (
            "insert into ops.batches (batch_id) values ('x')",
            "update treatment.decisions set lane = 'low'",
            "delete from access.log",
            "insert into access.log (login) values ('x')",
            "truncate treatment.decisions",
            "create table core.mine ()",
            "create table public.mine ()",
            "alter table treatment.decisions disable row level security",
            "select access.serve('treatment.decisions', 'x', 'public', '{}', 'true')",
            "select access.make_member(current_user::text, 'customs_risk_owner')",
            "grant customs_risk_owner to current_user",
            "set role customs_risk_owner",
            "set session_replication_role = replica",
            "copy raw.declarations to stdout",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("role", sorted(READS.keys() - {"auditor"}))
def test_hints_on_officers_are_for_auditors_alone(owner: psycopg.Connection, role: str) -> None:
    owner.execute(
        """insert into ops.hint_reviews (hint_id, verdict, reason, reviewed_at, reviewed_by)
        values ('h', 'explained', 'why', now(), 'li.na')"""
    )
    asked = (
        "select subject_key from supervision.hints",
        "select * from supervision.int_hints_law_enforcement",
        "select verdict from ops.hint_reviews",
    )
    with reading_as(f"{role}_everywhere") as connection:
        for query in asked:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)
    # where hints are decided is the pipeline's own; what was decided and reviewed is the auditor's
    with reading_as("auditor_nowhere") as connection:
        connection.execute(asked[0])
        assert "explained" in values(connection, asked[2])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(asked[1])
    noted = "select mart from access.log where login = 'auditor_nowhere' and query = %s"
    assert "supervision.hints" in values(owner, noted, asked[0])


# -- which rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize(
    ("role", "mart"),
    [
        ("assessor", "core.declarations"),
        ("assessor", "core.inspections"),
        ("assessor", "assessment.conclusions"),
        ("assessor", "treatment.decisions"),
        ("analyst", "treatment.instructions"),
        ("manager", "feedback.declaration_trail"),
        ("parameter_officer", "treatment.decisions"),
    ],
)
def test_rows_are_those_of_the_jurisdiction(
    owner: psycopg.Connection, role: str, mart: str, place: str
) -> None:
    offices = {"2201"} if place in ("here", "subcentre") else {"5301"}
    offices = {"everywhere": {"2201", "5301"}, "nowhere": set()}.get(place, offices)
    with reading_as(f"{role}_{place}") as connection:
        assert set(values(connection, f"select office_code from {mart}")) == offices
        assert set(values(connection, f"select office_code from {mart} where true")) == offices


def test_a_district_that_moves_is_read_by_its_new_subcentre_from_its_day(
    owner: psycopg.Connection,
) -> None:
    count = "select count(*) from core.declarations where office_code = '5301'"
    with reading_as("analyst_subcentre") as connection:
        for moves_on, expected in (("current_date + 1", 0), ("current_date", 20)):
            owner.execute(
                f"""update reference.subcentre_jurisdictions set valid_to = {moves_on} - 1
                where district_code = '5300' and subcentre_key = 'huangpu'"""
            )
            owner.execute(
                "delete from reference.subcentre_jurisdictions"
                " where district_code = '5300' and subcentre_key = 'shanghai'"
            )
            owner.execute(
                f"""insert into reference.subcentre_jurisdictions
                    (subcentre_key, district_code, valid_from)
                values ('shanghai', '5300', {moves_on})"""
            )
            owner.execute("select access.sync_jurisdictions()")
            assert values(connection, count) == [expected]
            # the day is the business's, whatever the reader's session says
            connection.execute("set timezone = 'Pacific/Kiritimati'")
            assert values(connection, count) == [expected]
            connection.execute("reset timezone")
    build("subcentre_jurisdictions")
    with reading_as("analyst_subcentre") as connection:
        assert values(connection, count) == [0]


def test_rows_of_persons_are_for_those_who_may_see_persons(owner: psycopg.Connection) -> None:
    told = "select count(*) from core.risk_signals where feed = 'watch_list'"
    (all_of_them,) = values(owner, told)
    assert all_of_them
    for login, seen in (("assessor_nowhere", all_of_them), ("analyst_everywhere", 0)):
        with reading_as(login) as connection:
            assert values(connection, told) == [seen]


# -- which columns ---------------------------------------------------------------------------------


def test_persons_are_masked_for_analysts_and_shown_to_assessors(owner: psycopg.Connection) -> None:
    officers = "select distinct officer_id from core.inspections"
    with reading_as("analyst_here") as connection:
        assert values(connection, officers) == [None]
        assert values(connection, f"{officers} where officer_id = 'PERSON-officer'") == []
    with reading_as("assessor_here") as connection:
        assert values(connection, officers) == ["PERSON-officer"]


def test_no_analyst_is_shown_any_personal_column_of_any_mart(owner: psycopg.Connection) -> None:
    personal = columns_of_class("personal", "secret")
    views = owner.execute(
        "select schemaname, viewname from pg_views where schemaname = any(%s)",
        [[schema for schema in _MARTS if schema in READS["analyst"]]],
    ).fetchall()
    looked_at = 0
    with reading_as("analyst_everywhere") as connection:
        for schema, name in views:
            for column in personal.get(name, ()):
                looked_at += 1
                query = f'select count("{column}") from {schema}.{name}'
                assert values(connection, query) == [0], f"{schema}.{name}.{column}"
    assert looked_at >= 5


def test_a_personal_column_of_a_table_is_not_granted(owner: psycopg.Connection) -> None:
    owner.execute("create table feedback.toy as select 'PERSON-x' as officer_id, 1 as n")
    owner.execute(
        """select access.serve(
            'feedback.toy', 'feedback.toy', 'personal', '{"officer_id": "personal"}',
            $$(select access.reads('feedback.toy', 'personal'))$$)"""
    )
    with reading_as("analyst_nowhere") as connection:
        assert values(connection, "select n from feedback.toy") == [1]
        for asked in ("officer_id", "*", "toy", "to_jsonb(toy)", "toy.*::text"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select {asked} from feedback.toy")
    with reading_as("auditor_nowhere") as connection:
        assert values(connection, "select officer_id from feedback.toy") == ["PERSON-x"]
    owner.execute("drop table feedback.toy")


def test_every_table_that_keeps_persons_is_one_that_retention_clears(
    owner: psycopg.Connection,
) -> None:
    kept = values(
        owner,
        """select tables.relname::text
        from pg_class as tables inner join pg_namespace as schemas
            on schemas.oid = tables.relnamespace
        where tables.relkind = 'r' and schemas.nspname = any(%s) and 2 > (
            select count(*) from pg_attribute as columns
            where columns.attrelid = tables.oid and columns.attname in ('batch_id', 'known_at'))""",
        ["intermediate", "history", *_MARTS],
    )
    assert set(kept) & columns_of_class("personal", "secret").keys() <= {"int_mentions"}


# -- the build keeps it ----------------------------------------------------------------------------


def test_every_mart_is_guarded_and_stays_so_after_a_full_refresh(owner: psycopg.Connection) -> None:
    for _ in range(2):
        unguarded = values(
            owner,
            """select relations.oid::regclass::text
            from pg_class as relations inner join pg_namespace as schemas
                on schemas.oid = relations.relnamespace
            where schemas.nspname = any(%s) and not starts_with(relations.relname, 'int_')
                and not (
                    relations.relkind not in ('r', 'v')
                    or (relations.relkind = 'r' and relations.relrowsecurity)
                    or (relations.relkind = 'v' and 'security_barrier=true' = any(reloptions))
                )""",
            _MARTS,
        )
        assert not unguarded
        with reading_as("analyst_here") as connection:
            for mart in ("core.declarations", "treatment.decisions", "feedback.declaration_trail"):
                offices = values(connection, f"select distinct office_code from {mart}")
                assert offices == ["2201"], mart
        build("declarations", "decisions", "declaration_trail", "inspections", full_refresh=True)


def test_the_pipeline_is_neither_masked_nor_logged_and_uses_indexes(
    owner: psycopg.Connection,
) -> None:
    before = values(owner, "select count(*) from access.log")
    officers = set(values(owner, "select officer_id from core.inspections"))
    assert officers == {"PERSON-officer", "HIDDEN-PERSON-officer"}
    assert values(owner, "select count(*) from access.log") == before
    owner.execute("set enable_seqscan = off")
    for query in (
        "select * from core.declarations where declaration_id = 'D0001'",
        "select * from core.inspections where declaration_id = 'D0001'",
        "select * from assessment.conclusions where declaration_id = 'D0001'",
        "select * from assessment.conclusions where assessed_at > now()",
        "select * from treatment.decisions where declaration_id = 'D0001'",
    ):
        plan = "\n".join(values(owner, f"explain {query}"))
        assert "Index" in plan and "Seq Scan" not in plan, plan
    owner.execute("reset enable_seqscan")


# -- the log ---------------------------------------------------------------------------------------


def logged(owner: psycopg.Connection, login: str) -> list[tuple[str, str]]:
    found = owner.execute(
        "select mart, query from access.log where login = %s order by read_id", [login]
    ).fetchall()
    owner.execute("delete from access.log where login = %s", [login])
    return found


def test_each_query_that_reads_a_classified_mart_is_logged_once(owner: psycopg.Connection) -> None:
    login = "analyst_here"
    logged(owner, login)
    twice = (
        "select count(*) from core.declarations as a inner join core.declarations as b using (hs6)"
    )
    with reading_as(login) as connection:
        connection.execute(twice)
        connection.execute("select 1 from treatment.decisions limit 0")
        connection.execute("select count(*) from treatment.decisions")
        connection.execute("select count(*) from reference.customs_units")
        connection.execute("explain select * from core.inspections")
    found = logged(owner, login)
    assert (("core.declarations", twice)) in found
    assert [mart for mart, _ in found].count("core.declarations") == 1
    assert ("treatment.decisions", "select count(*) from treatment.decisions") in found
    assert {mart for mart, _ in found} == {"core.declarations", "treatment.decisions"}


def test_no_rollback_and_no_read_only_transaction_hides_a_reading(
    owner: psycopg.Connection, server: Path
) -> None:
    with reading_as("assessor_here") as connection:
        connection.execute("begin")
        connection.execute("select count(*) from core.inspections")
        connection.execute("rollback")
        connection.execute("begin read only")
        connection.execute("select count(*) from assessment.conclusions")
        connection.execute("commit")
    messages = (server / "postgres" / "messages").glob("*.log")
    told = "".join(file.read_text(errors="replace") for file in messages)
    for mart in ("core.inspections", "assessment.conclusions"):
        assert f"assessor_here (login assessor_here) reads {mart} (restricted)" in told
    assert "customs_risk access: postgres" not in told


def test_nobody_reads_under_another_name(owner: psycopg.Connection) -> None:
    with reading_as("analyst_here") as connection:
        connection.execute("set role customs_risk_analyst")
        connection.execute("select count(*) from core.declarations")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select access.reads('core.declarations', 'restricted')")
    readers = owner.execute(
        "select distinct reader, login from access.log where login = 'analyst_here'"
        " and reader <> login"
    ).fetchall()
    assert readers == [("customs_risk_analyst", "analyst_here")]


def test_whoever_looks_into_quarantine_is_noted(owner: psycopg.Connection) -> None:
    logged(owner, "collector_nowhere")
    with reading_as("collector_nowhere") as connection:
        assert values(connection, "select count(*) from ops.quarantined_rows") == [1]
    assert [mart for mart, _ in logged(owner, "collector_nowhere")] == ["ops.quarantine"]


# -- members ---------------------------------------------------------------------------------------


def test_who_is_let_in_reads_and_who_is_let_out_does_not(owner: psycopg.Connection) -> None:
    granted = members.grant("lily", "analyst", by="head of section", districts=("2200",))
    assert granted == ["analyst", "district_2200"]
    with reading_as("lily") as connection:
        assert values(connection, "select count(*) from core.declarations") == [20]
        assert members.revoke("lily", "district_2200", by="head of section")
        assert values(connection, "select count(*) from core.declarations") == [0]
        assert members.revoke("lily", "analyst", by="head of section")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select count(*) from core.declarations")
    assert not members.revoke("lily", "analyst", by="head of section")
    noted = owner.execute(
        'select changed_by, "role", act from access.memberships where member = %s', ["lily"]
    ).fetchall()
    assert noted == [
        ("head of section", "customs_risk_analyst", "granted"),
        ("head of section", "customs_risk_district_2200", "granted"),
        ("head of section", "customs_risk_district_2200", "revoked"),
        ("head of section", "customs_risk_analyst", "revoked"),
    ]
    assert "analyst_here" in next(r for r in members.roles() if r.name == "analyst").members
    assert members.log(1, mart="core.declarations")[0].reader == "lily"


@pytest.mark.parametrize(
    ("login", "role", "place"),
    [
        ("lily", "boss", {}),
        ("lily", "analyst", {"districts": ("22",)}),
        ("lily", "analyst", {"districts": ("2200; drop",)}),
        ("lily", "analyst", {"subcentres": ("atlantis",)}),
        ("customs_risk_owner2", "analyst", {}),
        ('li"ly', "analyst", {}),
    ],
)
def test_what_nobody_knows_is_not_granted(
    owner: psycopg.Connection, login: str, role: str, place: dict[str, Any]
) -> None:
    with pytest.raises(members.UnknownRole):
        members.grant(login, role, by="test", **place)


def test_two_warehouses_of_one_server_may_make_the_same_role_at_once(
    owner: psycopg.Connection,
) -> None:
    with psycopg.connect(doors.url()) as first, psycopg.connect(doors.url()) as second:
        first.execute("select access.make_role('customs_risk_district_9999')")
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(
                second.execute, "select access.make_role('customs_risk_district_9999')"
            )
            first.commit()
            waiting.result(timeout=30)
        second.commit()
    assert values(
        owner, "select count(*) from pg_roles where rolname = 'customs_risk_district_9999'"
    ) == [1]
