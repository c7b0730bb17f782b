"""Each kind of source, fetched from the sandbox's own servers."""

import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from customs_risk import clock
from customs_risk.collect.sources import SourceFailed, fetch, sftp_source
from customs_risk.collect.sources.watermarks import remembered
from customs_risk.sandbox.outside import PUBLISHERS
from customs_risk.sandbox.outside.publisher import Publisher
from customs_risk.sandbox.outside.servers import Outside
from customs_risk.sandbox.world import World
from customs_risk.settings import Settings
from expectations.contract import Contract, contract_of

pytestmark = pytest.mark.usefixtures("wall_clock")

NAME = re.compile(r"^(?P<feed>[a-z0-9_]+)_(?P<stamp>\d{8}T\d{6})\.(?P<ending>[a-z0-9]+)$")
FIRST, NEXT = date(2026, 7, 1), date(2026, 7, 2)
WEEK = [date(2026, 6, day) for day in (24, 25, 26, 29, 30)]
FETCHED = [feed for feed in PUBLISHERS if contract_of(feed).source.kind != "folder"]


@pytest.fixture(scope="module")
def world(warehouse: Settings) -> World:
    return World(warehouse.home, declarations_per_day=300)


@contextmanager
def reachable(outside: Outside) -> Iterator[Outside]:
    """Let this process know the servers' connections, as Airflow's processes would."""
    with outside, pytest.MonkeyPatch.context() as patch:
        for name, value in outside.connections().items():
            patch.setenv(name, value)
        patch.setattr(clock, "present", lambda _connection: outside.now)
        yield outside


@pytest.fixture(scope="module")
def outside(world: World) -> Iterator[Outside]:
    with reachable(Outside(world)) as outside:
        for day in [*WEEK, FIRST]:
            outside.publish(day, FETCHED)
        yield outside


def published(world: World, feed: str, days: list[date]) -> list[dict]:
    """The records of those days, as their provider has them."""
    given = [PUBLISHERS[feed].publish(world, day) for day in days]
    return [record for each in given if isinstance(each, list) for record in each]


def brought(contract: Contract, paths: list[Path]) -> list[dict]:
    """The records of deliveries; pages follow each other."""
    found: list[dict] = []
    for path in paths:
        documents = map(json.loads, path.read_text(encoding="utf-8-sig").splitlines())
        if contract.format == "ndjson":
            found += documents
        else:
            for page in documents:
                found += inner(page, contract.records.split(".")[:-1])
    return found


def inner(document: Any, names: list[str]) -> list[dict]:
    """The list at a place of a document."""
    for name in names:
        document = document[name]
    return document


def sorted_texts(records: list[dict]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


@pytest.mark.parametrize("feed", FETCHED)
def test_every_feed_is_fetched_and_what_is_new_comes_next(
    feed: str, outside: Outside, world: World, warehouse: Settings
) -> None:
    contract = contract_of(feed)

    paths = fetch(contract)

    assert paths
    for path in paths:
        match = NAME.match(path.name)
        assert match
        assert match["feed"] == feed
        assert path.parent == warehouse.inbox / feed
        # dated by the sandbox's clock
        sent_on = date.fromisoformat(match["stamp"][:8])
        assert WEEK[0] <= sent_on <= FIRST
    assert not list(warehouse.inbox.rglob("*.part"))
    told = published(world, feed, [*WEEK, FIRST])
    if told:
        came = brought(contract, paths)
        assert len(came) == len(told)
        if contract.source.kind == "http":
            assert sorted_texts(came) == sorted_texts(told)

    # what was asked for again is at most the last moment's records; then there is nothing
    again = fetch(contract)
    assert not again or contract.source.since
    assert fetch(contract) == []


def test_a_day_later_only_what_is_new_comes(outside: Outside, world: World) -> None:
    contract = contract_of("enterprise_credit")
    fetch(contract)
    outside.publish(NEXT, ["enterprise_credit"])

    came = brought(contract, fetch(contract))

    told = sorted_texts(published(world, "enterprise_credit", [NEXT]))
    assert set(told) <= set(sorted_texts(came))
    assert len(came) < len(published(world, "enterprise_credit", [*WEEK, FIRST, NEXT])) / 2


def test_a_backfill_brings_the_days_that_are_asked_for(outside: Outside, world: World) -> None:
    contract = contract_of("enterprise_credit")

    (path,) = fetch(contract, (WEEK[0], WEEK[1]))

    assert path.parent.name == "backfill"
    assert sorted_texts(brought(contract, [path])) == sorted_texts(
        published(world, "enterprise_credit", WEEK[:2])
    )


def test_a_provider_is_asked_in_its_own_way_of_writing_moments(
    outside: Outside, world: World
) -> None:
    contract = contract_of("rasff_notifications")

    (path,) = fetch(contract, (WEEK[1], WEEK[3]))

    came = brought(contract, [path])
    # the Commission's day begins six hours after ours
    days = {record["ecValidationDate"][:10] for record in came}
    assert days <= {f"{day:%d-%m-%Y}" for day in (*WEEK[1:4], date(2026, 6, 27), date(2026, 6, 28))}
    assert 0 < len(came) < len(published(world, "rasff_notifications", WEEK))


def test_months_are_asked_for_one_by_one(
    outside: Outside, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = contract_of("comtrade")
    # what is released in a month is about two months ago
    (path,) = fetch(contract, (date(2026, 3, 15), date(2026, 5, 1)))
    assert {record["period"] for record in brought(contract, [path])} == {"202604", "202605"}
    assert len(path.read_text().splitlines()) == 3
    assert fetch(contract, (date(2026, 1, 1), date(2026, 2, 28))) == []

    source = contract.source.model_copy(update={"most_records": 10})
    with pytest.raises(SourceFailed, match="others were cut off"):
        fetch(contract.model_copy(update={"source": source}))


def test_what_was_published_outlives_the_process(outside: Outside, world: World) -> None:
    with reachable(Outside(world)) as later:
        assert later.now == outside.now
        (path,) = fetch(contract_of("enterprise_credit"), (WEEK[0], WEEK[0]))
        assert len(brought(contract_of("enterprise_credit"), [path])) == len(
            published(world, "enterprise_credit", WEEK[:1])
        )


def test_a_wrong_password_opens_nothing(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    for feed, what in {"comtrade": "401", "manifests": "does not accept"}.items():
        connection = contract_of(feed).source.connection or ""
        name = f"AIRFLOW_CONN_{connection.upper()}"
        told = json.loads(os.environ[name]) | {"password": "wrong"}
        monkeypatch.setenv(name, json.dumps(told))
        with pytest.raises(SourceFailed, match=rf"{feed}: .*{what}.*\(1 attempt\)"):
            fetch(contract_of(feed))


# SFTP


def exchange(world: World) -> Path:
    """The folder that the carriers' exchange server shows."""
    return world.home / "sandbox" / "outside" / "sftp" / "carriers_exchange" / "manifests"


def set_extra(monkeypatch: pytest.MonkeyPatch, connection: str, **extra: object) -> None:
    name = f"AIRFLOW_CONN_{connection.upper()}"
    told = json.loads(os.environ[name])
    monkeypatch.setenv(name, json.dumps(told | {"extra": told["extra"] | extra}))


def test_files_of_one_second_do_not_replace_each_other(outside: Outside, world: World) -> None:
    fetch(contract_of("manifests"))
    moment = datetime(2026, 7, 1, 12, tzinfo=outside.now.tzinfo).timestamp()
    for name in ("a.edi", "later/b.EDI", "later/c.edi"):
        path = exchange(world) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        os.utime(path, (moment, moment))

    paths = fetch(contract_of("manifests"))

    assert [path.name for path in paths] == [
        f"manifests_20260701T12000{second}.edi" for second in range(3)
    ]
    assert [path.read_text() for path in paths] == ["a.edi", "later/b.EDI", "later/c.edi"]
    assert fetch(contract_of("manifests")) == []


def test_a_file_that_was_replaced_is_another_file(outside: Outside, world: World) -> None:
    path = exchange(world) / "corrected.edi"
    path.write_text("first")
    assert len(fetch(contract_of("manifests"))) == 1

    path.write_text("corrected")
    (again,) = fetch(contract_of("manifests"))

    assert again.read_text() == "corrected"
    path.unlink()
    fetch(contract_of("manifests"))
    assert "file corrected.edi" not in remembered("manifests")


def test_unfinished_and_growing_files_are_left_alone(
    outside: Outside, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(contract_of("manifests"))
    set_extra(monkeypatch, "carriers_exchange", settle_seconds=0.2)
    for name in ("x.edi.part", "y.tmp", ".z.edi"):
        (exchange(world) / name).write_text("half")
    growing = exchange(world) / "growing.edi"
    growing.write_text("one line\n")

    def grow(_seconds: float) -> None:
        with growing.open("a") as file:
            file.write("one more\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("customs_risk.collect.sources.remote_files.time.sleep", grow)
        assert fetch(contract_of("manifests")) == []

    (path,) = fetch(contract_of("manifests"))
    assert path.read_text() == "one line\none more\n"


def test_a_strange_host_key_is_refused(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    import paramiko

    strange = paramiko.ECDSAKey.generate()
    told = f"{strange.get_name()} {strange.get_base64()}"
    set_extra(monkeypatch, "carriers_exchange", host_key=told)
    with pytest.raises(SourceFailed, match=r"host key is not the one.*\(1 attempt\)"):
        fetch(contract_of("manifests"))

    set_extra(monkeypatch, "carriers_exchange", host_key=None)
    with pytest.raises(SourceFailed, match=r"host key is not known \(1 attempt\)"):
        fetch(contract_of("manifests"))

    set_extra(monkeypatch, "carriers_exchange", host_key=None, no_host_key_check="true")
    assert fetch(contract_of("manifests")) == []


def test_a_file_that_is_too_large_does_not_keep_the_others(outside: Outside, world: World) -> None:
    fetch(contract_of("manifests"))
    (exchange(world) / "giant.edi").write_bytes(b"x" * 2_000_000)
    (exchange(world) / "small.edi").write_text("small")
    contract = contract_of("manifests").model_copy(update={"max_bytes": 1_000_000})

    with pytest.raises(SourceFailed, match=r"giant\.edi has 2,000,000 bytes"):
        fetch(contract)

    assert "file small.edi" in remembered("manifests")
    (exchange(world) / "giant.edi").unlink()


def test_a_connection_that_breaks_is_taken_up_where_it_ended(
    outside: Outside, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(contract_of("manifests"))
    set_extra(monkeypatch, "carriers_exchange", backoff_seconds=0.01)
    for number in range(3):
        (exchange(world) / f"broken{number}.edi").write_text(str(number))
    original, opened = sftp_source._Server.open, []

    def break_at_second(server: sftp_source._Server, file: object) -> object:
        opened.append(file)
        if len(opened) == 2:
            server._sftp.get_channel().get_transport().close()
        return original(server, file)

    monkeypatch.setattr(sftp_source._Server, "open", break_at_second)

    assert sorted(path.read_text() for path in fetch(contract_of("manifests"))) == ["0", "1", "2"]
    assert len(opened) == 4


# object storage


def test_new_objects_come_from_a_store(world: World, outside: Outside) -> None:
    fetch(contract_of("refused_entries"))
    store = world.home / "sandbox" / "outside" / "storage" / "gacc_notices" / "refused_entries"
    (store / "2026").mkdir(exist_ok=True)
    moment = datetime(2026, 7, 2, 9, tzinfo=outside.now.tzinfo).timestamp()
    for name in ("2026/june.xlsx", "2026/july.xlsx.part"):
        (store / name).write_text(name)
        os.utime(store / name, (moment, moment))

    (path,) = fetch(contract_of("refused_entries"))

    assert path.name == "refused_entries_20260702T090000.xlsx"
    assert path.read_text() == "2026/june.xlsx"
    assert fetch(contract_of("refused_entries")) == []
    # a range of days brings it again, known or not
    (path,) = fetch(contract_of("refused_entries"), (NEXT, NEXT))
    assert path.parent.name == "backfill"


def test_a_store_without_a_root_is_told(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    set_extra(monkeypatch, "gacc_notices", root="")

    with pytest.raises(SourceFailed, match="must name the store's root"):
        fetch(contract_of("refused_entries"))


# another PostgreSQL


def notice(number: int, shared_at: str) -> dict[str, object]:
    return {
        "message_id": f"n{number}",
        "agency": "市场监督管理局",
        "valid_from": "2026-07-01",
        "issued_at": shared_at,
        "shared_at": shared_at,
        "payload": {"text": 'a "quoted" line\nand another'},
    }


def test_rows_of_another_database_come_as_lines_of_json(world: World) -> None:
    contract = contract_of("department_notices")
    days = {
        FIRST: [notice(1, "2026-07-01T08:00:00+08:00"), notice(2, "2026-07-01T09:00:00+08:00")],
        NEXT: [notice(3, "2026-07-02T09:00:00+08:00")],
    }
    publisher = Publisher("department_notices", lambda _world, day: days.get(day))
    with reachable(Outside(world, {"department_notices": publisher})) as outside:
        # the days before are other tests'
        fetch(contract)
        outside.publish(FIRST)
        outside.publish(FIRST)
        (path,) = fetch(contract, (FIRST, FIRST))
        assert [row["message_id"] for row in brought(contract, [path])] == ["n1", "n2"]
        assert path.name == "department_notices_20260701T090000.ndjson"
        rows = brought(contract, [path])
        assert rows[0]["payload"]["text"] == 'a "quoted" line\nand another'
        assert rows[0]["shared_at"] == "2026-07-01T08:00:00+08:00"

        fetch(contract)
        outside.publish(NEXT)
        (path,) = fetch(contract)
        assert path.name == "department_notices_20260702T090000.ndjson"
        # the last ones seen come again: they are recognised by their rows
        assert {row["message_id"] for row in brought(contract, [path])} >= {"n3"}
        assert len(brought(contract, [path])) <= 2
        assert len(fetch(contract)) <= 1
        assert fetch(contract) == []


def test_a_query_that_fails_is_told_without_another_try(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = contract_of("department_notices")
    source = contract.source.model_copy(update={"query": "select * from shared.nothing"})

    with pytest.raises(SourceFailed, match=r'"shared.nothing" does not exist.*\(1 attempt\)'):
        fetch(contract.model_copy(update={"source": source}))


def test_a_set_of_files_is_one_archive(world: World) -> None:
    names = contract_of("ofac_sdn").source.files

    def publish(_world: World, day: date) -> bytes:
        path = world.home / "list.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, f"{name} of {day}")
        return path.read_bytes()

    publisher = Publisher("ofac_sdn", publish)
    with reachable(Outside(world, {"ofac_sdn": publisher})) as outside:
        outside.publish(NEXT)
        (path,) = fetch(contract_of("ofac_sdn"))
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == list(names)
            assert archive.read(names[0]).decode() == f"{names[0]} of {NEXT}"
        assert fetch(contract_of("ofac_sdn")) == []
