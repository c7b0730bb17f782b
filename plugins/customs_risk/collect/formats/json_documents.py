"""JSON documents that hold a list of records; several in one file are read as its pages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from customs_risk.collect.formats.json_stream import JsonStream
from customs_risk.collect.formats.metered import Metered
from customs_risk.collect.formats.reading import Record
from customs_risk.collect.formats.values import at_path, text_of
from expectations.contract import Contract
from expectations.layout import Layout

_TOO_DEEP = "nested too deeply"


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield the records that stand at ``layout.records``, numbered from 1 over all pages.

    The place is dotted, and a list's elements are ``item`` (``value.item``); without one the
    document is a list. Columns come from dotted paths. A record that is no object, or nested too
    deeply, is rejected.

    Raises:
        Unreadable: it is no JSON, breaks off, nests too deeply, or holds a record of more than
            16 MB.
    """
    sources = [
        (name, origin.column, contract.columns[name].type)
        for name, origin in layout.columns.items()
        if origin.column
    ]
    with path.open("rb") as file:
        stream = JsonStream(Metered(file))
        place = (layout.records or "item").split(".")
        for number, value in enumerate(stream.values(tuple(place)), start=1):
            if not isinstance(value, dict):
                yield Record(number, rejected=_written(value))
                continue
            try:
                cells = {name: text_of(at_path(value, at), kind) for name, at, kind in sources}
            except RecursionError:
                yield Record(number, rejected=_TOO_DEEP)
            else:
                yield Record(number, cells)


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return _TOO_DEEP
