"""A look into what was fetched: whether it is what was promised, and the records it holds."""

import zipfile
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from customs_risk.collect.formats.json_stream import JsonStream
from customs_risk.collect.formats.metered import Metered
from customs_risk.collect.formats.reading import BrokenOff, Unreadable
from customs_risk.collect.sources.failure import Trouble
from expectations.contract import Contract

_BEGINNING = 512
_JSON = ("json", "ndjson")


def check_content(path: Path, contract: Contract, content_type: str) -> None:
    """See that an answer is no error page and did not break off, as far as that can be seen.

    Whether it keeps the contract is for the gate to judge.

    Raises:
        Trouble: a page for people came instead, or the document has no end.
    """
    beginning = _beginning(path)
    is_page = beginning.startswith((b"<!doctype html", b"<html"))
    if is_page or content_type.partition(";")[0].strip().lower() == "text/html":
        raise Trouble(f"a page for people (HTML) came instead of {contract.format}", passes=False)
    if contract.source.files:
        return
    if contract.packed:
        _check_archive(path)
        return
    if contract.format in _JSON and beginning and beginning[:1] not in b"{[":
        raise Trouble(f"what came is no {contract.format}", passes=False)
    if contract.format in _JSON:
        for _ in records_in(path, contract):
            pass


def _check_archive(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        is_cut = _beginning(path).startswith(b"pk")
        raise Trouble(
            "the archive broke off halfway" if is_cut else "no archive came", passes=is_cut
        )


def records_in(path: Path, contract: Contract) -> Iterator[dict[str, Any]]:
    """Stream the records of a JSON document, or of lines of JSON.

    Raises:
        Trouble: it breaks off, or is no JSON.
    """
    place = "" if contract.format == "ndjson" else contract.records or "item"
    for record in _values(path, tuple(filter(None, place.split(".")))):
        yield record if isinstance(record, dict) else {}


def _values(path: Path, place: tuple[str, ...]) -> Iterator[Any]:
    try:
        with _document(path) as file:
            yield from JsonStream(Metered(file)).values(place)
    except BrokenOff:
        raise Trouble("the document breaks off", passes=True) from None
    except Unreadable as error:
        raise Trouble(f"what came is no JSON: {error}"[:200], passes=False) from None


def value_at(document: Any, path: str) -> Any:
    """Return what stands at a dotted path of a JSON object; None if nothing does.

    A key may hold dots itself, as OData's do.
    """
    if not isinstance(document, dict):
        return None
    if path in document:
        return document[path]
    head, _, rest = path.partition(".")
    return value_at(document.get(head), rest) if rest else None


def text_at(path: Path, place: str) -> str | None:
    """Return the text at a dotted path of a JSON document; None if none stands there.

    A key may hold dots itself, as OData's do.

    Raises:
        Trouble: it breaks off, or is no JSON.
    """
    for names in dict.fromkeys(((place,), tuple(place.split(".")))):
        for value in _values(path, names):
            if isinstance(value, str):
                return value
    return None


@contextmanager
def _document(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        yield file


def _beginning(path: Path) -> bytes:
    with _document(path) as file:
        return file.read(_BEGINNING).lstrip().lower()
