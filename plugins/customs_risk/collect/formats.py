"""Formats: how bytes become rows of text. Files are streamed: a giant one needs no more memory."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from customs_risk.collect.mapping import Mapping
from expectations.contract import Contract

_CHUNK = 1 << 20
_BLOCK = 4 << 20
# lines that are no rows wait in memory; a file of nothing else is no table
_MOST_REJECTED = 100_000
# a line that no CSV dialect splits: NDJSON lines are taken whole and read by the database
_NEVER = "\x1f"


class Unreadable(ValueError):  # noqa: N818 - reads as what is wrong
    """A file that cannot be split into rows; carries the rule it broke."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass
class Reading:
    """Rows of text as they stream in, and the lines that are no rows.

    ``unreadable`` is set when the stream broke off: whoever reads it is told by another error,
    because this one does not pass through Arrow.
    """

    rows: pa.RecordBatchReader
    rejected: list[tuple[int, str]]
    unreadable: Unreadable | None = None


def read(path: Path, contract: Contract, mapping: Mapping | None) -> Reading:
    """Open a delivery.

    Rows come as ``row_no`` (line in the file; a CSV's header is line 1) and one text column for
    each column of the contract, or ``line`` alone for NDJSON. Empty cells are null.

    Raises:
        Unreadable: the file is empty, too large, in no known encoding, or has other columns.
    """
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("file.not_empty", "the file is empty (0 bytes)")
    if size > contract.max_bytes:
        raise Unreadable(
            "file.size", f"the file has {size:,} bytes; the contract allows {contract.max_bytes:,}"
        )
    encoding = _encoding(path, contract.encodings)
    if contract.format == "ndjson":
        return _read_lines(path, encoding)
    return _read_csv(path, contract, mapping, encoding)


def _read_csv(path: Path, contract: Contract, mapping: Mapping | None, encoding: str) -> Reading:
    rejected: list[tuple[int, str]] = []
    delivered = _header(path, encoding)
    sources = mapping.sources if mapping else {name: name for name in contract.columns}
    _check_columns(delivered, list(sources.values()), is_mapped=mapping is not None)
    reader = _open(
        path,
        encoding,
        rejected,
        parse=csv.ParseOptions(newlines_in_values=True),
        columns=list(dict.fromkeys(sources.values())),
    )
    schema = pa.schema(
        [("row_no", pa.int64()), *((name, pa.string()) for name in contract.columns)]
    )

    def to_contract(batch: pa.RecordBatch, row_no: pa.Array) -> pa.RecordBatch:
        def column(name: str) -> pa.Array:
            if name in sources:
                return batch.column(sources[name])
            constant = mapping.constants.get(name) if mapping else None
            return pa.array([constant] * batch.num_rows, pa.string())

        columns = [row_no, *(column(name) for name in contract.columns)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    # line 1 is the header
    return _numbered(reader, rejected, schema, to_contract, first=2)


def _read_lines(path: Path, encoding: str) -> Reading:
    rejected: list[tuple[int, str]] = []
    reader = _open(
        path,
        encoding,
        rejected,
        parse=csv.ParseOptions(delimiter=_NEVER, quote_char=False, double_quote=False),
        columns=["line"],
        names=["line"],
    )
    schema = pa.schema([("row_no", pa.int64()), ("line", pa.string())])

    def as_line(batch: pa.RecordBatch, row_no: pa.Array) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([row_no, batch.column("line")], schema=schema)

    return _numbered(reader, rejected, schema, as_line, first=1)


def _open(
    path: Path,
    encoding: str,
    rejected: list[tuple[int, str]],
    *,
    parse: csv.ParseOptions,
    columns: list[str],
    names: list[str] | None = None,
) -> csv.CSVStreamingReader:
    def reject(row: csv.InvalidRow) -> str:
        rejected.append((row.number, row.text))
        return "skip" if len(rejected) < _MOST_REJECTED else "error"

    parse.invalid_row_handler = reject
    try:
        return csv.open_csv(
            path,
            read_options=csv.ReadOptions(
                encoding=encoding, use_threads=False, block_size=_BLOCK, column_names=names
            ),
            parse_options=parse,
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                include_columns=columns,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise Unreadable("file.readable", str(error)) from error


def _numbered(
    reader: csv.CSVStreamingReader,
    rejected: list[tuple[int, str]],
    schema: pa.Schema,
    shape: Callable[[pa.RecordBatch, pa.Array], pa.RecordBatch],
    first: int,
) -> Reading:
    """Number the rows by their lines, passing over the lines that were rejected."""

    def batches() -> Iterator[pa.RecordBatch]:
        following = first
        try:
            for batch in reader:
                # as many lines as rows, and as many more as were rejected among them
                bad = np.array([number for number, _ in rejected if number >= following], np.int64)
                lines = np.arange(following, following + batch.num_rows + len(bad))
                lines = np.setdiff1d(lines, bad, assume_unique=True)[: batch.num_rows]
                if batch.num_rows:
                    following = int(lines[-1]) + 1
                    yield shape(batch, pa.array(lines))
        except pa.ArrowInvalid as error:
            reading.unreadable = Unreadable("file.readable", str(error))
            raise reading.unreadable from error

    reading = Reading(pa.RecordBatchReader.from_batches(schema, batches()), rejected)
    return reading


def _header(path: Path, encoding: str) -> list[str]:
    try:
        with csv.open_csv(
            path, read_options=csv.ReadOptions(encoding=encoding, block_size=_BLOCK),
            parse_options=csv.ParseOptions(invalid_row_handler=lambda _row: "skip"),
        ) as reader:  # fmt: skip
            return list(reader.schema.names)
    except pa.ArrowInvalid as error:
        raise Unreadable("file.readable", str(error)) from error


def _check_columns(delivered: list[str], wanted: list[str], *, is_mapped: bool) -> None:
    repeated = sorted({name for name in delivered if delivered.count(name) > 1})
    missing = [name for name in dict.fromkeys(wanted) if name not in delivered]
    # a foreign file may have more than its mapping names; a feed's own file may not
    unknown = [] if is_mapped else [name for name in delivered if name not in wanted]
    problems = {"missing": missing, "unknown": unknown, "repeated": repeated}
    told = [f"{kind} columns: {', '.join(names)}" for kind, names in problems.items() if names]
    if told:
        raise Unreadable("file.columns", "; ".join(told))


def _encoding(path: Path, encodings: tuple[str, ...]) -> str:
    """Return the first declared encoding in which the whole file can be read."""
    failures = []
    for encoding in encodings:
        line = _undecodable_line(path, encoding)
        if line is None:
            return encoding
        failures.append(f"not {encoding} (line {line})")
    raise Unreadable("file.encoding", "; ".join(failures))


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Return the first line that the encoding cannot read, or that holds a NUL."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if (nul := chunk.find(b"\0")) >= 0:
                return line + chunk.count(b"\n", 0, nul)
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start)
            line += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None
