"""Tables as CSV, read in blocks: a giant file needs no more memory than a small one."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from customs_risk.collect.formats.encoding import encoding_of
from customs_risk.collect.formats.reading import Batches, Rejected, Unreadable, schema_of
from expectations.contract import Contract
from expectations.layout import Layout, Origin

# Arrow reads some forty blocks ahead; a row longer than a block refuses its file
_BLOCK = 1 << 20
# of the columns that a refusal names
_MOST_NAMED = 20
_LONGEST_NAME = 100


def batches(path: Path, contract: Contract, layout: Layout, rejected: Rejected) -> Batches:
    """Yield a CSV file's rows under the layout's columns, numbered by their lines (header: 1).

    Raises:
        Unreadable: it is in no declared encoding, has other columns, or breaks off.
    """
    encoding = encoding_of(path, layout.encodings)
    wanted = sources(layout)
    check_columns(_header(path, encoding), contract, layout)
    found = Rejected()
    reader = _open(path, encoding, list(dict.fromkeys(wanted.values())), found)
    schema = schema_of(wanted)
    following = 2
    seen = 0
    try:
        for batch in reader:
            # as many lines as rows, and as many more as were rejected among them
            bad = np.array([number for number, _ in found if number >= following], np.int64)
            lines = np.arange(following, following + batch.num_rows + len(bad))
            lines = np.setdiff1d(lines, bad, assume_unique=True)[: batch.num_rows]
            for row_no, text in found[seen:]:
                rejected.add(row_no, text)
            seen = len(found)
            if batch.num_rows:
                following = int(lines[-1]) + 1
                columns = [batch.column(source) for source in wanted.values()]
                yield pa.RecordBatch.from_arrays([pa.array(lines), *columns], schema=schema)
    except pa.ArrowInvalid as error:
        raise Unreadable("file.readable", f"it is no table: {error}") from error
    for row_no, text in found[seen:]:
        rejected.add(row_no, text)


def sources(layout: Layout) -> dict[str, str]:
    """Return the name in the file of every column that comes from one."""
    return {name: origin.column for name, origin in layout.columns.items() if origin.column}


def check_columns(delivered: Iterable[str], contract: Contract, layout: Layout) -> None:
    """Check a table's header.

    A feed's own file has its columns and no others; those that may be null may be missing, since
    an older sender need not know what the feed gained. A file that is read through a mapping, or
    whose columns are called otherwise, may have more, and lacks none.

    Raises:
        Unreadable: columns are missing, unknown or repeated; the message names them.
    """
    header = list(delivered)
    wanted = dict.fromkeys(sources(layout).values())
    has_own_names = all(origin == Origin(column=name) for name, origin in layout.columns.items())
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    is_closed = layout.name is None and has_own_names
    optional = {name for name, each in contract.columns.items() if each.nullable and is_closed}
    missing = [name for name in wanted if name not in header and name not in optional]
    unknown = [name for name in header if name not in wanted] if is_closed else []
    if not is_closed:
        repeated = [name for name in repeated if name in wanted]
    problems = {"missing": missing, "unknown": unknown, "repeated": repeated}
    told = [f"{kind} columns: {_listed(names)}" for kind, names in problems.items() if names]
    if told:
        raise Unreadable("file.columns", "; ".join(told))


def _listed(names: list[str]) -> str:
    """Name the columns, and not more of them than somebody would read."""
    named = ", ".join(name[:_LONGEST_NAME] for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{named} and {more:,} more" if more > 0 else named


def _open(path: Path, encoding: str, columns: list[str], found: Rejected) -> csv.CSVStreamingReader:
    def reject(row: csv.InvalidRow) -> str:
        try:
            found.add(row.number, row.text)
        except Unreadable:
            return "error"
        return "skip"

    try:
        return csv.open_csv(
            path,
            read_options=csv.ReadOptions(encoding=encoding, use_threads=False, block_size=_BLOCK),
            parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=reject),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                include_columns=columns,
                include_missing_columns=True,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise Unreadable("file.readable", f"it is no table: {error}") from error


def _header(path: Path, encoding: str) -> list[str]:
    try:
        with csv.open_csv(
            path, read_options=csv.ReadOptions(
                encoding=encoding, use_threads=False, block_size=_BLOCK
            ),
            parse_options=csv.ParseOptions(invalid_row_handler=lambda _row: "skip"),
        ) as reader:  # fmt: skip
            return list(reader.schema.names)
    except pa.ArrowInvalid as error:
        raise Unreadable("file.readable", f"it is no table: {error}") from error
