"""Core marts on a real PostgreSQL: equal day by day and in bulk, and tiers as they were known."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
import yaml

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import PROJECT, dbt
from expectations.codes import hs6_codes

pytestmark = pytest.mark.timeout(600)

_WORLD = Path(__file__).with_name("test_core_marts_world.sql")
_GAPS = Path(__file__).with_name("rows_with_gaps.sql")
_MARTS = (
    "declarations", "declaration_lines", "findings", "parties", "party_credit_tiers", "commodities",
    "core_countries", "core_customs_units", "ports", "manifests", "jurisdictions",
)  # fmt: skip
# what a rebuild must not change
TABLES = {
    "int_declared_tiers": "importer_id, known_on, tier_code, last_told",
    "int_party_roles": "party_id, party_role, first_known_on, last_known_on, declarations",
    "int_declaration_lines": (
        "declaration_id, batch_id, row_no, line_no, line_count, goods_code, hs6, goods_name,"
        " origin_country, net_mass_kg, line_value, line_currency, value_share, tax_rate_pct"
    ),
    "int_manifests": "manifest_no, bill_no, manifest_function, goods_name, batch_id, row_no",
    "int_ports": "port_code, port_role, first_known_on, last_known_on",
}
_LIVE_FROM, _LAST_DAY = 5, 12


def build(*flags: str, also: tuple[str, ...] = ()) -> None:
    """Build what the core marts are made of, and them, but no list anew."""
    left_out = ("test", "unit_test", *(() if also else ("seed",)))
    options = [part for kind in left_out for part in ("--exclude-resource-type", kind)]
    dbt("build", *options, *flags, "--select", *(f"+{mart}" for mart in _MARTS), *also)


def deliver(connection: psycopg.Connection, table: str, where: str, sent: str | None) -> None:
    """Load what the world holds of a feed as one delivery; without `sent` it is history."""
    feed = table.removeprefix("corrected_")
    columns = ", ".join(
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns"
            " where table_schema = 'world' and table_name = %s and column_name <> 'day'",
            [table],
        )
    )
    known = {"declarations": "declared_at", "credit_ratings": "decided_at"}.get(feed, "prepared_at")
    batch = f"{table} {sent or 'history'}"
    loaded = connection.execute(
        f"""insert into raw.{feed} ({columns}, batch_id, row_no, is_backfill, known_at)
        select {columns}, %s, row_number() over (order by day, {columns}), %s,
            coalesce(%s::timestamptz, {known})
        from world.{table} where {where} on conflict do nothing""",
        [batch, sent is None, sent],
    ).rowcount
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill, status,
            received, loaded, quarantined, duplicate, corrected)
        values (%s, %s, %s, %s, %s, %s, 'loaded', %s, %s, 0, 0, %s)""",
        [batch, feed, batch, batch, sent, sent is None, loaded, loaded, int(feed != table)],
    )


@pytest.fixture(scope="module")
def core(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Deliver a history and live days, building after each; manifests once out of order."""
    with psycopg.connect(doors.url(), autocommit=True) as connection:
        steps.initialize()
        connection.execute("set timezone = 'Asia/Shanghai'")
        connection.execute(_GAPS.read_text())
        connection.execute(_WORLD.read_text())
        for feed in ("declarations", "credit_ratings", "manifests"):
            # of a decision that was changed within history, the change comes with the live days
            first = "and status = 'active'" if feed == "credit_ratings" else ""
            deliver(connection, feed, f"day < {_LIVE_FROM} {first}", None)
        build(also=("path:seeds", "path:snapshots"))
        for day in range(_LIVE_FROM, 13):
            deliver_day(connection, day)
            if day % 3 == 0 or day == _LAST_DAY:
                build()
        yield connection


def deliver_day(connection: psycopg.Connection, day: int) -> None:
    """Deliver what is new on a live day; the first one also has what history left open."""
    sent = str(datetime(2026, 3, 26, 18, tzinfo=timezone(timedelta(hours=8))) + timedelta(day))
    today = f"day {'<=' if day == _LIVE_FROM else '='} {day}"
    deliver(connection, "declarations", f"day = {day}", sent)
    deliver(connection, "corrected_declarations", today, sent)
    deliver(connection, "manifests", f"day = {day}", sent)
    still_open = f"day < {_LIVE_FROM} and status = 'withdrawn'" if day == _LIVE_FROM else "false"
    deliver(connection, "credit_ratings", f"day = {day} or {still_open}", sent)


def count(connection: psycopg.Connection, query: str) -> int:
    """Return the one number that a query yields."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_the_tier_of_each_day_is_what_was_known_of_it(core: psycopg.Connection) -> None:
    # straight from what was delivered, for every party, day and later day of asking
    expected = """
        with days as (
            select day::date as day
            from generate_series(date '2026-03-25', date '2026-04-12', interval '1 day') as day
        ), asked as (
            select party_id, d.day as in_force_on, t.day as asked_on
            from (select distinct importer_id as party_id from raw.declarations
                union select subject_uscc from raw.credit_ratings) as parties
            cross join days as d inner join days as t on t.day >= d.day
        )
        select party_id, in_force_on, asked_on, coalesce(register.tier_code, declared.tier_code)
        from asked
        left join lateral (
            select tier_code from (
                select distinct on (rating_id) * from raw.credit_ratings
                where subject_uscc = party_id and known_at::date < asked_on
                order by rating_id, known_at desc, batch_id desc
            ) as latest
            where status = 'active' and effective_from <= in_force_on
                and coalesce(effective_to, 'infinity') >= in_force_on
            order by effective_from desc, known_at desc, rating_id desc limit 1
        ) as register on true
        left join lateral (
            select importer_credit_tier as tier_code from intermediate.int_declarations
            where importer_id = party_id and known_on < in_force_on
                and importer_credit_tier is not null
            order by known_on desc, declared_at desc, array_position(
                array['advanced_certified', 'certified', 'regular', 'dishonest',
                    'seriously_dishonest'], importer_credit_tier) desc
            limit 1
        ) as declared on true
        where coalesce(register.tier_code, declared.tier_code) is not null"""
    found = """
        select party_id, d::date, t::date, told_tier_code
        from core.party_credit_tiers,
            generate_series(date '2026-03-25', date '2026-04-12', interval '1 day') as d,
            generate_series(date '2026-03-25', date '2026-04-12', interval '1 day') as t
        where t >= d and valid_from <= d and coalesce(valid_to, 'infinity') >= d
            and known_from <= t and coalesce(known_to, 'infinity') >= t"""
    assert count(core, f"select count(*) from ({expected}) as e") > 500
    assert core.execute(f"({expected}) except all ({found})").fetchall() == []
    assert core.execute(f"({found}) except all ({expected})").fetchall() == []
    # the order changes on 1 April, and with it what a tier counts as
    orders = """select order_no, bool_and(tier_code = told_tier_code) from core.party_credit_tiers
        where told_tier_code in ('certified', 'seriously_dishonest') group by 1 order by 1"""
    assert core.execute(orders).fetchall() == [(251, False), (282, True)]


def test_lines_are_those_of_the_version_that_is_shown(core: psycopg.Connection) -> None:
    wrong = """
        select lines.declaration_id from core.declaration_lines as lines
        inner join core.declarations using (declaration_id)
        group by lines.declaration_id, declarations.is_corrected, declarations.declared_value_cny
        having declarations.is_corrected <> (min(lines.goods_name) = 'bed')
            or (count(lines.declared_value_cny) = count(*) and
                abs(sum(lines.declared_value_cny) - max(declarations.declared_value_cny)) > 0.02)"""
    assert core.execute(wrong).fetchall() == []
    shown = core.execute(
        """select distinct on (lines.goods_name) lines.goods_name, goods_code, lines.hs6,
            lines.origin_country, line_value, line_currency, is_from_header,
            lines.net_mass_kg = declarations.net_mass_kg
        from core.declaration_lines as lines inner join core.declarations using (declaration_id)
        where lines.goods_name is not null order by lines.goods_name, declaration_id"""
    ).fetchall()
    told = {row[0]: row[1:] for row in shown}
    assert told["horse"][:4] == ("0101210010", "010121", "US", 30)
    assert told["wine"] == ("2204210000", "220421", "FR", 5.5, "EUR", False, True)
    assert told["bed"][:3] == ("9403500000", "940350", "IT")
    horses = "from core.declaration_lines where goods_name = 'horse'"
    assert core.execute(f"select bool_and(net_mass_kg = 12.5) {horses}").fetchone() == (True,)
    missing = """select declaration_id from core.declarations
        except select declaration_id from core.declaration_lines"""
    assert core.execute(missing).fetchall() == []


def test_parties_ports_and_manifests_are_what_was_told_last(core: psycopg.Connection) -> None:
    roles = """
        select party_id, min(known_on), max(known_on), count(*) filter (where role = 'importer')
        from intermediate.int_declarations,
            lateral (values ('importer', importer_id), ('declarant', declarant_id),
                ('seller', seller_id)) as named (role, party_id)
        where party_id is not null group by 1"""
    found = """select party_id, first_known_on, last_known_on, declarations_as_importer
        from core.parties"""
    assert core.execute(f"({roles}) except ({found})").fetchall() == []
    assert count(core, f"select count(*) from ({roles}) as r") == count(
        core, "select count(*) from core.parties"
    )
    latest = """select distinct on (bill_no) bill_no, goods_name, manifest_function = '1'
        from raw.manifests order by bill_no, known_at desc, batch_id desc, row_no desc"""
    kept = "select bill_no, goods_name, is_cancelled from core.manifests"
    assert core.execute(f"({latest}) except ({kept})").fetchall() == []
    ports = "select port_code, country, is_locode from core.ports order by 1"
    assert ("elsewhere", None, False) in core.execute(ports).fetchall()
    assert ("CNSHA", "CN", True) in core.execute(ports).fetchall()
    other = "select hs6, chapter from core.commodities where hs_edition = 'other'"
    assert core.execute(other).fetchall() == [("999998", "99")]


def test_every_office_has_a_jurisdiction_on_every_day(core: psycopg.Connection) -> None:
    on_a_day = """select office_code, district_code, subcentre_key from core.jurisdictions
        where office_code in ('2248', '4300', '5200') and valid_from <= '2026-04-01'
            and coalesce(valid_to, 'infinity') >= '2026-04-01' order by 1"""
    assert core.execute(on_a_day).fetchall() == [
        ("2248", "2200", "shanghai"),
        ("4300", "4300", None),
        ("5200", "5200", "huangpu"),
    ]
    districts = "select count(*) from core.customs_units where unit_level = 'district'"
    assert count(core, districts) == 42


def test_day_by_day_and_in_bulk_are_the_same(core: psycopg.Connection) -> None:
    core.execute("create schema was")
    for table, columns in TABLES.items():
        core.execute(f"create table was.{table} as select {columns} from intermediate.{table}")
    # lists and their history stay as they are
    build("--full-refresh", "--exclude-resource-type", "snapshot")
    for table, columns in TABLES.items():
        assert count(core, f"select count(*) from was.{table}") > 3
        for one, other in (("was", "intermediate"), ("intermediate", "was")):
            extra = f"select {columns} from {one}.{table} except all select {columns} from"
            assert core.execute(f"{extra} {other}.{table}").fetchall() == [], (table, one)


def test_an_edited_list_leaves_its_versions_behind(core: psycopg.Connection) -> None:
    edit = "update reference.subcentre_jurisdictions set {} where district_code = '8000'"
    core.execute(edit.format("valid_to = '2026-12-31'"))
    core.execute("delete from reference.subcentre_jurisdictions where district_code = '9000'")
    dbt("build", "--select", "subcentre_jurisdictions_history")
    kept = core.execute(
        """select district_code, valid_to::text, dbt_valid_to is null, dbt_is_deleted
        from history.subcentre_jurisdictions_history
        where district_code in ('8000', '9000') order by 1, dbt_valid_from, dbt_is_deleted"""
    ).fetchall()
    assert kept == [
        ("8000", None, False, "False"),
        ("8000", "2026-12-31", True, "False"),
        ("9000", None, False, "False"),
        ("9000", None, True, "True"),
    ]


def test_the_list_of_goods_is_that_of_the_package(core: psycopg.Connection) -> None:
    held = core.execute("select hs6 from core.commodities where hs_edition = 'HS2022' order by 1")
    assert [row[0] for row in held.fetchall()] == hs6_codes()


def test_snapshots_say_of_columns_what_the_seeds_say() -> None:
    folder = PROJECT / "seeds"
    seeds = {
        seed["name"]: seed
        for path in folder.glob("*.yml")
        for seed in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]
    }
    snapshots = yaml.safe_load((PROJECT / "snapshots" / "_snapshots.yml").read_text("utf-8"))
    for snapshot in snapshots["snapshots"]:
        seed = seeds[snapshot["name"].removesuffix("_history")]
        said = {
            column["name"]: (column["description"], column["config"])
            for column in snapshot["columns"]
            if not column["name"].startswith("dbt_")
        }
        assert said == {
            column["name"]: (column["description"], column["config"]) for column in seed["columns"]
        }
