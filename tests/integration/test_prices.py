"""Price regression and back-tracing on a real PostgreSQL, from declarations of a small world."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.sandbox.world import World
from customs_risk.settings import Settings
from ml.prices import model as price_model
from ml.prices import step as prices
from ml.prices.model import PriceConfig

FEEDS = ("exchange_rates", "declarations", "inspection_results")


def rows(query: str) -> list[Any]:
    with doors.connect() as connection:
        return connection.execute(query).fetchall()


def table(query: str) -> pd.DataFrame:
    return doors.read_arrow(query).to_pandas()


def take_in() -> None:
    for feed in FEEDS:
        steps.collect(feed)
    steps.prepare()


@pytest.fixture(scope="module")
def days(standing_warehouse: Settings) -> Iterator[tuple[date, date]]:
    """History, a live day before there was a price model, and one after the first was trained."""
    steps.initialize()
    world = World(standing_warehouse.home, seed=11, declarations_per_day=200, history_days=40)
    world.deliver_history()
    take_in()
    first, second = world.live_days(2)
    for day in (first, second):
        world.deliver_day(day, FEEDS)
        take_in()
        if day == second:
            assert prices.train_prices() is not None
        assert prices.expect_prices() > 100
    yield first, second


def test_each_live_declaration_has_one_expectation_and_keeps_it(days: tuple[date, date]) -> None:
    live = rows("select count(*) from intermediate.int_declarations where not is_backfill")
    assert rows("select count(*) from ml.price_expectations") == live
    assert prices.expect_prices() == 0
    told = table(
        """
        select declarations.known_on, expected.*
        from assessment.price_expectations as expected
        inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
        """
    )
    before, after = (told[told["known_on"] == day] for day in days)
    assert set(before["price_position"]) == {"unknown"} and set(before["model_version"]) == {"none"}
    known = after[after["price_position"] != "unknown"]
    assert len(known) > 0.95 * len(after)
    low, high = known["low_cny_per_kg"], known["high_cny_per_kg"]
    assert known["expected_cny_per_kg"].between(low, high).all()
    is_within = known["declared_cny_per_kg"].between(low, high)
    assert ((known["price_position"] == "within") == is_within).all()
    assert is_within.mean() > 0.8
    assert told[["words_en", "words_zh"]].notna().all(axis=None)
    first = known.iloc[0]
    assert f"{first['declared_cny_per_kg']:.2f}" in first["words_en"]
    assert f"{first['expected_cny_per_kg']:.2f}" in first["words_zh"]


def test_a_model_learns_from_what_lies_before_the_day_that_waited(days: tuple[date, date]) -> None:
    first, _ = days
    (window_to, is_active), *others = rows("select window_to, is_active from ml.price_models")
    assert (window_to, is_active, others) == (first, True, [])


def test_a_model_serves_until_it_is_old_and_a_worse_one_never_does(
    days: tuple[date, date], monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = prices.active()
    assert serving is not None
    assert prices.train_prices() == serving.version
    fit = price_model.fit

    def fit_worse(rows: pd.DataFrame, config: PriceConfig) -> Any:
        model, metrics = fit(rows, config)
        worse = replace(model, widening=model.widening + 1)
        return worse, metrics | {"pinball": 2 * metrics["pinball_baseline"]}

    monkeypatch.setattr(price_model, "fit", fit_worse)
    monkeypatch.setattr(prices.Registered, "serves", lambda *_: False)
    assert prices.train_prices() == serving.version
    assert prices.active().version == serving.version
    assert len(rows("select from ml.price_models")) == 2


def test_what_is_known_of_goods_is_the_sum_of_strictly_earlier_days(
    days: tuple[date, date],
) -> None:
    read = prices.read(f"features.known_on <= '{days[1]}'", 200)
    assert set(read["known_on"]) <= {*days}
    everything = table(
        """
        select hs6, origin_country, importer_id, known_on, net_mass_kg::float8 as mass,
            ln(declared_value_cny / net_mass_kg)::float8 as price
        from intermediate.int_declarations
        """
    )
    for told in read.itertuples():
        goods = everything[
            (everything["hs6"] == told.hs6) & (everything["known_on"] < told.known_on)
        ]
        pair = goods[goods["origin_country"] == told.origin_country]
        age = [(told.known_on - known_on).days for known_on in pair["known_on"]]
        for kind, sought in {
            "hs6": goods,
            "hs6_origin": pair,
            "importer_hs6": goods[goods["importer_id"] == told.importer_id],
            "recent": pair[np.array(age) <= 28],
        }.items():
            assert getattr(told, f"count_{kind}") == len(sought)
            assert getattr(told, f"sum_{kind}") == pytest.approx(sought["price"].sum(), abs=1e-3)
            squares = (sought["price"] ** 2).sum()
            assert getattr(told, f"squares_{kind}") == pytest.approx(squares, abs=1e-2)
        assert told.mass_sum_hs6_origin == pytest.approx(np.log(pair["mass"]).sum(), abs=1e-3)


def test_no_price_is_learned_that_was_found_to_be_false(days: tuple[date, date]) -> None:
    day = days[0]
    false = {
        name
        for (name,) in rows(
            f"""
            select declaration_id from intermediate.int_inspections
            where has_finding and known_on < '{day}'
                and finding_type not in ('ipr', 'prohibited', 'food_safety', 'other')
            """
        )
    }
    everything = prices.read(f"features.known_on < '{day}'", 10_000)
    honest = prices.read(f"features.known_on < '{day}'", 10_000, prices._HONEST.format(day=day))
    assert len(false) >= 5
    assert set(everything["declaration_id"]) - set(honest["declaration_id"]) == false


def test_what_findings_share_is_told_once_and_tested_as_by_the_textbook(
    days: tuple[date, date],
) -> None:
    # one declarant's goods are all found bad, as far as they were inspected
    ((declarant, _),) = rows(
        """
        with planted as (
            select declarant_id, count(*) from intermediate.int_inspections
            inner join intermediate.int_declarations using (importer_id, declaration_id)
            group by declarant_id having count(*) between 6 and 12
            order by count(*) desc, declarant_id limit 1
        ), changed as (
            update intermediate.int_inspection_versions as versions set has_finding = true
            from intermediate.int_declarations as declarations, planted
            where versions.declaration_id = declarations.declaration_id
                and declarations.declarant_id = planted.declarant_id
        )
        select * from planted
        """
    )
    # the table is made anew with each day's feedback
    steps.feed_back()
    told = table("select * from feedback.finding_commonalities")
    inspected = table(
        """
        select distinct on (declaration_id) declarations.*, inspections.has_finding
        from intermediate.int_inspections as inspections
        inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
        """
    )
    size, found = len(inspected), int(inspected["has_finding"].sum())
    assert set(told["all_inspections"]) == {size} and set(told["all_findings"]) == {found}

    chance = stats.hypergeom(size, found, told["inspections"]).sf(told["findings"] - 1)
    assert told["p_value"].to_numpy() == pytest.approx(chance, rel=1e-6)
    of_importers = inspected.groupby("importer_id")["has_finding"].agg(["size", "sum"])
    shared = of_importers[(of_importers["size"] >= 5) & (of_importers["sum"] >= 2)]
    importers = told[told["attribute"] == "importer"].set_index("attribute_value")
    assert importers["inspections"].to_dict() == shared["size"].to_dict()
    assert importers["findings"].to_dict() == shared["sum"].to_dict()

    worst = told.sort_values(["p_value", "attribute"]).iloc[0]
    planted = told[(told["attribute"] == "declarant") & (told["attribute_value"] == declarant)]
    assert len(planted) == 1 and bool(planted["is_significant"].iloc[0])
    assert planted["p_value"].iloc[0] == worst["p_value"]
    assert (planted["inspections"] == planted["findings"]).all() and (planted["lift"] > 2).all()
    examples = planted["examples"].iloc[0]
    bad = inspected[inspected["has_finding"] & (inspected["declarant_id"] == declarant)]
    assert set(examples) <= set(bad["declaration_id"]) and len(examples) == 5
    assert f"({declarant})" in planted["words_en"].iloc[0]
    # a pair that comes up in just the same inspections is not told beside it
    same = told[(told["inspections"] == len(bad)) & told["attribute_value"].str.contains(declarant)]
    assert set(same["attribute"]) == {"declarant"}


def test_chance_alone_is_rarely_called_a_commonality(days: tuple[date, date]) -> None:
    """Findings dealt out blindly: with control, hardly any of hundreds of candidates stands out."""
    with doors.connect() as connection:
        connection.execute(
            "update intermediate.int_inspection_versions "
            "set has_finding = md5(declaration_id || 'blind') < '26'"
        )
    steps.feed_back()
    told = table("select p_value, q_value, is_significant from feedback.finding_commonalities")
    assert (told["p_value"] < 0.05).sum() >= 3
    assert told["is_significant"].sum() <= 1
    assert (told["q_value"] >= told["p_value"]).all()
    assert told.sort_values("p_value")["q_value"].is_monotonic_increasing


def test_a_changed_artefact_is_noticed(
    days: tuple[date, date], standing_warehouse: Settings
) -> None:
    path = standing_warehouse.home / "models" / "prices" / prices.active().version / "prices.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ValueError, match="not the one registered"):
        prices.active()
