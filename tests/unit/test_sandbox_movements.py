"""What carriers and declarants send is what their formats' readers read, and fits together."""

import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest

from customs_risk.collect.formats import read
from customs_risk.sandbox.outside import documents, movements, rates
from customs_risk.sandbox.outside.cargo import with_cargo
from customs_risk.sandbox.world import World
from expectations.contract import contract_of


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("home"), declarations_per_day=1_500)


@pytest.fixture(scope="module")
def day(world: World) -> date:
    return world.live_days(3)[2]


@pytest.fixture(scope="module")
def declared(world: World, day: date) -> pd.DataFrame:
    return with_cargo(world.seed, world.declarations(day))


def as_read(folder: Path, feed: str, content: bytes, layout: str | None = None) -> pd.DataFrame:
    path = folder / "delivery"
    path.write_bytes(content)
    contract = contract_of(feed)
    reading = read(path, contract, contract.layout(layout), "x")
    rows = reading.rows.read_all().to_pandas()
    assert reading.rejected == []
    return rows


@pytest.mark.parametrize("publisher", movements.PUBLISHERS, ids=lambda each: each.feed)
def test_what_is_published_is_read_and_the_same_each_time(
    tmp_path: Path, world: World, day: date, publisher: movements.Publisher
) -> None:
    content = publisher.publish(world, day)
    assert isinstance(content, bytes)
    assert publisher.publish(world, day) == content
    rows = as_read(tmp_path, publisher.feed, content)
    contract = contract_of(publisher.feed)
    present = rows[list(contract.key)].notna().all(axis=1)
    assert present.mean() > 0.97
    assert not rows[present].duplicated(list(contract.key)).any()
    for name, column in contract.columns.items():
        if not column.nullable:
            assert rows[name].notna().mean() > 0.97, name


def test_manifests_name_what_is_declared(
    tmp_path: Path, world: World, day: date, declared: pd.DataFrame
) -> None:
    rows = as_read(tmp_path, "manifests", movements.manifests(world, day) or b"")
    both = rows.merge(declared, on="bill_no", suffixes=("", "_declared"))
    assert len(both) == len(rows) > 100
    assert (both["conveyance_id"] == both["conveyance_id_declared"]).all()
    assert (both["container_numbers"] == both["container_numbers_declared"]).all()
    assert (both["consignee_id"] == both["importer_id"]).all()
    assert (both["hs6"] == both["hs6_declared"]).mean() > 0.97
    # goods that are not declared were carried all the same
    ratio = both["gross_mass_kg"].astype(float) / both["net_mass_kg"]
    hidden = both["offence"] == "undeclared_quantity"
    assert ratio[~hidden].median() == pytest.approx(1.06, abs=0.01)
    assert not hidden.any() or ratio[hidden].median() > 1.5


def test_cargo_follows_from_the_declaration_alone(declared: pd.DataFrame, world: World) -> None:
    few = declared.sample(50, random_state=1).sort_index()
    added = declared.columns[declared.columns.get_loc("importer_name") :]
    again = with_cargo(world.seed, few.drop(columns=added))
    pd.testing.assert_frame_equal(again, few)
    by_sea = declared["transport_mode"] == "2"
    carried = declared.loc[by_sea, ["conveyance_id", "container_numbers", "bill_no"]]
    assert carried.notna().all(axis=None)
    assert declared.loc[~by_sea, "container_numbers"].isna().all()


def test_documents_say_what_the_declarations_say(
    tmp_path: Path, declared: pd.DataFrame, world: World
) -> None:
    parts = documents.by_layout(world.seed, declared)
    assert sum(map(len, parts.values())) == len(declared)
    assert 0.01 < len(parts["single_window"]) / len(declared) < 0.06
    written = {
        "single_window": documents.single_window(world.seed, parts["single_window"]),
        "wco": documents.wco(world.seed, parts["wco"]),
    }
    lines = []
    for layout, content in written.items():
        rows = as_read(tmp_path, "declarations", content, layout).set_index("declaration_id")
        sent = parts[layout].set_index("declaration_id").loc[rows.index]
        for name in ("hs6", "origin_country", "departure_country", "importer_id", "importer_name",
                     "seller_id", "trade_currency", "bill_no", "container_numbers",
                     "conveyance_id", "goods_name", "transport_mode", "trade_mode"):  # fmt: skip
            assert rows[name].fillna("").tolist() == sent[name].fillna("").tolist(), name
        for name in ("declared_value", "net_mass_kg"):
            assert rows[name].astype(float).to_numpy() == pytest.approx(sent[name], abs=0.02)
        told = pd.to_datetime(rows["declared_at"], format="ISO8601").dt.strftime("%F %T")
        assert told.tolist() == pd.to_datetime(sent["declared_at"]).dt.strftime("%F %T").tolist()
        lines += rows["lines"].str.count('"(?:GNo|SequenceNumeric)"').tolist()
    assert set(lines) == {1, 2}


def test_the_same_rows_give_the_same_archive(declared: pd.DataFrame, world: World) -> None:
    few = pd.concat([declared.head(3), declared.head(1)])
    content = documents.single_window(world.seed, few)
    assert content == documents.single_window(world.seed, few)
    # a declaration that is sent twice is two documents
    assert len(zipfile.ZipFile(BytesIO(content)).namelist()) == 4


def test_rates_are_out_before_they_are_in_force(tmp_path: Path, world: World) -> None:
    before = as_read(tmp_path, "exchange_rates", rates.exchange_rates(world, date(2026, 6, 17)))
    after = as_read(tmp_path, "exchange_rates", rates.exchange_rates(world, date(2026, 6, 18)))
    # the third Wednesday of June 2026 is the 17th
    assert (before["valid_from"].max(), after["valid_from"].max()) == ("2026-06-01", "2026-07-01")
    dollar = after[after["currency"] == "USD"].set_index("valid_from")["rate_cny"]
    assert float(dollar["2026-06-01"]) == rates.rate_on(world.seed, "USD", date(2026, 6, 30))
    assert after["published_at"].str[:10].max() == "2026-06-17"
