"""Declarations arrive in several layouts and formats; each sample ends where it should."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from customs_risk import collect, steps
from customs_risk import warehouse as doors
from customs_risk.collect import BatchOutcome, intake
from customs_risk.settings import Settings
from expectations.contract import contract_of

SAMPLES = Path(__file__).with_name("samples")
ENDINGS = ["single_window.zip", "wco.xml", "parquet"]
# of June 2026, in the good sample of exchange_rates
RATES = {"EUR": 7.7545, "USD": 7.0932}


@pytest.fixture(scope="module")
def prepared(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    # what is declared in another currency is converted by the rate in force
    deliver(warehouse, "exchange_rates", "good", "csv", "20260617T093000")
    yield warehouse


@pytest.fixture
def tolerant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples hold bad rows only; no share of them refuses the batch."""
    known = contract_of("declarations").model_copy(update={"max_failed_share": 1.0})
    monkeypatch.setattr(intake, "contract_of", {"declarations": known}.__getitem__)


def deliver(home: Settings, feed: str, sample: str, ending: str, sent: str) -> BatchOutcome:
    target = home.inbox / feed / f"{feed}_{sent}.{ending}"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SAMPLES / feed / f"{sample}.{ending}", target)
    (outcome,) = collect.collect(feed)
    return outcome


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_good_sample_is_loaded_whole(prepared: Settings, ending: str) -> None:
    outcome = deliver(prepared, "declarations", "good", ending, "20260630T180000")
    assert (outcome.status, outcome.quarantined, outcome.duplicate) == ("loaded", 0, 0)
    assert outcome.received == outcome.loaded >= 2
    if ending == "parquet":
        return  # it gives the value in CNY itself
    with doors.connect() as connection:
        rows = connection.execute(
            """
            select trade_currency, declared_value, declared_value_cny
            from raw.declarations where batch_id = %s
            """,
            [outcome.batch_id],
        ).fetchall()
    assert {currency for currency, _, _ in rows} == set(RATES)
    for currency, value, value_cny in rows:
        assert float(value_cny) == pytest.approx(float(value) * RATES[currency], abs=0.01)


@pytest.mark.usefixtures("tolerant")
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_bad_row_is_quarantined_with_exactly_its_rules(
    prepared: Settings, ending: str
) -> None:
    told = SAMPLES / "declarations" / f"bad.{ending.split('.')[0]}.yml"
    outcome = deliver(prepared, "declarations", "bad", ending, "20260630T190000")
    with doors.connect() as connection:
        kept = connection.execute(
            "select row_no, broken from ops.quarantine where batch_id = %s", [outcome.batch_id]
        ).fetchall()
    assert dict(kept) == yaml.safe_load(told.read_text(encoding="utf-8"))
    assert outcome.loaded == 0
