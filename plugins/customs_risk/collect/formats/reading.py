"""What every format gives: rows of text that stream in, and what could be no row."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa

_ROWS = 20_000
# what is no row waits in memory; a file of nothing else is in another format
_MOST_REJECTED = 100_000
# the delivered bytes are kept whole elsewhere: what is told of a rejected record may be cut
_TOLD = 10_000
# of all of them together, in characters; further ones are told in a few words
_MOST_TOLD = 20_000_000
_BRIEFLY = 200
# rows of long texts wait in smaller batches
_MOST_WAITING = 8 << 20  # characters, or bytes

Batches = Iterator[pa.RecordBatch]


class Unreadable(ValueError):  # noqa: N818 - reads as what is wrong
    """A file that cannot be split into rows; carries the rule it broke."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class BrokenOff(Unreadable):
    """A file that ends too early: the whole of it may come another time."""


@dataclass(frozen=True)
class Record:
    """One row of a document: its number in the delivery, from 1, and its cells.

    A cell is a text or null. Cells stand under the layout's columns, or, in formats whose fields
    have fixed names (EDIFACT, SDN), under those. ``rejected`` is set instead when it is no row:
    the text as delivered.
    """

    row_no: int
    cells: Mapping[str, str | None] = field(default_factory=dict)
    rejected: str | None = None


class Rejected(list[tuple[int, str]]):
    """Numbers and texts of what was no row, in the order it was met.

    Raises:
        Unreadable: there is so much of it that the file must be in another format.
    """

    characters = 0

    def add(self, row_no: int, text: str) -> None:
        """Keep one of them."""
        if len(self) >= _MOST_REJECTED:
            raise Unreadable(
                "file.readable", f"more than {_MOST_REJECTED:,} records are no rows, up to {row_no}"
            )
        words = told(text if self.characters < _MOST_TOLD else text[:_BRIEFLY])
        self.characters += len(words)
        self.append((row_no, words))


@dataclass
class Reading:
    """Rows of text as they stream in, and the lines or records that are no rows.

    ``rows`` holds ``row_no`` and one text column for each column of the contract, in its order.
    ``rejected`` fills while they stream. ``unreadable`` is set when the stream broke off: whoever
    reads it through another library is told by another error.
    """

    rows: pa.RecordBatchReader
    rejected: list[tuple[int, str]]
    unreadable: Unreadable | None = None


def schema_of(columns: Iterable[str]) -> pa.Schema:
    """Return the schema of rows of text: ``row_no`` and the columns."""
    return pa.schema([("row_no", pa.int64()), *((name, pa.string()) for name in columns)])


def streaming(columns: Iterable[str], batches: Batches, rejected: list[tuple[int, str]]) -> Reading:
    """Offer batches of text as they come; the first is read at once, so most faults show here.

    Raises:
        Unreadable: the file cannot be read from its beginning.
    """
    schema = schema_of(columns)
    first = next(batches, None)

    def noted() -> Batches:
        try:
            yield from batches if first is None else chain([first], batches)
        except Unreadable as error:
            reading.unreadable = error
            raise

    reading = Reading(pa.RecordBatchReader.from_batches(schema, noted()), rejected)
    return reading


def from_records(records: Iterator[Record], columns: Iterable[str]) -> Reading:
    """Gather the records of a document into a reading, as they come."""
    names = list(columns)
    rejected = Rejected()
    return streaming(names, in_batches(records, names, rejected), rejected)


def in_batches(records: Iterator[Record], names: list[str], rejected: Rejected) -> Batches:
    """Gather records into batches; those that no database could store are set apart."""
    waiting: list[Record] = []
    size = 0
    for record in records:
        text = record.rejected
        if text is None and not _storable(record):
            text = json.dumps(dict(record.cells), ensure_ascii=False)
        if text is not None:
            rejected.add(record.row_no, text)
            continue
        waiting.append(record)
        size += sum(len(text) for text in record.cells.values() if text)
        if len(waiting) == _ROWS or size > _MOST_WAITING:
            yield _batch(waiting, names)
            waiting, size = [], 0
    if waiting:
        yield _batch(waiting, names)


def gathered(batches: Batches) -> Batches:
    """Join small batches of one schema, such as those of documents with one record each."""
    waiting: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        size += batch.nbytes
        if count >= _ROWS or size > _MOST_WAITING:
            yield pa.concat_batches(waiting)
            waiting, count, size = [], 0, 0
    if waiting:
        yield pa.concat_batches(waiting)


def told(text: str) -> str:
    """Return the beginning of a text, in characters that can be stored and read."""
    cut = text if len(text) <= _TOLD else f"{text[:_TOLD]} … ({len(text):,} characters)"
    return cut.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _batch(records: list[Record], names: list[str]) -> pa.RecordBatch:
    numbers = pa.array([record.row_no for record in records], pa.int64())
    cells = [
        pa.array([record.cells.get(name) or None for record in records], pa.string())
        for name in names
    ]
    return pa.RecordBatch.from_arrays([numbers, *cells], schema=schema_of(names))


def _storable(record: Record) -> bool:
    """Tell whether its texts can be kept: JSON may smuggle in NUL and half a character."""
    everything = "".join(text for text in record.cells.values() if text)
    if "\0" in everything:
        return False
    try:
        everything.encode()
    except UnicodeEncodeError:
        return False
    return True
