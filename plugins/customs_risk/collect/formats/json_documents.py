"""JSON documents that hold a list of records; several in one file are read as its pages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import ijson

from customs_risk.collect.formats.metered import Metered
from customs_risk.collect.formats.reading import Record, Unreadable
from customs_risk.collect.formats.values import at_path, text_of
from expectations.contract import Contract
from expectations.layout import Layout

_BOM = b"\xef\xbb\xbf"


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield the records that stand at ``layout.records``, numbered from 1 over all pages.

    The place is an ijson prefix (``value.item``); without one the document is a list. Columns come
    from dotted paths. A record that is no object, or nested too deeply, is rejected.

    Raises:
        Unreadable: it is no JSON, breaks off, or holds a record of more than 16 MB.
    """
    sources = [
        (name, origin.column, contract.columns[name].type)
        for name, origin in layout.columns.items()
        if origin.column
    ]
    with path.open("rb") as file:
        for number, value in enumerate(_values(file, layout.records or "item"), start=1):
            if not isinstance(value, dict):
                yield Record(number, rejected=json.dumps(value, default=str))
                continue
            try:
                cells = {name: text_of(at_path(value, at), kind) for name, at, kind in sources}
            except RecursionError:
                yield Record(number, rejected="nested too deeply")
            else:
                yield Record(number, cells)


def _values(file: BinaryIO, prefix: str) -> Iterator[Any]:
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)
    metered = Metered(file)
    try:
        for value in ijson.items(cast(BinaryIO, metered), prefix, multiple_values=True):
            metered.record_ended()
            yield value
    except (ijson.JSONError, ValueError, ArithmeticError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("file.readable", f"it is no JSON: {error}") from error
