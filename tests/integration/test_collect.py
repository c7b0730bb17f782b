"""Deliveries beside each other: sent again, told apart, through a mapping, with a warning."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.collect import BatchOutcome, RefusedDelivery, intake
from customs_risk.settings import Settings
from expectations.contract import contract_of

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"
COLUMNS = list(contract_of("declarations").columns)
GIVEN = {
    "declared_at": "2026-06-30T10:00:00+08:00",
    "office_code": "2200",
    "importer_id": "91310000MA1FL0000X",
    "hs6": "220421",
    "origin_country": "FR",
    "net_mass_kg": "900",
    "declared_value_cny": "54000.50",
}


@pytest.fixture(scope="module")
def home(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


@pytest.fixture(autouse=True)
def empty(home: Settings) -> None:
    with doors.connect() as connection:
        connection.execute("truncate raw.declarations, ops.quarantine, ops.batches")


def value(query: str) -> Any:
    with doors.connect() as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def file_of(count: int, prefix: str = "D", **changes: str) -> str:
    cells = {**GIVEN, **changes}
    lines = [
        ",".join({**cells, "declaration_id": f"{prefix}{n}"}.get(name, "") for name in COLUMNS)
        for n in range(count)
    ]
    return "\n".join([",".join(COLUMNS), *lines, ""])


def send(home: Settings, content: str, sent: str = "20260630T180000") -> Path:
    path = home.inbox / "declarations" / f"declarations_{sent}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def collect_one() -> BatchOutcome:
    (outcome,) = steps.collect("declarations")
    return outcome


def test_a_refused_file_may_be_sent_again_when_the_contract_has_changed(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = contract_of("declarations")
    with monkeypatch.context() as patch:
        patch.setattr(intake, "contract_of", lambda _: contract.model_copy(update={"max_bytes": 9}))
        send(home, file_of(3))
        with pytest.raises(RefusedDelivery, match=r"file\.size"):
            steps.collect("declarations")
    send(home, file_of(3))
    assert collect_one().loaded == 3
    assert value("select count(*) from ops.batches where reason is null") == 1
    # and once it is loaded, the same file again changes nothing
    send(home, file_of(3))
    assert steps.collect("declarations") == []
    assert value("select string_agg(status, ',') from ops.batches") == "loaded"


def test_rows_that_differ_only_in_where_a_cell_ends_are_not_the_same(home: Settings) -> None:
    send(home, file_of(1, seller_id="a·b", courier_id="c"))
    assert collect_one().loaded == 1
    lines = file_of(9).splitlines()
    lines[1] = file_of(1, seller_id="a", courier_id="b·c").splitlines()[1]
    send(home, "\n".join(lines), "20260630T190000")
    outcome = collect_one()
    # the other content under the known key is a correction, not a repetition
    assert (outcome.loaded, outcome.quarantined, outcome.duplicate) == (9, 0, 0)


def test_what_is_no_content_makes_no_correction(home: Settings) -> None:
    listed = (SAMPLES / "watch_list" / "good.csv").read_text(encoding="utf-8")
    seen_again = listed.replace("2026-06-29", "2026-06-30")
    renamed = seen_again.replace("A. Example", "B. Example")
    counts = []
    for sent, content in (("05", listed), ("06", seen_again), ("07", renamed)):
        path = home.inbox / "watch_list" / f"watch_list_20260701T{sent}0000.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        (outcome,) = steps.collect("watch_list")
        counts.append((outcome.loaded, outcome.received - outcome.loaded))
    # whoever was merely seen again is the same entry
    rows = listed.count("\n") - 1
    assert counts == [(rows, 0), (0, rows), (1, rows - 1)]


def test_a_row_without_a_moment_of_its_own_was_known_when_it_was_sent(home: Settings) -> None:
    path = home.inbox / "ofac_sdn" / "backfill" / "ofac_sdn_20260620T120000.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes((SAMPLES / "ofac_sdn" / "good.zip").read_bytes())
    (outcome,) = steps.collect("ofac_sdn")
    assert outcome.loaded == outcome.received > 0
    moments = "select array_agg(distinct known_at) = '{2026-06-20 12:00+08}' from raw.ofac_sdn"
    assert value(moments)
    assert value("select bool_and(is_backfill) from raw.ofac_sdn")


def test_a_value_in_cny_needs_no_rate(home: Settings) -> None:
    layout = (SAMPLES / "declarations" / "good.wco.xml").read_text(encoding="utf-8")
    path = home.inbox / "declarations" / "declarations_20260630T180000.wco.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(re.sub(r'currencyID="[A-Z]{3}"', 'currencyID="CNY"', layout), encoding="utf-8")
    outcome = collect_one()
    assert outcome.loaded == outcome.received > 0
    assert value("select bool_and(declared_value_cny = declared_value) from raw.declarations")


def test_a_file_still_being_written_waits(home: Settings) -> None:
    path = send(home, file_of(2))
    part = path.rename(path.with_name(path.name + ".part"))
    assert steps.collect("declarations") == []
    part.rename(path)
    assert collect_one().loaded == 2


def test_files_are_taken_in_the_order_they_were_sent_and_history_first(home: Settings) -> None:
    moments = ("20260702T080000", "20260630T180000", "20260701T080000")
    for sent in moments:
        send(home, file_of(1, prefix=sent), sent)
    history = send(home, file_of(1, prefix="history"), "20260703T080000")
    backfill = history.parent / "backfill"
    backfill.mkdir(exist_ok=True)
    history.rename(backfill / history.name)
    order = [outcome.file_name for outcome in steps.collect("declarations")]
    assert order == [f"declarations_{sent}.csv" for sent in ("20260703T080000", *sorted(moments))]


def test_an_unusual_volume_is_loaded_with_a_warning_for_someone(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    send(home, file_of(3))
    with caplog.at_level(logging.WARNING):
        assert collect_one().loaded == 3
    (warning,) = value("select warnings from ops.batches")
    assert "batch.volume" in warning and "3" in warning
    assert contract_of("declarations").recipient in caplog.text


def test_data_docs_have_a_page_for_each_batch_and_ask_nobody_outside(home: Settings) -> None:
    send(home, file_of(5))
    outcome = collect_one()
    (page,) = home.data_docs.glob(f"declarations/{outcome.batch_id}.*.html")
    index = (home.data_docs / "index.html").read_text(encoding="utf-8")
    assert page.name in index
    text = page.read_text(encoding="utf-8")
    assert "postgresql" not in text
    assert 'src="http' not in text and 'href="http' not in text.replace("<a href", "")


def test_a_foreign_file_is_scaled_and_its_codes_are_known(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = {
        "columns": {
            **{name: name for name in GIVEN},
            "declaration_id": "Number",
            "declared_value_cny": {"column": "declared_value_cny", "scale": 0.0058},
            "trade_mode": {"constant": "0110"},
        },
        "also_valid": {"hs6": ["880330"]},
    }
    path = tmp_path / "mapping.yml"
    path.write_text(json.dumps(mapping))
    mapped = home.model_copy(update={"declarations_mapping": path})
    monkeypatch.setattr(intake, "settings", lambda: mapped)
    monkeypatch.setattr("expectations.codes.settings", lambda: mapped)
    steps.initialize()
    content = file_of(6, hs6="880330", declared_value_cny="1000000")
    send(home, content.replace("declaration_id", "Number"))
    assert collect_one().loaded == 6
    assert value("select min(declared_value_cny) from raw.declarations") == 5800
    assert value("select min(trade_mode) from raw.declarations") == "0110"
