"""Messages, one JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from customs_risk.collect.formats.encoding import encoding_of
from customs_risk.collect.formats.reading import Record, told
from customs_risk.collect.formats.values import at_path, fraction, text_of
from expectations.contract import Contract
from expectations.layout import Layout

_LONGEST = 4 << 20  # characters


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield one record per line, numbered by it; empty lines are passed over.

    Columns come from dotted paths. A line that is no JSON object, or longer than 4 M characters, is
    rejected.

    Raises:
        Unreadable: the file is in none of the declared encodings.
    """
    sources = [
        (name, origin.column, contract.columns[name].type)
        for name, origin in layout.columns.items()
        if origin.column
    ]
    for number, line in _lines(path, encoding_of(path, layout.encodings)):
        try:
            message = _parsed(line)
            cells = {name: text_of(at_path(message, at), kind) for name, at, kind in sources}
        except (ValueError, RecursionError):
            yield Record(number, rejected=line)
        else:
            yield Record(number, cells)


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    number = 0
    with path.open(encoding=encoding, newline="\n") as file:
        while line := file.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST and not line.endswith("\n"):
                _skip_the_rest(file)
                # no JSON ends like this, so it is rejected as what it is
                line = told(line)
            text = line.strip().removeprefix("\ufeff")
            if text:
                yield number, text


def _skip_the_rest(file: Any) -> None:
    while (rest := file.readline(_LONGEST)) and not rest.endswith("\n"):
        pass


def _parsed(line: str) -> dict[str, Any]:
    """Return the object that a line holds; numbers keep all their digits."""
    value = json.loads(line, parse_float=fraction, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError("a message must be an object")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
