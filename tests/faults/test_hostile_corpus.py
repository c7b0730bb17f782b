"""Every hostile delivery ends loaded, in quarantine or refused by name; nothing else happens."""

import hashlib
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.collect import BatchOutcome
from customs_risk.collect.intake import take_in
from customs_risk.settings import Settings
from tests.faults.hostile import CANARY, KINDS, Hostile, Refused, Taken, all_cases
from tests.faults.hostile_canary import FILE as CANARY_FILE
from tests.faults.hostile_canary import PORT as CANARY_PORT

pytestmark = pytest.mark.usefixtures("wall_clock")

CORPUS = all_cases()
# rates come first: declarations in other currencies are converted by them
_FEEDS = [("exchange_rates", "csv"), *KINDS.values()]
_MOST_GROWTH = 300 << 20  # bytes
_RULES = {
    "file.not_empty",
    "file.size",
    "file.encoding",
    "file.readable",
    "file.columns",
    "file.archive",
    "file.no_doctype",
    "file.name",
    "file.sent_at",
    "file.layout",
    "batch.max_failed_share",
}
# words of programs and not of people
_JARGON = re.compile(r"Traceback|\b(Arrow|Key|OS|Type|Unicode|Value)\w*(Error|Invalid)\b|<class")


class _Canary(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CANARY.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def canaries() -> Iterator[None]:
    """A file and a server, which nothing in a delivery may make us read."""
    CANARY_FILE.write_text(CANARY, encoding="utf-8")
    server = HTTPServer(("127.0.0.1", CANARY_PORT), _Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()
    CANARY_FILE.unlink()


@pytest.fixture(scope="module")
def gate(warehouse: Settings, canaries: None) -> Iterator[Settings]:
    steps.initialize()
    tables = _tables()
    yield warehouse
    assert _tables() == tables


@pytest.fixture(scope="module", autouse=True)
def taken_in_once(gate: Settings) -> None:
    """Load every library that a delivery needs, so that what grows later is the delivery's."""
    samples = Path(__file__).parents[1] / "contracts" / "samples"
    for number, (feed, ending) in enumerate(_FEEDS):
        target = gate.inbox / feed / f"{feed}_20260630T1700{number:02}.{ending}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((samples / feed / f"good.{ending}").read_bytes())
        (outcome,) = take_in(feed)
        assert outcome.status == "loaded", outcome


@pytest.fixture(autouse=True)
def nothing_left_over(gate: Settings) -> Iterator[None]:
    yield
    # a delivery that crashed would be tried again with the next one
    with doors.connect() as connection:
        connection.execute("delete from ops.batches where status = 'landed'")
    for path in gate.inbox.glob("*/*"):
        path.unlink()


@pytest.mark.parametrize("hostile", [pytest.param(each, id=each.name) for each in CORPUS])
def test_a_hostile_delivery_meets_its_fate(gate: Settings, hostile: Hostile) -> None:
    content = hostile.content
    (gate.inbox / hostile.feed).mkdir(parents=True, exist_ok=True)
    (gate.inbox / hostile.feed / hostile.file_name).write_bytes(content)
    before = _begin_to_measure()
    (outcome,) = take_in(hostile.feed)
    growth = _peak() - before
    assert growth < _MOST_GROWTH, f"{growth >> 20} MB"

    ledger = _ledger(outcome.batch_id)
    assert ledger["status"] == outcome.status
    assert ledger["sha256"] == hashlib.sha256(content).hexdigest()
    kept = gate.landing / ledger["sha256"][:2] / ledger["sha256"]
    assert kept.read_bytes() == content
    assert not list((gate.inbox / hostile.feed).iterdir())
    if isinstance(hostile.expected, Refused):
        _check_refused(outcome, ledger, hostile.expected)
    else:
        _check_taken(outcome, ledger, hostile.expected)
    assert not _tells_canary(hostile.feed, outcome)
    assert not _Canary.asked


def _check_refused(outcome: BatchOutcome, ledger: dict[str, Any], expected: Refused) -> None:
    assert outcome.status == "refused", outcome
    assert outcome.reason
    rule, _, words = outcome.reason.partition(": ")
    assert rule == expected.rule, outcome.reason
    assert rule in _RULES
    assert expected.told in words
    assert len(words) >= 10 and " " in words and not _JARGON.search(words), words
    assert len(words) < 5_000
    assert ledger["reason"] == outcome.reason
    loaded, held = _rows(outcome)
    assert not loaded and not held


def _check_taken(outcome: BatchOutcome, ledger: dict[str, Any], expected: Taken) -> None:
    assert outcome.status == "loaded", outcome.reason
    counted = (outcome.received, outcome.loaded, outcome.quarantined, outcome.duplicate)
    assert counted == tuple(
        ledger[each] for each in ("received", "loaded", "quarantined", "duplicate")
    )
    loaded, held = _rows(outcome)
    assert {row_no: rules for row_no, _, rules in held} == dict(expected.broken)
    assert (outcome.loaded, outcome.duplicate) == (expected.loaded, expected.duplicate)
    assert outcome.received == outcome.loaded + outcome.quarantined + outcome.duplicate
    assert len(loaded) == outcome.loaded and len(held) == outcome.quarantined
    everything = {
        str(value) for row in [*loaded, *(row for _, row, _ in held)] for value in row.values()
    }
    for text in expected.kept:
        assert text in everything or any(text in each for each in everything if "," in each), text


def test_no_table_vanished_and_every_delivery_is_in_the_ledger() -> None:
    with doors.connect() as connection:
        rows = connection.execute("select status, count(*) from ops.batches group by status")
        assert set(dict(rows.fetchall())) <= {"loaded", "refused"}


def test_the_corpus_is_as_large_as_it_must_be() -> None:
    by_kind = Counter(hostile.kind for hostile in CORPUS)
    print(", ".join(f"{count} {kind}" for kind, count in by_kind.items()))
    assert by_kind.keys() == KINDS.keys()
    assert min(by_kind.values()) >= 8
    assert len(CORPUS) >= 150
    assert len({hostile.name for hostile in CORPUS}) == len(CORPUS)


def _tables() -> set[tuple[str, str]]:
    with doors.connect() as connection:
        rows = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('raw', 'ops', 'ml')"
        )
        return set(rows.fetchall())


def _ledger(batch_id: str) -> dict[str, Any]:
    with doors.connect() as connection:
        row = connection.execute(
            "select to_jsonb(batches) from ops.batches where batch_id = %s", [batch_id]
        ).fetchone()
    assert row is not None
    return dict(row[0])


def _rows(
    outcome: BatchOutcome,
) -> tuple[list[dict[str, Any]], list[tuple[int, dict[str, Any], list[str]]]]:
    """Return what is loaded of a batch, and what is held."""
    with doors.connect() as connection:
        loaded = connection.execute(
            f"select to_jsonb(loaded) from raw.{outcome.feed} as loaded where batch_id = %s",
            [outcome.batch_id],
        ).fetchall()
        held = connection.execute(
            "select row_no, row, broken from ops.quarantine where batch_id = %s", [outcome.batch_id]
        ).fetchall()
    return [row for (row,) in loaded], held


def _tells_canary(feed: str, outcome: BatchOutcome) -> bool:
    loaded, held = _rows(outcome)
    return CANARY in f"{loaded} {held} {outcome.reason}"


def _begin_to_measure() -> int:
    """Let the kernel measure this process's peak memory anew; return where it begins, in bytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak()


def _peak() -> int:
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) << 10
