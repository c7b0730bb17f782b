"""Whatever arrives ends loaded, in quarantine, or refused with a reason; nothing is lost."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from psycopg import sql

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.collect import BatchOutcome, RefusedDelivery, landing, settle
from customs_risk.collect import load as loading
from customs_risk.settings import Settings
from expectations.contract import contract_of

pytestmark = pytest.mark.usefixtures("wall_clock")

HEADER = ",".join(contract_of("declarations").columns)
GOOD = {
    "declared_at": "2026-06-30T10:00:00+08:00",
    "office_code": "2200",
    "importer_id": "91310000MA1FL0000X",
    "hs6": "220421",
    "goods_name": "葡萄酒",
    "origin_country": "FR",
    "net_mass_kg": "900",
    "declared_value_cny": "54000.50",
}


@pytest.fixture(scope="module")
def gate(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


@pytest.fixture(autouse=True)
def empty(gate: Settings) -> None:
    with doors.connect() as connection:
        connection.execute("truncate raw.declarations, ops.quarantine, ops.batches")


class Sender:
    """Drops declaration files into the inbox, each a minute after the one before."""

    def __init__(self, inbox: Path) -> None:
        self.inbox = inbox
        self._sent_at = datetime(2026, 6, 30, 18)  # noqa: DTZ001 - a name's local time

    def drop(self, content: bytes, *, name: str | None = None, folder: str = "") -> str:
        self._sent_at += timedelta(minutes=1)
        name = name or f"declarations_{self._sent_at:%Y%m%dT%H%M%S}.csv"
        path = self.inbox / "declarations" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name


@pytest.fixture
def sender(gate: Settings) -> Sender:
    return Sender(gate.inbox)


def line(number: int | str, **changes: str) -> str:
    values = {**GOOD, "declaration_id": f"D{number}", **changes}
    return ",".join(values.get(name, "") for name in HEADER.split(","))


def file_of(*lines: str, header: str = HEADER) -> bytes:
    return ("\n".join([header, *lines]) + "\n").encode()


def good(count: int, start: int = 0) -> list[str]:
    return [line(number) for number in range(start, start + count)]


def collect_one() -> BatchOutcome:
    (outcome,) = steps.collect("declarations")
    assert outcome.received == outcome.loaded + outcome.quarantined + outcome.duplicate
    return outcome


def refusal() -> str:
    with pytest.raises(RefusedDelivery) as caught:
        steps.collect("declarations")
    assert value("select count(*) from ops.batches where status = 'refused'") == 1
    assert value("select count(*) from raw.declarations") == 0
    return str(caught.value)


def value(query: str, *parameters: object) -> Any:
    with doors.connect() as connection:
        row = connection.execute(query, parameters).fetchone()
        assert row is not None
        return row[0]


def quarantined() -> dict[int, list[str]]:
    with doors.connect() as connection:
        return dict(connection.execute("select row_no, broken from ops.quarantine").fetchall())


def test_good_rows_are_loaded_and_the_bytes_kept(sender: Sender, gate: Settings) -> None:
    content = file_of(*good(5))
    sender.drop(content)
    assert collect_one().loaded == 5
    sha256 = hashlib.sha256(content).hexdigest()
    assert (gate.landing / sha256[:2] / sha256).read_bytes() == content
    assert not list((gate.inbox / "declarations").glob("*.csv"))


def test_a_truncated_file_loses_only_the_line_that_broke(sender: Sender) -> None:
    content = file_of(*good(10))
    sender.drop(content[:-60])
    outcome = collect_one()
    assert (outcome.loaded, outcome.quarantined) == (9, 1)
    assert quarantined() == {11: ["row.complete"]}
    assert value("select row ->> 'line' from ops.quarantine").startswith("D9,")


def test_lines_with_too_many_or_too_few_cells_are_kept_by_their_number(sender: Sender) -> None:
    lines = good(20)
    lines[3] += ",surplus"
    lines[7] = "D7,short"
    sender.drop(file_of(*lines))
    outcome = collect_one()
    assert (outcome.received, outcome.loaded) == (20, 18)
    assert quarantined() == {5: ["row.complete"], 9: ["row.complete"]}
    assert value("select row_no from raw.declarations where declaration_id = 'D8'") == 10


def test_a_missing_column_refuses_the_file(sender: Sender) -> None:
    header = HEADER.replace("net_mass_kg", "netto")
    name = sender.drop(file_of(*good(3), header=header))
    told = refusal()
    for word in ("declarations", name, "file.columns", "missing columns: net_mass_kg", "netto"):
        assert word in told


def test_gb18030_is_read_and_latin_1_is_refused_with_its_line(sender: Sender) -> None:
    sender.drop(file_of(*good(3)).decode().encode("gb18030"))
    assert collect_one().loaded == 3
    assert value("select goods_name from raw.declarations limit 1") == "葡萄酒"
    with doors.connect() as connection:
        connection.execute("truncate raw.declarations, ops.batches")
    lines = [line(1, goods_name="vin"), line(2, goods_name="Rosé d'Anjou à la cuvée ÿ")]
    sender.drop(file_of(*lines, header=HEADER).decode().encode("latin-1"))
    told = refusal()
    assert "file.encoding" in told
    assert "line 3" in told


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"hs6": "000000"}, "hs6.known_code"),
        ({"origin_country": "XX"}, "origin_country.known_code"),
        ({"net_mass_kg": "-5"}, "net_mass_kg.range"),
        ({"net_mass_kg": "0"}, "net_mass_kg.range"),
        ({"net_mass_kg": "NaN"}, "net_mass_kg.type"),
        ({"declared_value_cny": "viel"}, "declared_value_cny.type"),
        ({"declared_at": "now"}, "declared_at.type"),
        ({"declared_at": "2026-13-40"}, "declared_at.type"),
        ({"declared_at": "2026-07-09T10:00:00+08:00"}, "declared_at.not_future"),
        ({"importer_id": ""}, "importer_id.present"),
        ({"importer_credit_tier": "excellent"}, "importer_credit_tier.known_value"),
        ({"declaration_id": "D" * 40}, "declaration_id.length"),
    ],
)
def test_a_row_that_breaks_a_rule_is_quarantined_under_it(
    sender: Sender, changes: dict[str, str], rule: str
) -> None:
    sender.drop(file_of(*good(9), line(9, **changes)))
    outcome = collect_one()
    assert (outcome.loaded, outcome.quarantined) == (9, 1)
    assert rule in quarantined()[11]
    with doors.connect() as connection:
        row = connection.execute("select row from ops.quarantine").fetchone()
    assert row is not None
    for name, text in changes.items():
        assert row[0][name] == (text or None)


def test_a_row_may_break_several_rules(sender: Sender) -> None:
    sender.drop(file_of(*good(9), line(9, hs6="000000", net_mass_kg="-1")))
    collect_one()
    assert quarantined() == {11: ["hs6.known_code", "net_mass_kg.range"]}


def test_the_same_bytes_again_change_nothing(sender: Sender) -> None:
    content = file_of(*good(5))
    sender.drop(content)
    collect_one()
    name = sender.drop(content)
    assert steps.collect("declarations") == []
    assert value("select status from ops.batches where file_name = %s", name) == "repeated"
    assert value("select count(*) from raw.declarations") == 5


def test_rows_that_came_before_are_duplicates(sender: Sender) -> None:
    sender.drop(file_of(*good(5)))
    collect_one()
    sender.drop(file_of(*good(8), line(7)))
    outcome = collect_one()
    assert (outcome.received, outcome.loaded, outcome.duplicate) == (9, 3, 6)


def test_another_content_under_a_known_key_corrects_it_and_both_stay(sender: Sender) -> None:
    sender.drop(file_of(*good(5)))
    collect_one()
    sender.drop(file_of(*good(10, start=5), line(4, net_mass_kg="1"), line(5, net_mass_kg="2")))
    outcome = collect_one()
    assert (outcome.loaded, outcome.corrected, outcome.quarantined) == (11, 1, 1)
    assert quarantined() == {13: ["key.unique"]}
    versions = "select array_agg(net_mass_kg::int order by known_at) from raw.declarations"
    assert value(f"{versions} where declaration_id = 'D4'") == [900, 1]


def test_a_late_delivery_counts_from_the_day_it_came(sender: Sender) -> None:
    sender.drop(file_of(line(1, declared_at="2026-06-22T09:00:00+08:00")))
    assert collect_one().loaded == 1
    # it was sent weeks ago, and found now
    just_now = "known_at between now() - interval '1 minute' and now()"
    assert value(f"select {just_now} from raw.declarations")


def test_a_backfill_is_marked_and_known_when_it_happened(sender: Sender) -> None:
    sender.drop(file_of(line(1, declared_at="2026-05-01T09:00:00+08:00")), folder="backfill")
    assert collect_one().loaded == 1
    assert value("select is_backfill and known_at = declared_at from raw.declarations")


@pytest.mark.parametrize(
    ("content", "rule"), [(b"", "file.not_empty"), (file_of(), "file.not_empty")]
)
def test_an_empty_file_is_refused(sender: Sender, content: bytes, rule: str) -> None:
    sender.drop(content)
    assert rule in refusal()


def test_a_name_without_a_time_is_refused(sender: Sender) -> None:
    sender.drop(file_of(*good(2)), name="declarations-of-today.csv")
    assert "file.name" in refusal()


def test_bytes_that_are_no_text_are_refused(sender: Sender) -> None:
    sender.drop(b"PK\x03\x04\x00\x00" + bytes(range(256)) * 40)
    assert "file.encoding" in refusal()


def test_too_many_bad_rows_refuse_the_file_and_say_which(sender: Sender) -> None:
    sender.drop(file_of(*good(2), *(line(n, hs6="000000") for n in range(2, 8))))
    told = refusal()
    assert "batch.max_failed_share" in told
    assert "hs6.known_code in 6 rows, first in row 4" in told
    assert value("select count(*) from ops.quarantine") == 0


def test_one_bad_file_does_not_keep_the_good_ones(sender: Sender) -> None:
    sender.drop(b"")
    sender.drop(file_of(*good(4)))
    with pytest.raises(RefusedDelivery):
        steps.collect("declarations")
    assert value("select count(*) from raw.declarations") == 4


def test_a_quote_that_never_closes_refuses_the_file_and_not_the_feed(sender: Sender) -> None:
    # the quote swallows more than the reader holds at a time, in the middle of the stream
    content = file_of(*good(10), line(10, goods_name='"wine'), *good(150_000, 11))
    name = sender.drop(content)
    sender.drop(file_of(*good(4)))
    with pytest.raises(RefusedDelivery, match=r"file\.readable") as caught:
        steps.collect("declarations")
    assert name in str(caught.value)
    assert value("select count(*) from raw.declarations") == 4


def test_a_file_from_the_future_is_refused(
    sender: Sender, gate: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.drop(file_of(*good(4)), name="declarations_20991231T000000.csv")
    assert "file.sent_at" in refusal()


def test_a_large_file_is_streamed(sender: Sender) -> None:
    count = 150_000  # about 20 MB, five times the reader's block
    sender.drop(file_of(*good(count)))
    outcome = collect_one()
    assert outcome.loaded == count
    assert value("select max(row_no) - min(row_no) + 1 from raw.declarations") == count


@pytest.mark.parametrize(
    ("room", "broken_step"),
    [
        (loading, "copy_in"),
        (settle, "find_repeated"),
        (settle, "quarantine"),
        (settle, "load_the_rest"),
        (loading, "_finish"),
    ],
)
def test_a_crash_in_the_middle_of_a_load_is_made_good(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, room: ModuleType, broken_step: str
) -> None:
    sender.drop(file_of(*good(9), line(9, hs6="000000")))

    def crash(*_: object, **__: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(room, broken_step, crash)
        with pytest.raises(OSError, match="power cut"):
            steps.collect("declarations")
    assert value("select count(*) from raw.declarations") == 0
    outcome = collect_one()
    assert (outcome.loaded, outcome.quarantined) == (9, 1)


def test_a_crash_between_ledger_and_inbox_enters_a_file_once(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.drop(file_of(*good(5)))

    def crash(*_: object, **__: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", crash)
        with pytest.raises(OSError, match="power cut"):
            landing.land("declarations")
    assert collect_one().loaded == 5
    assert value("select count(*) from ops.batches") == 1


def test_the_ledger_cannot_be_wrong(gate: Settings, sender: Sender) -> None:
    sender.drop(file_of(*good(3)))
    collect_one()
    with pytest.raises(Exception, match="ledger_adds_up"), doors.connect() as connection:
        connection.execute(sql.SQL("update ops.batches set loaded = loaded + 1"))
