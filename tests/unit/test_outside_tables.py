"""What providers of files and messages publish in the sandbox, and how their lists are read."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from customs_risk.collect.formats import Unreadable, read
from customs_risk.sandbox.outside import lists, notices, ratings, reports
from customs_risk.sandbox.outside.publisher import Published, Publisher
from customs_risk.sandbox.outside.workbook import workbook
from customs_risk.sandbox.world import World
from expectations.contract import Contract, contract_of

ALL = [
    pytest.param(publisher, id=publisher.feed)
    for topic in (notices, lists, reports, ratings)
    for publisher in topic.PUBLISHERS
]
DAYS = [
    date(2026, 7, 1) + timedelta(n)
    for n in range(19)
    if (date(2026, 7, 1) + timedelta(n)).weekday() < 5
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("home"), declarations_per_day=300)


def content_of(published: Published) -> bytes:
    if isinstance(published, bytes):
        return published
    lines = (json.dumps(record, ensure_ascii=False) for record in published or [])
    return "".join(f"{line}\n" for line in lines).encode()


def rows_of(contract: Contract, content: bytes, folder: Path) -> list[dict[str, str | None]]:
    """The rows that collection would read from a delivery."""
    path = folder / "delivery"
    path.write_bytes(content)
    ending = "zip" if contract.packed else contract.format
    reading = read(path, contract, contract.layout(), ending)
    rows = reading.rows.read_all().to_pylist()
    assert reading.rejected == []
    return rows


@pytest.mark.parametrize("publisher", ALL)
def test_a_provider_says_the_same_whenever_it_is_asked(world: World, publisher: Publisher) -> None:
    other = World(world.home, declarations_per_day=300)
    for day in (DAYS[4], DAYS[0], DAYS[2]):
        assert publisher.publish(world, day) == publisher.publish(other, day)


@pytest.mark.parametrize("publisher", ALL)
def test_a_provider_is_never_silent_for_five_business_days(
    world: World, publisher: Publisher
) -> None:
    told = [bool(publisher.publish(world, day)) for day in DAYS]
    assert all(any(told[n : n + 5]) for n in range(len(told) - 4))


@pytest.mark.parametrize("publisher", ALL)
def test_what_is_published_is_what_the_feed_declares(
    world: World, publisher: Publisher, tmp_path: Path
) -> None:
    contract = contract_of(publisher.feed)
    required = [
        name
        for name, column in contract.columns.items()
        # the platform that the departments share dates each notice itself
        if not column.nullable and name != "shared_at"
    ]
    count = bad = 0
    for day in DAYS:
        published = publisher.publish(world, day)
        if not published:
            continue
        for row in rows_of(contract, content_of(published), tmp_path):
            count += 1
            bad += any(row[name] is None for name in required) or any(
                row[name] not in (None, *column.values)
                for name, column in contract.columns.items()
                if column.values
            )
    assert count >= 5
    assert bad <= max(1, 0.05 * count)


@pytest.mark.parametrize("publisher", ALL)
def test_keys_of_one_delivery_are_unique(
    world: World, publisher: Publisher, tmp_path: Path
) -> None:
    contract = contract_of(publisher.feed)
    for day in DAYS[:3]:
        published = publisher.publish(world, day)
        if published:
            rows = rows_of(contract, content_of(published), tmp_path)
            keys = [tuple(row[name] for name in contract.key) for row in rows]
            assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("publish", "subject"),
    [
        (notices.department_notices, lambda record: record["subject_uscc"]),
        (notices.other_notices, lambda record: record["subject_uscc"]),
        (notices.party_reports, lambda record: record["subject"]["uscc"]),
    ],
)
def test_notices_tell_of_offenders_more_often_than_chance_would(
    world: World,
    publish: Callable[[World, date], list[dict[str, object]] | None],
    subject: Callable[[dict[str, object]], str | None],
) -> None:
    importers = world.parties.importer_id
    strength = world.offenders.importers.strength_on(100, len(importers))
    bad = set(importers[strength > 0])
    days = [DAYS[0] + timedelta(n) for n in range(60)]
    told = [subject(record) for day in days for record in publish(world, day) or []]
    named = [each for each in told if each]
    assert sum(each in bad for each in named) / len(named) > 2 * len(bad) / len(importers)


def test_the_plan_names_points_that_samples_come_from_and_two_that_are_silent(
    world: World,
) -> None:
    plan = next(filter(None, (reports.monitoring_plans(world, day) for day in DAYS)))
    points = {row["point_id"] for row in csv.DictReader(io.StringIO(plan.decode()))}
    assert points == {f"P{number:03d}" for number in range(1, 63)}


def test_what_was_published_stays_as_the_list_grows(world: World, tmp_path: Path) -> None:
    contract = contract_of("ofac_sdn")
    first, last = (
        {
            row["ent_num"]: {name: cell for name, cell in row.items() if name != "row_no"}
            for row in rows_of(contract, lists.ofac_sdn(world, day), tmp_path)
        }
        for day in (DAYS[0], DAYS[-1])
    )
    assert len(last) > len(first) > 100
    assert all(last[number] == row for number, row in first.items())


# the three files of a sanctions list

SDN = (
    '306,"BANCO NACIONAL DE CUBA",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    '7001,"OCEAN ""STAR""","vessel","SDGT",-0- ,"3EXY","Tanker",-0- ,-0- ,"Panama",-0- ,'
    '"IMO 9187629; linked to: X, Y."\r\n\x1a'
)
ADD = (
    '306,129,"Dai-Ichi Bldg.","Tokyo 103","Japan",-0- \r\n'
    '306,130,-0- ,"Zurich","Switzerland",-0- \r\n'
    "306,131,-0- ,-0- ,-0- ,-0- \r\n\x1a"
)
ALT = '306,220,"aka","BNC; HAVANA",-0- \r\n306,221,"fka","NATIONAL BANK OF CUBA",-0- \r\n\x1a'


def sdn_archive(folder: Path, **files: str) -> Path:
    path = folder / "sdn.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.CSV", content.encode("cp1252"))
    return path


def sdn_rows(path: Path) -> tuple[list[dict[str, str | None]], list[tuple[int, str]]]:
    contract = contract_of("ofac_sdn")
    reading = read(path, contract, contract.layout(), "zip")
    return reading.rows.read_all().to_pylist(), reading.rejected


def test_addresses_and_other_names_join_their_entry(tmp_path: Path) -> None:
    (bank, ship), rejected = sdn_rows(sdn_archive(tmp_path, SDN=SDN, ADD=ADD, ALT=ALT))
    assert rejected == []
    assert bank["sdn_name"] == "BANCO NACIONAL DE CUBA"
    assert bank["sdn_type"] is None and bank["remarks"] is None
    assert bank["addresses"] == "Dai-Ichi Bldg., Tokyo 103, Japan;Zurich, Switzerland"
    assert bank["countries"] == "Japan;Switzerland"
    assert bank["aliases"] == "BNC, HAVANA;NATIONAL BANK OF CUBA"
    assert (ship["row_no"], ship["sdn_name"]) == (2, 'OCEAN "STAR"')
    assert (ship["vess_flag"], ship["addresses"], ship["aliases"]) == ("Panama", None, None)


def test_rows_that_belong_to_no_entry_are_told(tmp_path: Path) -> None:
    stray = '999,1,"Street","Town","Japan",-0- \r\n'
    names = SDN.replace("\x1a", "") + '1,"TOO FEW"\r\n'
    path = sdn_archive(tmp_path, SDN=names, ADD=ADD.replace("\x1a", "") + stray, ALT="7001,1\r\n")
    rows, rejected = sdn_rows(path)
    assert [row["ent_num"] for row in rows] == ["306", "7001"]
    assert rejected == [
        (3, "SDN.CSV: 1,TOO FEW"),
        (4, "ALT.CSV: 7001,1"),
        (5, "ADD.CSV: 999,1,Street,Town,Japan,-0- "),
    ]


@pytest.mark.parametrize(
    ("files", "rule", "named"),
    [
        ({"SDN": SDN, "ADD": ADD}, "file.archive", "ALT.CSV"),
        ({"SDN": SDN + '8,"never closed', "ADD": ADD, "ALT": ALT}, "file.readable", "SDN.CSV"),
        ({"SDN": SDN, "ADD": "\0", "ALT": ALT}, "file.encoding", "line 1"),
        ({"SDN": SDN, "ADD": ADD, "ALT": "x" * 200_000}, "file.readable", "ALT.CSV"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    tmp_path: Path, files: dict[str, str], rule: str, named: str
) -> None:
    with pytest.raises(Unreadable, match=named) as refused:
        sdn_rows(sdn_archive(tmp_path, **files))
    assert refused.value.rule == rule


def test_a_list_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sdn.zip"
    path.write_text(SDN)
    with pytest.raises(Unreadable) as refused:
        sdn_rows(path)
    assert refused.value.rule == "file.archive"


def test_a_workbook_holds_what_was_put_in(tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    rows = [["甲<&>", "b"], [" padded ", None], [None, "0012"]]
    path = tmp_path / "table.xlsx"
    path.write_bytes(workbook("表", rows))
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("表")
    assert [[cell or None for cell in row] for row in sheet.to_python()] == rows
