"""From deliveries as files and messages to risk signals: each sample, and what it comes to mean."""

import json
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

pytestmark = pytest.mark.timeout(900)

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"
FEEDS = (
    "monitoring_samples",
    "enterprise_status",
    "department_notices",
    "party_reports",
    "refused_entries",
    "fda_import_refusals",
    "ofac_sdn",
    "watch_list",
    "seizure_reports",
    "other_notices",
)
NO_TESTS = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--select"]
DOMAINS = {
    "prohibited_restricted", "port_health", "biosecurity", "food_safety", "commodity_quality",
    "tax", "ipr", "other",
}  # fmt: skip
SUBJECTS = {"goods", "articles", "persons", "transport_means", "transport_equipment"}
MENTIONS = {"party", "commodity", "vessel", "container", "place"}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def signals(standing_warehouse: Settings) -> Iterator[dict[str, list[Row]]]:
    """The signals of every feed's good sample; a second, odd delivery of notices among them."""
    steps.initialize()
    for feed in (*FEEDS, "monitoring_plans", "information_answers"):
        (sample,) = (SAMPLES / feed).glob("good.*")
        deliver(standing_warehouse, feed, sample.read_bytes(), f"20260630T180000{sample.suffix}")
    deliver(standing_warehouse, "department_notices", odd_notice(), "20260630T190000.ndjson")
    models = [f"+signals_{feed}" for feed in FEEDS]
    dbt("build", *NO_TESTS, *models, "stg_monitoring_plans", "stg_information_answers")
    with psycopg.connect(doors.url(), row_factory=dict_row) as connection:
        yield {
            feed: connection.execute(
                f"select * from intermediate.signals_{feed} order by signal_id, known_at"
            ).fetchall()
            for feed in FEEDS
        }


def deliver(home: Settings, feed: str, content: bytes, sent: str) -> None:
    folder = home.inbox / feed
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{feed}_{sent}").write_bytes(content)
    assert [each.quarantined for each in collect.collect(feed)] == [0]


def odd_notice() -> bytes:
    """The first notice withdrawn, its particulars a list: no shape that the views may fail on."""
    text = (SAMPLES / "department_notices" / "good.ndjson").read_text(encoding="utf-8")
    first = json.loads(text.splitlines()[0])
    changed = {"status": "withdrawn", "payload": [1, "two"], "message_id": "D3"}
    return json.dumps(first | changed, ensure_ascii=False).encode() + b"\n"


def of(signals: dict[str, list[Row]], feed: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in signals[feed]]


def test_every_signal_says_what_all_of_them_must(signals: dict[str, list[Row]]) -> None:
    shapes = {tuple(rows[0]) for rows in signals.values()}
    assert len(shapes) == 1
    for feed, rows in signals.items():
        for row in rows:
            assert row["feed"] == feed and row["signal_id"].startswith(f"{feed}|")
            assert row["risk_domain"] in DOMAINS and row["subject_type"] in SUBJECTS
            assert row["mention_kind"] in MENTIONS and row["mention_name"]
            assert row["severity"] in {"low", "medium", "high", "unknown"}
            assert row["reliability"] in "ABCDEF"
            assert row["mention_aliases"] is not None and row["mention_identifiers"] is not None
            assert row["known_at"] and row["is_adverse"] is not None
        assert len({(row["signal_id"], row["batch_id"], row["row_no"]) for row in rows}) == len(
            rows
        )


def test_a_kept_limit_is_told_and_is_not_adverse(signals: dict[str, list[Row]]) -> None:
    assert of(signals, "monitoring_samples", "mention_name", "is_adverse", "severity") == [
        ("030617", False, "low"),
        ("030617", True, "medium"),
    ]


def test_a_withdrawn_notice_is_a_later_version_of_the_first(
    signals: dict[str, list[Row]],
) -> None:
    about_tax = [row for row in signals["department_notices"] if row["risk_domain"] == "tax"]
    first, second = sorted(about_tax, key=lambda row: row["known_at"])
    assert first["signal_id"] == second["signal_id"]
    assert (first["is_in_force"], second["is_in_force"]) == (True, False)
    # 250,000 CNY
    assert first["severity"] == "high"
    assert (first["mention_name"], second["mention_name"]) == (
        "上海示例贸易有限公司",
        "91310000MA1FL00001",
    )


def test_a_notice_about_goods_names_goods(signals: dict[str, list[Row]]) -> None:
    (alert,) = (row for row in signals["department_notices"] if row["mention_kind"] == "commodity")
    assert (alert["risk_domain"], alert["hs"], alert["country"]) == ("biosecurity", "0203", "DE")
    assert alert["is_in_force"] is False


def test_a_party_that_acted_on_its_own_risk_is_told_as_low(signals: dict[str, list[Row]]) -> None:
    told = of(signals, "party_reports", "mention_kind", "severity", "reliability", "subject_type")
    assert told == [
        ("commodity", "low", "B", "goods"),
        ("party", "low", "B", "goods"),
        # nobody says who tells, and nothing shows it
        ("party", "unknown", "F", "persons"),
    ]
    assert not any("抽检" in row["title"] for row in signals["party_reports"])


def test_a_refusal_names_goods_importer_and_maker(signals: dict[str, list[Row]]) -> None:
    shrimps = [row for row in signals["refused_entries"] if row["hs"] == "030617"]
    assert {(row["mention_kind"], row["mention_name"], row["country"]) for row in shrimps} == {
        ("commodity", "030617", "EC"),
        ("party", "上海示例贸易有限公司", "CN"),
        ("party", "EXAMPLE EXPORTS S.A.", "EC"),
    }
    assert {row["severity"] for row in shrimps} == {"high"}
    assert [row["severity"] for row in signals["refused_entries"] if row["hs"] == "330499"] == [
        "low"
    ]


def test_published_weights_are_read_in_kilograms(signals: dict[str, list[Row]]) -> None:
    with doors.connect() as connection:
        weights = connection.execute(
            "select weight_told, net_mass_kg from staging.stg_refused_entries"
        ).fetchall()
    assert dict(weights) == {"25千克": 25, "1.2吨": 1200}


def test_a_us_refusal_names_its_maker_and_its_day(signals: dict[str, list[Row]]) -> None:
    told = of(
        signals, "fda_import_refusals", "mention_name", "country", "hs", "severity", "risk_domain"
    )
    assert sorted(told) == [
        ("Example Exports S.A.", "EC", "03", "high", "food_safety"),
        ("Exemple S.A.R.L.", "FR", "33", "low", "commodity_quality"),
    ]
    days = {str(row["happened_on"]) for row in signals["fda_import_refusals"]}
    assert days == {"2026-06-22", "2026-06-01"}


def test_numbers_in_ofacs_remarks_identify(signals: dict[str, list[Row]]) -> None:
    ship, person, bank = signals["ofac_sdn"]
    assert (ship["mention_kind"], ship["country"]) == ("vessel", "PA")
    assert set(ship["mention_identifiers"]) == {"9187629", "572469210", "3EXY4"}
    assert (person["subject_type"], person["country"], person["confidentiality"]) == (
        "persons",
        "DE",
        "personal",
    )
    assert person["mention_identifiers"] == ["C4F7T1"]
    assert bank["mention_aliases"] == ["BNC", "NATIONAL BANK OF CUBA"]
    # Japan and Switzerland: neither
    assert bank["country"] is None and bank["mention_identifiers"] == []


def test_a_listed_party_keeps_its_other_names_and_numbers(signals: dict[str, list[Row]]) -> None:
    company, person = signals["watch_list"]
    assert company["mention_aliases"] == ["Ex Trading", "E.T."]
    assert company["mention_identifiers"] == ["S0002", "X9"]
    assert (company["severity"], person["severity"]) == ("high", "medium")
    assert (company["country"], person["subject_type"]) == (None, "persons")


def test_a_seizure_names_all_that_took_part(signals: dict[str, list[Row]]) -> None:
    told = {
        (row["subject_type"], row["mention_kind"], row["mention_name"])
        for row in signals["seizure_reports"]
        if row["source_ref"].endswith("Z1")
    }
    assert told == {
        ("goods", "commodity", "030617"),
        ("goods", "party", "Example Exports S.A."),
        ("goods", "party", "上海示例贸易有限公司"),
        ("transport_means", "vessel", "EVER FORTUNE 12"),
        ("transport_equipment", "container", "MSKU1234565"),
        ("transport_equipment", "container", "CMAU0000020"),
    }


def test_other_notices_carry_their_legal_basis(signals: dict[str, list[Row]]) -> None:
    assert {row["legal_basis"] for row in signals["other_notices"]} == {"海关法第六条"}
