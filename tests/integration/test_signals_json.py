"""From deliveries in the providers' JSON to risk signals, and to gaps in trade statistics."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from customs_risk import collect, steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import dbt
from expectations.contract import contract_of

pytestmark = pytest.mark.timeout(900)

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"
FEEDS = (
    "wahis_events",
    "disease_outbreak_news",
    "rasff_notifications",
    "cpsc_recalls",
    "enterprise_credit",
    "comtrade",
)
# the models and what they stand on; relations between other models are tested elsewhere
UP_TO = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--select"]
MODELS = [f"+signals_{feed}" for feed in FEEDS]


@pytest.fixture(scope="module")
def warehouse_with_signals(
    standing_warehouse: Settings,
) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Yield a connection to a warehouse that holds the good samples and April's declarations."""
    steps.initialize()
    for feed in FEEDS:
        deliver(
            standing_warehouse, feed, (SAMPLES / feed / "good.json").read_bytes(), "20260630T180000"
        )
    deliver(standing_warehouse, "declarations", declarations(), "20260630T180000")
    dbt("build", *UP_TO, *MODELS)
    with psycopg.connect(doors.url(), autocommit=True, row_factory=dict_row) as connection:
        yield connection


def deliver(home: Settings, feed: str, content: bytes, sent: str) -> None:
    folder = home.inbox / feed / "backfill"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{feed}_{sent}.{contract_of(feed).format}").write_bytes(content)
    assert [each.quarantined for each in collect.collect(feed)] == [0]


def declarations() -> bytes:
    """Wine from Germany on three days: 120 t are declared of the 181.3 t that Germany reports."""
    with (SAMPLES / "declarations" / "good.csv").open(encoding="utf-8") as file:
        (first, *_) = csv.DictReader(file)
    written = io.StringIO()
    columns = contract_of("declarations").columns
    writer = csv.DictWriter(written, list(columns))
    writer.writeheader()
    for number, day in enumerate(["2026-04-01", "2026-04-20", "2026-05-04"]):
        writer.writerow(
            dict.fromkeys(columns, "")
            | first
            | {
                "declaration_id": f"22002026100000000{number}",
                "declared_at": f"{day}T10:00:00+08:00",
                "hs6": "220421",
                "origin_country": "DE",
                "net_mass_kg": "60000",
            }
        )
    return written.getvalue().encode()


def signals(connection: psycopg.Connection[dict[str, Any]], feed: str) -> list[dict[str, Any]]:
    return connection.execute(
        f"select * from intermediate.signals_{feed} order by signal_id"
    ).fetchall()


Warehouse = psycopg.Connection[dict[str, Any]]


@pytest.mark.parametrize("feed", FEEDS)
def test_signals_of_every_feed_have_the_same_columns(
    warehouse_with_signals: Warehouse, feed: str
) -> None:
    of = "select * from intermediate.signals_{} limit 0"
    named = warehouse_with_signals.execute(of.format(feed)).description
    usual = warehouse_with_signals.execute(of.format("wahis_events")).description
    assert named and usual
    told, expected = ([(c.name, c.type_code) for c in each] for each in (named, usual))
    assert told == expected
    assert [name for name, _ in told[:8]] == [
        "signal_id", "feed", "channel", "risk_domain", "subject_type",
        "mention_kind", "mention_name", "mention_aliases",
    ]  # fmt: skip


@pytest.mark.parametrize("feed", FEEDS)
def test_a_signal_says_one_thing_once(warehouse_with_signals: Warehouse, feed: str) -> None:
    rows = signals(warehouse_with_signals, feed)
    assert rows
    told = {(row["signal_id"], row["batch_id"], row["row_no"]) for row in rows}
    assert len(told) == len(rows)
    assert all(row["feed"] == feed and row["channel"] == contract_of(feed).channel for row in rows)
    assert {row["severity"] for row in rows} <= {"low", "medium", "high", "unknown"}
    assert all(row["mention_name"] and row["title"] for row in rows)


def test_animal_disease_is_told_of_what_can_carry_it(warehouse_with_signals: Warehouse) -> None:
    rows = signals(warehouse_with_signals, "wahis_events")
    swine = {row["hs"]: row for row in rows if "African swine fever" in row["title"]}
    assert {"0103", "0203"} <= set(swine)
    assert swine["0203"]["country"] == "VN" and swine["0203"]["severity"] == "high"
    assert swine["0203"]["event_key"] == "outbreak|african swine fever|VN|2026Q2"
    cattle = [row for row in rows if row["country"] == "TR"]
    assert cattle and not any(row["is_in_force"] for row in cattle)


def test_news_of_an_outbreak_names_its_country(warehouse_with_signals: Warehouse) -> None:
    rows = {
        row["source_ref"]: row for row in signals(warehouse_with_signals, "disease_outbreak_news")
    }
    marburg, influenza, cholera = (rows[f"2026-DON{number}"] for number in (602, 600, 603))
    assert (marburg["country"], marburg["severity"]) == ("RW", "high")
    assert (influenza["country"], influenza["severity"]) == ("VN", "low")
    assert influenza["event_key"] == "outbreak|avian influenza|VN|2026Q2"
    assert (cholera["country"], cholera["severity"]) == (None, "unknown")


def test_a_food_alert_is_told_of_each_origin(warehouse_with_signals: Warehouse) -> None:
    rows = signals(warehouse_with_signals, "rasff_notifications")
    nuts = [row for row in rows if row["source_ref"] == "RASFF 2026.5120"]
    assert {(row["country"], row["severity"]) for row in nuts} == {("TR", "high")}
    assert "0802" in {row["hs"] for row in nuts}
    poultry = [row for row in rows if row["source_ref"] == "RASFF 2026.5188"]
    assert {row["country"] for row in poultry} == {"BR", "AR"}
    (unplaced,) = [row for row in rows if row["source_ref"] == "RASFF 2026.5201"]
    assert (unplaced["country"], unplaced["hs"]) == (None, None)


def test_a_recall_names_its_maker_and_its_goods(warehouse_with_signals: Warehouse) -> None:
    rows = signals(warehouse_with_signals, "cpsc_recalls")
    makers = {row["mention_name"]: row["country"] for row in rows if row["mention_kind"] == "party"}
    assert makers == {
        "Bluewater Meridian Trading Company Limited": "VN",
        "Nova Zenith Electronics Co., Ltd.": "CN",
    }
    goods = {(row["hs"], row["country"]) for row in rows if row["mention_kind"] == "commodity"}
    assert goods == {("9503", "VN"), ("8507", "CN"), ("8507", "MY"), ("9403", None)}


def test_a_penalty_has_the_key_by_which_its_department_tells_it(
    warehouse_with_signals: Warehouse,
) -> None:
    rows = signals(warehouse_with_signals, "enterprise_credit")
    (penalty,) = [row for row in rows if row["event_key"]]
    assert penalty["event_key"] == "notice|91440300MA5D000003|〔2026〕1207号"
    assert (penalty["risk_domain"], penalty["severity"]) == ("tax", "high")
    standing = {row["mention_identifiers"][0]: row for row in rows if not row["event_key"]}
    assert len(standing) == 3
    assert not standing["91310000MA1FL00001"]["is_adverse"]
    assert standing["91440300MA5D000003"]["severity"] == "high"


def test_what_partners_report_is_compared_with_what_is_declared(
    warehouse_with_signals: Warehouse,
) -> None:
    gaps = warehouse_with_signals.execute(
        "select * from intermediate.int_mirror_gaps order by row_no"
    ).fetchall()
    whole, by_sea, elsewhere = gaps
    # every delivered row is there; a part of a total is kept, and not compared
    assert (by_sea["is_total"], by_sea["is_compared"], by_sea["missing_share"]) == (
        False,
        False,
        None,
    )
    assert (elsewhere["origin_country"], elsewhere["is_compared"]) == ("TW", False)
    assert whole["declarations"] == 2 and whole["declared_mass_kg"] == 120_000
    assert whole["missing_share"] == pytest.approx(1 - 120_000 / 181_300)
    (signal,) = signals(warehouse_with_signals, "comtrade")
    assert (signal["hs"], signal["country"], signal["severity"]) == ("220421", "DE", "medium")
    assert signal["is_adverse"] and signal["risk_domain"] == "tax"


def test_a_revision_that_closes_a_gap_ends_its_signal(
    standing_warehouse: Settings, warehouse_with_signals: Warehouse
) -> None:
    content = (SAMPLES / "comtrade" / "good.json").read_text(encoding="utf-8")
    revised = content.replace("181300.0", "121000.0").replace("2026-06-22T", "2026-06-29T")
    deliver(standing_warehouse, "comtrade", revised.encode(), "20260630T190000")
    dbt("build", *UP_TO, "+signals_comtrade")
    now = signals(warehouse_with_signals, "comtrade")
    assert len(now) == 2 and len({row["signal_id"] for row in now}) == 1
    latest = max(now, key=lambda row: row["known_at"])
    assert (latest["is_in_force"], latest["is_adverse"]) == (False, False)


def test_names_of_countries_are_all_there(warehouse_with_signals: Warehouse) -> None:
    counted = warehouse_with_signals.execute(
        "select count(*) filter (where country = 'NA') as namibia, count(distinct country) as every"
        " from reference.country_names"
    ).fetchone()
    # a table reader may take NA for a null
    assert counted == {"namibia": 3, "every": 250}


def test_an_odd_document_does_not_break_the_signals(
    standing_warehouse: Settings, warehouse_with_signals: Warehouse
) -> None:
    content = (SAMPLES / "rasff_notifications" / "good.json").read_text(encoding="utf-8")
    odd = content.replace('"isoCode": "TR"', '"isoCode": 7').replace("85", "86")
    odd = odd.replace('"originCountries": []', '"originCountries": {"isoCode": "DE"}')
    deliver(standing_warehouse, "rasff_notifications", odd.encode(), "20260630T190000")
    assert len(signals(warehouse_with_signals, "rasff_notifications")) > 3
