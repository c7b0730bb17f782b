"""What a data engineer does with deliveries: tries, replays, repairs, releases, brings the past."""

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from customs_risk import collect, steps
from customs_risk import warehouse as doors
from customs_risk.cli import app
from customs_risk.collect import BatchOutcome, RefusedDelivery, UnknownBatch, intake
from customs_risk.collect import release as releasing
from customs_risk.collect.release import NothingToRelease, UnusableRepair, release
from customs_risk.sandbox.outside.servers import Outside
from customs_risk.sandbox.world import World
from customs_risk.settings import Settings
from customs_risk.transform import dbt
from expectations.contract import Contract, contract_of, contracts

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("wall_clock")]

FEED = "declarations"
COLUMNS = list(contract_of(FEED).columns)
VERSION = contract_of(FEED).version
GIVEN = {
    "declared_at": "2026-06-30T10:00:00+08:00",
    "office_code": "2200",
    "importer_id": "91310000MA1FL0000X",
    "hs6": "220421",
    "origin_country": "FR",
    "net_mass_kg": "900",
    "declared_value_cny": "54000.50",
}
TOO_HEAVY = {"net_mass_kg": "2000000000"}
BY = {"by": "li.na", "reason": "the declarant confirmed it by telephone"}
ANSWERS_FOR_IT = ["--by", BY["by"], "--reason", BY["reason"]]


@pytest.fixture(scope="module")
def home(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


@pytest.fixture(autouse=True)
def empty(home: Settings) -> None:
    with doors.connect() as connection:
        connection.execute(f"truncate raw.{FEED}, ops.quarantine, ops.batches")


def rows(query: str, *parameters: object) -> list[Any]:
    with doors.connect() as connection:
        return connection.execute(query, parameters or None).fetchall()


def value(query: str, *parameters: object) -> Any:
    return rows(query, *parameters)[0][0]


def file_of(changes: list[dict[str, str]], first: int = 0) -> str:
    lines = [
        ",".join({"declaration_id": f"D{n}", **GIVEN, **change}.get(name, "") for name in COLUMNS)
        for n, change in enumerate(changes, start=first)
    ]
    return "\n".join([",".join(COLUMNS), *lines, ""])


def deliver(home: Settings, content: str, sent: str = "20260630T180000") -> BatchOutcome:
    path = home.inbox / FEED / f"{FEED}_{sent}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    (outcome,) = collect.collect(FEED)
    return outcome


def counts(outcome: BatchOutcome) -> tuple[int, int, int, int]:
    return outcome.received, outcome.loaded, outcome.quarantined, outcome.duplicate


def assert_all_adds_up() -> None:
    """The ledger agrees with what is in raw and in quarantine, delivery by delivery."""
    assert not rows(
        f"""
        select * from ops.batches
        where status = 'loaded' and (
            received <> loaded + quarantined + duplicate
            or loaded <> (
                select count(*) from raw.{FEED} as loaded where loaded.batch_id = batches.batch_id
            )
            or quarantined <> (
                select count(*) from ops.quarantine as held
                where held.batch_id = batches.batch_id and held.released_at is null
            )
        )
        """
    )


def customs_risk(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    """The feed's contract as it is tomorrow: heavier goods pass, and the office may be unknown."""
    today = contract_of(FEED)
    heavier = today.columns["net_mass_kg"].model_copy(update={"maximum": 1e10})
    unknown = today.columns["office_code"].model_copy(update={"nullable": True})
    changed = {**today.columns, "net_mass_kg": heavier, "office_code": unknown}
    tomorrow = today.model_copy(update={"version": VERSION + 1, "columns": changed})
    others = tuple(tomorrow if each.feed == FEED else each for each in contracts())
    for where in (intake, releasing):
        monkeypatch.setattr(where, "contract_of", {each.feed: each for each in others}.__getitem__)
    monkeypatch.setattr("expectations.tables.contracts", lambda: others)
    yield tomorrow


# replay


def test_a_changed_contract_judges_anew_what_was_landed(
    home: Settings, request: pytest.FixtureRequest
) -> None:
    first = deliver(home, file_of([{}] * 12 + [TOO_HEAVY, {"office_code": ""}, {"hs6": "000000"}]))
    assert counts(first) == (15, 12, 3, 0)
    before = set(rows(f"select declaration_id, known_at from raw.{FEED}"))

    request.getfixturevalue("next_version")
    (again,) = collect.again(FEED)

    assert again.batch_id == first.batch_id
    assert counts(again) == (15, 14, 1, 0)
    assert again.broken == {"hs6.known_code": (1, 16)}
    assert before < set(rows(f"select declaration_id, known_at from raw.{FEED}"))
    assert value("select contract_version from ops.batches") == VERSION + 1
    kept = rows("select version, declared from ops.contracts where feed = %s order by 1", FEED)
    assert [version for version, _ in kept] == [VERSION, VERSION + 1]
    limits = [declared["columns"]["net_mass_kg"]["maximum"] for _, declared in kept]
    assert limits == [1e9, 1e10]
    assert_all_adds_up()
    # once more changes nothing
    (once_more,) = collect.again(FEED, first.batch_id)
    assert counts(once_more) == counts(again)
    assert value(f"select count(*) from raw.{FEED}") == 14

    told = customs_risk("feed", "versions", FEED).output
    assert re.search(rf"{VERSION} .* 0 .*\n.*{VERSION + 1} .* 1 .* 14 .* 1 ", told)


def test_what_people_released_outlives_a_replay(home: Settings) -> None:
    batch = deliver(home, file_of([{}] * 8 + [TOO_HEAVY] * 2)).batch_id
    release(FEED, batch, rows=[10], repair={"net_mass_kg": "2000"}, **BY)
    kept = rows(f"select * from raw.{FEED} where declaration_id = 'D8'")

    (again,) = collect.again(FEED, batch)

    assert counts(again) == (10, 9, 1, 0)
    assert rows(f"select * from raw.{FEED} where declaration_id = 'D8'") == kept
    assert_all_adds_up()


def test_a_replay_that_is_refused_leaves_what_was_loaded(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(home, file_of([{}] * 3))
    small = contract_of(FEED).model_copy(update={"max_bytes": 9})
    monkeypatch.setattr(intake, "contract_of", lambda _: small)
    with pytest.raises(RefusedDelivery, match=r"file\.size"):
        collect.again(FEED)
    assert value(f"select count(*) from raw.{FEED}") == 3
    assert rows("select status, loaded from ops.batches") == [("loaded", 3)]


def test_an_unknown_batch_is_told() -> None:
    with pytest.raises(UnknownBatch, match="declarations has no finished batch 'none'"):
        collect.again(FEED, "none")
    with pytest.raises(UnknownBatch):
        release(FEED, "none", **BY)


# repair and release


def test_a_repaired_row_is_released_and_goes_on_its_way(home: Settings) -> None:
    batch = deliver(home, file_of([{}] * 8 + [TOO_HEAVY, {"hs6": "000000"}])).batch_id
    models = ["stg_declarations", "int_batches", "int_declarations"]
    build = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    dbt(*build, "--select", *models)
    assert value("select count(*) from intermediate.int_declarations") == 8

    told = customs_risk(
        *("quarantine", "release", FEED, batch, "--row", 10, "--set", "net_mass_kg=2000"),
        *ANSWERS_FOR_IT,
    )

    assert told.exit_code == 0, told.output
    assert "1 loaded, 0 duplicate, 0 still held" in told.output
    assert rows("select loaded, quarantined, duplicate, released from ops.batches") == [
        (9, 1, 0, 1)
    ]
    assert rows(
        f"select batch_id, row_no, net_mass_kg::int from raw.{FEED} where declaration_id = 'D8'"
    ) == [(batch, 10, 2000)]
    delivered, repair, by, reason = rows(
        'select "row", repair, released_by, release_reason from ops.quarantine where row_no = 10'
    )[0]
    assert delivered["net_mass_kg"] == TOO_HEAVY["net_mass_kg"]
    assert (repair, by, reason) == ({"net_mass_kg": "2000"}, *BY.values())
    assert_all_adds_up()

    dbt(*build, "--select", *models)
    assert value("select count(*) from intermediate.int_declarations") == 9
    assert (
        value(
            "select net_mass_kg::int from intermediate.int_declarations where declaration_id = 'D8'"
        )
        == 2000
    )


def test_a_row_that_still_breaks_a_rule_stays(home: Settings) -> None:
    batch = deliver(home, file_of([{}] * 8 + [TOO_HEAVY] * 2)).batch_id
    released = release(FEED, batch, repair={"net_mass_kg": "-1"}, **BY)
    assert (released.loaded, released.duplicate) == (0, 0)
    assert released.held == {10: ["net_mass_kg.range"], 11: ["net_mass_kg.range"]}
    assert value("select count(*) from ops.quarantine where released_at is null") == 2
    with pytest.raises(NothingToRelease):
        release(FEED, batch, rows=[2], **BY)
    with pytest.raises(UnusableRepair, match="weight"):
        release(FEED, batch, repair={"weight": "1"}, **BY)
    assert_all_adds_up()


def test_a_second_content_under_one_key_cannot_be_released_beside_the_first(
    home: Settings,
) -> None:
    twice = [{}] * 8 + [{"declaration_id": "D0", "office_code": "0100"}]
    batch = deliver(home, file_of(twice)).batch_id
    assert release(FEED, batch, **BY).held == {10: ["key.unique"]}
    # under the number that was meant, it is a row of its own
    assert release(FEED, batch, repair={"declaration_id": "D8"}, **BY).loaded == 1
    assert_all_adds_up()


def test_a_replay_meets_a_key_that_people_gave_to_another_row(
    home: Settings, request: pytest.FixtureRequest
) -> None:
    changes = [{}] * 8 + [{**TOO_HEAVY, "declaration_id": "D9"}, {"hs6": "000000"}]
    batch = deliver(home, file_of(changes)).batch_id
    assert release(FEED, batch, rows=[11], repair={"hs6": "220421"}, **BY).loaded == 1
    request.getfixturevalue("next_version")
    (again,) = collect.again(FEED, batch)
    assert counts(again) == (10, 9, 1, 0)
    assert again.broken == {"key.unique": (1, 10)}
    assert_all_adds_up()


def test_a_released_row_that_is_there_already_is_a_duplicate(home: Settings) -> None:
    batch = deliver(home, file_of([{}] * 8 + [TOO_HEAVY])).batch_id
    deliver(home, file_of([{}], first=8), "20260630T190000")
    released = release(FEED, batch, repair={"net_mass_kg": "900"}, **BY)
    assert (released.loaded, released.duplicate) == (0, 1)
    assert_all_adds_up()
    collect.again(FEED, batch)
    assert value(f"select count(*) from raw.{FEED} where declaration_id = 'D8'") == 1
    assert_all_adds_up()


# late and corrected deliveries


def test_a_correction_supersedes_and_both_stay(home: Settings) -> None:
    deliver(home, file_of([{}] * 3))
    corrected = deliver(home, file_of([{"office_code": "0100"}, {}]), "20260701T090000")
    assert (corrected.loaded, corrected.duplicate, corrected.corrected) == (1, 1, 1)
    assert rows(
        f"select office_code from raw.{FEED} where declaration_id = 'D0' order by known_at"
    ) == [("2200",), ("0100",)]
    assert_all_adds_up()


def test_a_released_correction_is_counted_after_a_replay_too(home: Settings) -> None:
    deliver(home, file_of([{}] * 8))
    batch = deliver(home, file_of([{}] * 7 + [TOO_HEAVY]), "20260701T090000").batch_id
    release(FEED, batch, repair={"net_mass_kg": "2000"}, **BY)
    assert value("select corrected from ops.batches where batch_id = %s", batch) == 1
    (again,) = collect.again(FEED, batch)
    assert (again.loaded, again.duplicate, again.corrected) == (1, 7, 1)
    assert_all_adds_up()


def test_a_late_delivery_does_not_undo_its_correction(home: Settings) -> None:
    deliver(home, file_of([{"office_code": "0100"}]), "20260701T090000")
    late = deliver(home, file_of([{}]), "20260630T180000")
    assert late.loaded == 1
    assert rows(
        f"select office_code from raw.{FEED} where declaration_id = 'D0' order by known_at desc"
    ) == [("0100",), ("2200",)]
    # it was known for no time at all: the correction was here before it
    assert value(f"select max(known_at) - min(known_at) = interval '1 microsecond' from raw.{FEED}")
    # and the correction, sent again, is known
    repeated = deliver(home, file_of([{"office_code": "0100"}]) + "\n", "20260702T090000")
    assert (repeated.loaded, repeated.duplicate) == (0, 1)
    assert_all_adds_up()


def test_what_lay_somewhere_is_known_when_it_was_found(home: Settings) -> None:
    batch = deliver(home, file_of([{}] * 3)).batch_id
    moments = f"select distinct known_at from raw.{FEED} where batch_id = %s"
    known_at = value(moments, batch)
    assert value("select now() - %s::timestamptz < interval '1 minute'", known_at)
    # an earlier file that is found later is no older news
    late = deliver(home, file_of([{}] * 2, first=3), "20260630T170000").batch_id
    assert value(moments, late) > known_at
    # and judging it anew does not change when it was known
    collect.again(FEED, batch)
    assert value(moments, batch) == known_at
    assert_all_adds_up()


# only tried


def everything(home: Settings) -> dict[str, Any]:
    """What is in the warehouse and in the home, told so that any change shows."""
    tables = rows(
        "select schemaname || '.' || tablename from pg_tables"
        " where schemaname in ('raw', 'gate', 'ops', 'staging') order by 1"
    )
    stored = {
        table: value(f"select md5(coalesce(string_agg(t::text, '|'), '')) from {table} as t")
        for (table,) in tables
    }
    kept = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.home.rglob("*")
        if path.is_file() and "logs" not in path.parts
    }
    return stored | kept


def test_checking_a_file_tells_all_and_leaves_nothing(home: Settings, tmp_path: Path) -> None:
    deliver(home, file_of([{}] * 8))
    # nobody's tables wait at the gate between deliveries
    customs_risk("feed", "check", tmp_path / "nothing.csv", "--feed", FEED)
    path = tmp_path / "from the broker.CSV"
    changes = [{}, {"office_code": "0100"}, *[{"declaration_id": f"N{n}"} for n in range(8)]]
    path.write_text(file_of([*changes, TOO_HEAVY, TOO_HEAVY]), encoding="utf-8")
    collect.try_out(FEED, path)
    before = everything(home)

    told = customs_risk("feed", "check", path, "--feed", FEED)

    assert told.exit_code == 0, told.output
    assert "12 rows received, 9 loaded, 2 quarantined, 1 duplicate, 1 corrected" in told.output
    assert re.search(r"net_mass_kg\.range\W+2\W+12", told.output)
    assert "batch.volume" in told.output
    assert everything(home) == before


def test_a_file_that_would_be_refused_says_why(home: Settings, tmp_path: Path) -> None:
    path = tmp_path / f"{FEED}_20260630T180000.csv"
    path.write_text("a,b\n1,2\n")
    told = customs_risk("feed", "check", path)
    assert told.exit_code == 1
    assert "refused: file.columns" in told.output
    assert rows("select * from ops.batches") == []

    unnamed = path.rename(tmp_path / "report.csv")
    told = customs_risk("feed", "check", unnamed)
    assert told.exit_code == 2
    assert "--feed" in told.output


def test_a_file_of_another_layout_is_known_by_its_name(home: Settings) -> None:
    samples = Path(__file__).parents[1] / "contracts" / "samples" / FEED
    rates = home.inbox / "exchange_rates" / "exchange_rates_20260630T080000.csv"
    rates.parent.mkdir(parents=True, exist_ok=True)
    rates.write_bytes((samples / ".." / "exchange_rates" / "good.csv").read_bytes())
    collect.collect("exchange_rates")
    outcome = collect.try_out(FEED, samples / "good.single_window.zip")
    assert (outcome.status, outcome.quarantined) == ("loaded", 0)
    assert outcome.loaded >= 2


# what is told of quarantine


def test_quarantine_is_listed_and_shown(home: Settings) -> None:
    batch = deliver(home, file_of([{}] * 8 + [TOO_HEAVY])).batch_id
    listed = customs_risk("quarantine", "list", FEED).output
    assert batch[:40] in listed and "net_mass_kg.range" in listed
    assert "2000000000" in customs_risk("quarantine", "show", batch).output
    release(FEED, batch, repair={"net_mass_kg": "20"}, **BY)
    assert batch[:40] not in customs_risk("quarantine", "list").output
    assert BY["by"] in customs_risk("quarantine", "show", batch).output


# the past


def test_a_backfill_brings_past_days_once(home: Settings) -> None:
    days = [date(2026, 6, day) for day in (24, 25, 26)]
    world = World(home.home, declarations_per_day=300)
    with pytest.MonkeyPatch.context() as patch, Outside(world) as outside:
        for name, told in outside.connections().items():
            patch.setenv(name, told)
        for day in days:
            outside.publish(day, ["enterprise_credit"])
        words = ("feed", "backfill", "enterprise_credit", "--from", days[0], "--to", days[1])

        told = customs_risk(*words)
        assert told.exit_code == 0, told.output
        found = rows("select is_backfill from raw.enterprise_credit")
        assert found and all(is_backfill for (is_backfill,) in found)

        assert customs_risk(*words).exit_code == 0
        assert value("select count(*) from raw.enterprise_credit") == len(found)
        # what came again is known, by its bytes or row by row
        assert value("select sum(loaded) from ops.batches") == len(found)


def test_history_that_is_dropped_is_taken_in_too(home: Settings) -> None:
    folder = home.inbox / FEED / "backfill"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{FEED}_20260703T080000.csv").write_text(file_of([{}] * 2))
    told = customs_risk("feed", "backfill", FEED, "--from", "2026-06-30", "--to", "2026-06-30")
    assert told.exit_code == 0 and "2 loaded" in told.output
    assert rows(f"select distinct is_backfill, known_at = declared_at from raw.{FEED}") == [
        (True, True)
    ]
    told = customs_risk("feed", "backfill", FEED, "--from", "2026-06-30", "--to", "2026-06-30")
    assert str(folder) in told.output
    wrong_way = ("feed", "backfill", FEED, "--from", "2026-07-01", "--to", "2026-06-30")
    assert customs_risk(*wrong_way).exit_code == 2
