"""Nothing leaks: functions, casts, divisions, plans, statistics, errors and the session's settings.

An analyst of district 2200 tries whatever SQL allows. All that the server answers, rows, notices,
errors and plans, is searched for the marks that rows of the other district and persons bear. An
auditor of all districts tries the same, and must meet them: so the attempts are real.
"""

import re
from collections.abc import Iterator

import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from tests.integration.access_stage import reading_as, two_districts

pytestmark = pytest.mark.timeout(600)

MARKS = re.compile(r"HIDDEN|PERSON|987654321|5301")

# a function that tells what it is given, and claims to cost nothing; operators that ask the
# planner to try them on the table's statistics
SPIES = """
    create function pg_temp.spy(text) returns boolean language plpgsql immutable
        cost 0.0000000000000000000001
        as $$ begin raise notice 'seen %', $1; return true; end $$;
    create function pg_temp.spy(text, text) returns boolean language plpgsql immutable
        cost 0.0000000000000000000001
        as $$ begin raise notice 'seen % %', $1, $2; return true; end $$;
    create operator pg_temp.<=== (
        leftarg = text, rightarg = text, function = pg_temp.spy, restrict = scalarltsel
    );
    create operator pg_temp.==== (
        leftarg = text, rightarg = text, function = pg_temp.spy, restrict = eqsel
    );
"""
COLUMNS = {
    "core.declarations": ["importer_id", "goods_name", "net_mass_kg"],
    "core.inspections": ["result_id", "officer_id", "additional_duty_cny"],
    "assessment.conclusions": ["importer_id", "hazard_factors_en", "expected_revenue_cny"],
    "treatment.decisions": ["importer_id", "reason_en", "expected_revenue_cny"],
    "treatment.instructions": ["importer_id", "goods_name", "expected_revenue_cny"],
    "feedback.declaration_trail": ["importer_id", "goods_name", "declared_value_cny"],
}
ATTEMPTS = [
    "select * from {mart}",
    "select {column} from {mart} where pg_temp.spy({column}::text)",
    "select count(*) from {mart} where pg_temp.spy({column}::text) and office_code = '2201'",
    "select 1 from {mart} as m where pg_temp.spy(m::text)",
    "select 1 from {mart} as m where pg_temp.spy(to_jsonb(m)::text)",
    "select 1 from {mart} where {column}::text operator(pg_temp.<===) 'x'",
    "select 1 from {mart} where {column}::text operator(pg_temp.====) 'x'",
    "select 1 from {mart} where {column} operator(pg_temp.<===) 'x'",
    "select 1 from {mart} where {column} operator(pg_temp.====) 'x'",
    "explain select 1 from {mart} where {column} operator(pg_temp.<===) 'x'",
    "explain select 1 from {mart} where {column} operator(pg_temp.====) 'x'",
    "explain (verbose, analyze) select * from {mart} where pg_temp.spy({column}::text)",
    "explain (verbose, analyze) select * from {mart} where {column}::text < 'x' order by 1",
    "explain (verbose, analyze, generic_plan off) select * from {mart} where {column}::text = 'x'",
    "select 1 from {mart} where {column}::text::date is not null",
    "select 1 from {mart} where {column}::text::xml is not null",
    "select 1 from {mart} where {column}::text::jsonb is not null",
    "select 1 from {mart} where ('[' || {column}::text || ']')::int4range is not null",
    "select 1 from {mart} where {column}::text ~ ('(' || {column}::text)",
    "select 1 from {mart} where to_regclass({column}::text)::text::regclass is null",
    "select 1 from {mart} where {column}::text::regclass is not null",
    "select (pg_input_error_info({column}::text, 'int')).message from {mart}",
    "select 1 from {mart} order by pg_temp.spy({column}::text)",
    "select 1 from {mart} group by {column} having pg_temp.spy({column}::text)",
    "select max({column}::text) from {mart}",
    "select string_agg({column}::text, ',') over () from {mart}",
    "select 1 from {mart} as m inner join (values (1)) as v on pg_temp.spy(m.{column}::text)",
    "select 1 from (values (1)) as v left join {mart} as m on pg_temp.spy(m.{column}::text)",
    "select s.* from {mart} as m, lateral (select pg_temp.spy(m.{column}::text)) as s",
    "select 1 where exists (select 1 from {mart} where pg_temp.spy({column}::text))",
    "select 1 from {mart} where case when pg_temp.spy({column}::text) then true end limit 1",
    "with m as materialized (select * from {mart})"
    " select 1 from m where pg_temp.spy({column}::text)",
    "select 1 from {mart} union all select 1 from {mart} where pg_temp.spy({column}::text)",
    "select table_to_xml('{mart}', true, false, '')",
    "select query_to_xml('select * from {mart}', true, false, '')",
    "copy (select * from {mart} where pg_temp.spy({column}::text)) to stdout",
    "create temporary table mine as select * from {mart}",
    "create temporary view seen as select * from {mart} where pg_temp.spy({column}::text)",
    "select * from seen",
    "drop view seen; drop table mine",
    "prepare again as select * from {mart} where pg_temp.spy({column}::text); execute again;",
    "deallocate again",
    "begin; declare c scroll cursor for select * from {mart}; fetch all from c; rollback",
    "do $$ begin perform 1 from {mart} where pg_temp.spy({column}::text); end $$",
    "analyze {mart}",
]
# what tells nobody anything: planners do not try a stranger's operators on guarded statistics, some
# servers know no XML, and some statements only make ready for others
SILENT = {
    attempt
    for attempt in ATTEMPTS
    if attempt.startswith(("explain", "analyze", "create", "drop", "deallocate"))
    or any(word in attempt for word in ("_to_xml", "::xml", " ~ ("))
}
AROUND = [
    "select * from pg_stats where schemaname <> 'pg_catalog'",
    "select * from pg_stats_ext",
    "select * from pg_stats_ext_exprs",
    "select * from pg_statistic",
    "select * from pg_statistic_ext_data",
    "select query from pg_stat_activity",
    "select * from pg_prepared_statements",
    "select * from pg_cursors",
    "select * from treatment.decisions tablesample system (100) where pg_temp.spy(importer_id)",
    "select ctid, tableoid, xmin, importer_id from treatment.decisions",
    "select * from treatment.decisions for update",
    "set row_security = off; select * from treatment.decisions",
    "set row_security = off; select * from treatment.instructions where pg_temp.spy(goods_name)",
    "set enable_hashjoin = off; set enable_mergejoin = off; select * from core.inspections"
    " inner join core.declarations using (declaration_id) where pg_temp.spy(goods_name)",
    "set from_collapse_limit = 1; select * from feedback.declaration_trail as t"
    " where pg_temp.spy(t.goods_name) and pg_temp.spy(t.importer_id)",
    "set search_path = pg_temp, core, treatment; select * from decisions",
    "set debug_print_plan = on",
    "set client_min_messages = debug5; select * from treatment.decisions",
    "set timezone = 'Etc/GMT+12'; select * from treatment.decisions",
    "set role customs_risk_all_districts; select * from treatment.decisions",
    "set session authorization postgres; select * from raw.declarations",
    "select * from raw.declarations",
    "select * from access.log",
    "select * from ops.quarantine",
    "select pg_read_file('postgresql.conf')",
    "select pg_ls_logdir()",
    "select * from pg_hba_file_rules",
    "select lo_import('/etc/hostname')",
    "copy treatment.decisions to program 'cat'",
    "select currtid2('treatment.decisions', '(0,1)')",
    "select database_to_xml(true, false, '')",
    "select schema_to_xml('treatment', true, false, '')",
    "create function pg_temp.f() returns setof treatment.decisions language sql security definer"
    " as 'select * from treatment.decisions'; select * from pg_temp.f()",
    "select brin_page_items(null, null)",
]


@pytest.fixture(scope="module")
def owner(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with two_districts() as opened:
        # statistics would hold the marks
        opened.execute("analyze")
        yield opened


def answers(connection: psycopg.Connection, statement: str) -> str:
    """Return all that the server says to a statement, but for the statement itself."""
    heard: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        heard.extend(filter(None, (notice.message_primary, notice.message_detail, notice.context)))

    connection.add_notice_handler(hear)
    try:
        if statement.startswith("copy"):
            with connection.cursor().copy(statement) as copy:
                heard += [bytes(block).decode() for block in copy]
        else:
            cursor = connection.execute(statement)
            while True:
                if cursor.description:
                    heard += [str(row) for row in cursor.fetchall()]
                if not cursor.nextset():
                    break
    except psycopg.Error as error:
        told = error.diag
        heard += filter(
            None, (told.message_primary, told.message_detail, told.message_hint, told.context)
        )
    finally:
        connection.remove_notice_handler(hear)
    return "\n".join(heard)


def attempts(mart: str) -> list[str]:
    statements = [
        attempt.format(mart=mart, column=column) for column in COLUMNS[mart] for attempt in ATTEMPTS
    ]
    # an error in any row that is not shown would be an answer too
    hidden_number = COLUMNS[mart][-1]
    return [
        *statements,
        f"select 1 from {mart} where 1 / (coalesce({hidden_number}, 0) - 987654320 - 1) > 2",
        f"select 1 / (coalesce({hidden_number}, 0) - 987654320 - 1) from {mart}",
        f"select 1 from {mart} where sqrt(987654320 - coalesce({hidden_number}, 0)) < 0",
    ]


@pytest.mark.parametrize("mart", COLUMNS)
def test_no_answer_bears_the_mark_of_what_is_hidden(owner: psycopg.Connection, mart: str) -> None:
    statements = attempts(mart)
    with reading_as("analyst_here") as connection:
        connection.execute(SPIES)
        told = {statement: answers(connection, statement) for statement in statements}
    leaks = {statement: text[:300] for statement, text in told.items() if MARKS.search(text)}
    assert not leaks
    computed = {statement: told[statement] for statement in statements[-3:]}
    assert not any(re.search("division by zero|square root", text) for text in computed.values()), (
        computed
    )


def test_the_attempts_show_the_marks_to_whom_they_may_be_shown(
    owner: psycopg.Connection,
) -> None:
    telling = set()
    with reading_as("auditor_everywhere") as connection:
        connection.execute(SPIES)
        for mart, columns in COLUMNS.items():
            for attempt in ATTEMPTS:
                for column in columns:
                    told = answers(connection, attempt.format(mart=mart, column=column))
                    if MARKS.search(told):
                        telling.add(attempt)
            division = attempts(mart)[-3]
            assert "division by zero" in answers(connection, division)
    assert set(ATTEMPTS) - telling <= SILENT


def test_nothing_around_the_marts_tells(owner: psycopg.Connection) -> None:
    with psycopg.connect(doors.url()) as busy, reading_as("analyst_here") as connection:
        busy.execute("select 'HIDDEN' as what_the_pipeline_asks")
        connection.execute(SPIES)
        told = {}
        for statement in AROUND:
            told[statement] = answers(connection, statement)
            connection.execute("reset all")
    assert not {statement: text[:300] for statement, text in told.items() if MARKS.search(text)}
    for statement in ("select * from raw.declarations", "select * from access.log"):
        assert "permission denied" in told[statement]
    # what is told at all is of this district
    assert "2201" in told["select ctid, tableoid, xmin, importer_id from treatment.decisions"] or (
        "importer-1" in told["select ctid, tableoid, xmin, importer_id from treatment.decisions"]
    )


def test_statistics_of_hidden_columns_are_not_shown(owner: psycopg.Connection) -> None:
    seen = (
        "select tablename from pg_stats where schemaname = any(array['intermediate', 'treatment'])"
    )
    assert owner.execute(seen).fetchall()
    with reading_as("analyst_here") as connection:
        assert not connection.execute(seen).fetchall()
