"""The providers that answer in JSON: shaped as theirs, seeded, never silent for a week."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from stdnum.cn import uscc

from customs_risk.collect.formats.values import at_path
from customs_risk.sandbox.days import business_days
from customs_risk.sandbox.names import importer_name
from customs_risk.sandbox.outside import credit, health, recalls, trade
from customs_risk.sandbox.outside.basis import number_of, offending_goods, place_name
from customs_risk.sandbox.outside.publisher import Published
from customs_risk.sandbox.world import World
from expectations.codes import hs6_codes
from expectations.contract import Contract, contract_of

Json = dict[str, object]
Publish = Callable[[World, date], Published]
PUBLISH: dict[str, Publish] = {
    publisher.feed: publisher.publish
    for topic in (health, recalls, credit, trade)
    for publisher in topic.PUBLISHERS
}
SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"
NAMES = Path(__file__).parents[2] / "dbt_project" / "seeds" / "country_names.csv"
# the last week of history, two months of live days, and the turn of a year
DAYS = [
    *business_days(date(2026, 6, 22), date(2026, 8, 28)),
    *business_days(date(2026, 12, 14), date(2027, 1, 15)),
]
each_feed = pytest.mark.parametrize("feed", sorted(PUBLISH))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("home"), declarations_per_day=1_000, history_days=90)


@pytest.fixture(scope="module")
def published(world: World) -> dict[str, dict[date, list[Json]]]:
    return {
        feed: {day: told_on(world, publish, day) for day in DAYS}
        for feed, publish in PUBLISH.items()
    }


def told_on(world: World, publish: Publish, day: date) -> list[Json]:
    told = publish(world, day) or []
    assert isinstance(told, list)
    return told


def records_of(days: dict[date, list[Json]]) -> list[Json]:
    return [record for records in days.values() for record in records]


def cells_of(record: Json, contract: Contract) -> dict[str, object]:
    """What stands where the contract looks for each column."""
    return {
        name: at_path(record, column.origin.column if column.origin else name)  # type: ignore[arg-type]
        for name, column in contract.columns.items()
    }


def is_whole(record: Json, contract: Contract) -> bool:
    cells = cells_of(record, contract)
    return all(
        cells[name] not in (None, "")
        for name, each in contract.columns.items()
        if not each.nullable
    )


@each_feed
def test_records_have_the_fields_of_the_provider(
    published: dict[str, dict[date, list[Json]]], feed: str
) -> None:
    document = json.loads((SAMPLES / feed / "good.json").read_text(encoding="utf-8"))
    *folders, _ = (contract_of(feed).records or "").split(".")
    for folder in folders[: -1 if folders and folders[-1] == "item" else None]:
        document = document[folder]
    real = set(document[0])
    for record in records_of(published[feed]):
        assert real <= set(record)


@each_feed
def test_no_week_is_silent(published: dict[str, dict[date, list[Json]]], feed: str) -> None:
    days = [day for day in DAYS if day.year == 2026 and day.month < 9]
    for begin in range(len(days) - 4):
        assert any(published[feed][day] for day in days[begin : begin + 5]), days[begin]


@each_feed
def test_the_same_day_is_told_in_the_same_words(
    tmp_path: Path, published: dict[str, dict[date, list[Json]]], feed: str
) -> None:
    again = World(tmp_path, declarations_per_day=1_000, history_days=90)
    other = World(tmp_path, seed=11, declarations_per_day=1_000, history_days=90)
    days = [day for day in DAYS if published[feed][day]][:2]
    for day in days:
        assert told_on(again, PUBLISH[feed], day) == published[feed][day]
        assert told_on(other, PUBLISH[feed], day) != published[feed][day]


@each_feed
def test_keys_never_repeat(published: dict[str, dict[date, list[Json]]], feed: str) -> None:
    contract = contract_of(feed)
    cells = [cells_of(record, contract) for record in records_of(published[feed])]
    keys = [tuple(str(each[name]) for name in contract.key) for each in cells]
    assert len(set(keys)) == len(keys)


@each_feed
def test_almost_every_record_fits_the_contract(
    published: dict[str, dict[date, list[Json]]], feed: str
) -> None:
    contract = contract_of(feed)
    records = records_of(published[feed])
    whole = [record for record in records if is_whole(record, contract)]
    assert len(whole) >= 0.95 * len(records)
    for record in whole:
        for name, cell in cells_of(record, contract).items():
            column = contract.columns[name]
            if cell is None:
                continue
            if column.type == "jsonb":
                assert isinstance(cell, list)
            if column.values:
                assert cell in column.values
            if column.max_length:
                assert len(str(cell)) <= column.max_length


@pytest.mark.parametrize("feed", sorted(feed for feed in PUBLISH if contract_of(feed).known_at))
def test_nothing_is_published_before_it_is_known(
    published: dict[str, dict[date, list[Json]]], feed: str
) -> None:
    contract = contract_of(feed)
    for day, records in published[feed].items():
        for record in records:
            known = str(cells_of(record, contract)[contract.known_at or ""])
            origin = contract.columns[contract.known_at or ""].origin
            if origin and origin.dates:
                known = str(datetime.strptime(known, origin.dates))  # noqa: DTZ007 - its day only
            # the night before, told in the provider's own time, or the morning here
            assert str(day - timedelta(1)) <= known[:10] <= str(day)


def test_countries_and_codes_are_real(published: dict[str, dict[date, list[Json]]]) -> None:
    known = set(hs6_codes())
    codes = [str(record["cmdCode"]) for record in records_of(published["comtrade"])]
    assert sum(code in known for code in codes) >= 0.98 * len(codes)
    names = NAMES.read_text(encoding="utf-8").lower()
    for record in records_of(published["wahis_events"]):
        assert f"\n{str(record['country']).lower()}," in names


def test_disease_is_told_of_goods_that_are_contaminated(
    world: World, published: dict[str, dict[date, list[Json]]]
) -> None:
    told = {str(record["country"]) for record in records_of(published["wahis_events"])}
    bad = {
        place_name(each.origin)
        for day in DAYS
        for each in offending_goods(world, world.offenders.contaminated, number_of(world, day))
    }
    assert told & bad


def test_a_bureau_knows_who_is_bad_better_than_chance(
    world: World, published: dict[str, dict[date, list[Json]]]
) -> None:
    firms = len(world.parties.importer_id)
    rates: dict[bool, list[bool]] = {True: [], False: []}
    for day, reports in published["enterprise_credit"].items():
        strength = world.offenders.importers.strength_on(number_of(world, day), firms)
        bad = set(world.parties.importer_id[strength > 0])
        for report in reports:
            about = report["baseInfo"]
            assert isinstance(about, dict)
            if about["creditCode"]:
                assert uscc.is_valid(about["creditCode"])
                assert about["name"] == importer_name(about["creditCode"])
                rates[about["creditCode"] in bad].append(
                    about["creditRating"] > "BBB" or bool(report["sanction"])
                )
    shares = {kind: sum(each) / len(each) for kind, each in rates.items()}
    assert shares[True] > 2 * shares[False]
    assert len(rates[True]) > 0.1 * len(rates[False])


def test_partners_report_more_than_was_declared_of_smuggled_goods_only(world: World) -> None:
    released = [
        record
        for day in business_days(date(2026, 7, 1), date(2026, 7, 31))
        for record in told_on(world, trade.comtrade, day)
    ]
    totals = [each for each in released if each["motCode"] == 0]
    assert {each["period"] for each in totals} == {"202605"}
    assert 0 < len(released) - len(totals) < 0.1 * len(totals)
    declared = trade._imports(world, date(2026, 5, 1)).set_index(["hs6", "origin_country"])["mass"]
    smuggled = trade._smuggled(world, number_of(world, date(2026, 5, 15)))
    numbers = {trade._number(str(code)): str(code) for code in world.countries.code}
    shares: dict[bool, list[float]] = {True: [], False: []}
    for each in totals:
        goods = str(each["cmdCode"]), numbers[each["reporterCode"]]  # type: ignore[index]
        if goods in declared.index and declared[goods] > 10:
            shares[goods in smuggled].append(1 - declared[goods] / float(str(each["netWgt"])))
    assert shares[True] and min(shares[True]) > 0.2
    assert max(shares[False]) < 0.25
