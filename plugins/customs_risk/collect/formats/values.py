"""JSON values as texts: the same from a message of one line and from a document of pages."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

_LONGEST_NUMBER = 400  # digits; written out, 1e999999999 would fill the memory
_LONGEST_INT = 4000  # digits that Python reads as a whole number


def whole_number(digits: str) -> int | str:
    """Return a whole number of a JSON text; one that Python does not read stays a text."""
    return int(digits) if len(digits) < _LONGEST_INT else digits


def fraction(digits: str) -> Decimal | str:
    """Return a number of a JSON text with all its digits; one without measure stays a text."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return digits


def text_of(value: Any, kind: str) -> str | None:
    """Return a JSON value as the text of a column of this type, null as null.

    Numbers keep their digits. A list of scalars is joined by semicolons in a text column; whatever
    else is nested is JSON again. A text in a jsonb column must be JSON itself.

    Raises:
        RecursionError: it is nested too deeply.
    """
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _number(value)
        case list() if kind != "jsonb" and not any(isinstance(each, list | dict) for each in value):
            return ";".join(text for each in value if (text := text_of(each, "text")) is not None)
    return json.dumps(value, ensure_ascii=False, default=float)


def at_path(value: Any, path: str) -> Any:
    """Return what stands at a dotted path of a JSON object, or null.

    On its way through a list the path goes on in each element, and the answer is the list of what
    stands there; a number picks one element. A member whose own name has dots is found too.
    """
    if isinstance(value, dict):
        if path in value:
            return value[path]
        head, _, rest = path.partition(".")
        return at_path(value[head], rest) if rest and head in value else None
    if isinstance(value, list):
        head, _, rest = path.partition(".")
        if head.isdecimal():
            element = value[int(head)] if int(head) < len(value) else None
            return at_path(element, rest) if rest else element
        return [found for each in value if (found := at_path(each, path)) is not None]
    return None


def _number(value: float | Decimal) -> str:
    if isinstance(value, Decimal) and abs(value.adjusted()) < _LONGEST_NUMBER:
        return format(value, "f")
    return str(value)
