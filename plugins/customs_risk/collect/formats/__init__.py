"""Formats: how bytes become rows of text. Files are streamed: a giant one needs no more memory.

reading.py         what every format gives
shaping.py         from a file's columns to a feed's
table.py           CSV
columnar.py        Parquet
workbook.py        Excel; workbook_parts.py measures what a workbook would unfold to
json_lines.py      messages, one a line
json_documents.py  documents that hold a list of records, page after page; json_stream.py
xml_documents.py   documents that hold elements
edifact.py         interchanges; cuscar.py and paxlst.py know their messages
sdn.py             the three tables of a sanctions list
archive.py         zip archives of any of these
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from customs_risk.collect.formats.reading import (
    Batches,
    Reading,
    Record,
    Rejected,
    Unreadable,
    gathered,
    in_batches,
    streaming,
)
from customs_risk.collect.formats.shaping import shaped
from expectations.contract import Contract
from expectations.layout import Layout

__all__ = ["Reading", "Record", "Unreadable", "read"]

_TABLES = {"csv": "table", "parquet": "columnar", "xlsx": "workbook"}
_DOCUMENTS = {"ndjson": "json_lines", "json": "json_documents", "xml": "xml_documents"}
# their records stand under the names of their fields
_MESSAGES = {"cuscar": "cuscar", "paxlst": "paxlst", "sdn": "sdn"}
# the members of their archives are one document: the reader gets the archive
_TOGETHER = ("sdn",)


def read(path: Path, contract: Contract, layout: Layout, ending: str) -> Reading:
    """Open a delivery.

    Rows come as ``row_no`` and one text column for each column of the contract, in its order. Rows
    are numbered by their lines (CSV, where the header is line 1, and NDJSON), else from 1; in an
    archive the numbers run on from member to member, in order of name.

    Args:
        path: the file, whatever its name.
        contract: the feed.
        layout: how to read it, the feed's own or a foreign one.
        ending: of the name under which it was sent; a feed of CSV also takes parquet and xlsx.

    Raises:
        Unreadable: the file is empty, too large, or cannot be split into rows. Faults far behind
            its beginning are raised while the rows are read.
    """
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("file.not_empty", "the file is empty (0 bytes)")
    if size > contract.max_bytes:
        raise Unreadable(
            "file.size", f"the file has {size:,} bytes; the contract allows {contract.max_bytes:,}"
        )
    rejected = Rejected()
    if layout.packed and layout.format not in _TOGETHER:
        from customs_risk.collect.formats.archive import unpacked

        batches = gathered(unpacked(path, contract, layout, rejected, _batches))
    else:
        batches = _batches(path, contract, layout, ending, rejected)
    return streaming(contract.columns, shaped(batches, contract, layout), rejected)


def _batches(
    path: Path, contract: Contract, layout: Layout, ending: str, rejected: Rejected
) -> Batches:
    """Yield the rows of one file under the layout's columns."""
    kind = ending.lower().removeprefix(".")
    kind = kind if layout.format == "csv" and kind in _TABLES else layout.format
    if kind in _TABLES:
        read_table: Callable[[Path, Contract, Layout, Rejected], Batches] = _reader(
            _TABLES[kind], "batches"
        )
        return read_table(path, contract, layout, rejected)
    read_records: Callable[[Path, Contract, Layout], Iterator[Record]] = _reader(
        (_DOCUMENTS | _MESSAGES)[kind], "records"
    )
    records = read_records(path, contract, layout)
    if kind in _MESSAGES:
        records = (_under_columns(record, layout) for record in records)
    names = [name for name, origin in layout.columns.items() if origin.column]
    return in_batches(records, names, rejected)


def _reader(module: str, function: str) -> Callable[..., Iterator[Any]]:
    # a format's library is loaded when a file needs it
    return getattr(import_module(f"{__name__}.{module}"), function)


def _under_columns(record: Record, layout: Layout) -> Record:
    cells = {
        name: record.cells.get(origin.column)
        for name, origin in layout.columns.items()
        if origin.column
    }
    return Record(record.row_no, cells, record.rejected)
