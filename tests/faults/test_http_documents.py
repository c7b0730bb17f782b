"""HTTP sources that are whole documents: fetched when they changed, alone or as an archive."""

import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from customs_risk.collect.sources import fetch
from expectations.contract import Contract
from tests.faults.http_stage import (  # noqa: F401 - fixtures are used by their names
    PASSWORD,
    SECRET,
    TIMEOUT_SECONDS,
    feed,
    ids,
    left_behind,
    moody,
    some_records,
    stage,
)
from tests.faults.moody_server import Handler, status


class Document:
    """A file that a server replaces now and then."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __call__(self, handler: Handler) -> None:
        etag = f'"{hash(self.content)}"'
        if handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.end_headers()
            return
        handler.give(self.content, kind="text/csv", ETag=etag)


def plain(**source: object) -> Contract:
    contract = feed(since=None, paging=None, **source)
    return contract.model_copy(update={"format": "csv", "records": None})


def test_a_document_is_fetched_when_it_has_changed() -> None:
    document = Document(b"a,b\n1,2\n")
    Handler.acts = [document] * 2
    (path,) = fetch(plain())
    assert path.read_bytes() == document.content
    assert fetch(plain()) == []

    document.content = b"a,b\n3,4\n"
    Handler.acts = [status(500), document]
    (path,) = fetch(plain())
    # the same second as the first: neither is lost
    assert path.name == "enterprise_status_20260701T093001.csv"
    assert path.read_bytes() == document.content


def test_several_files_make_one_archive_whenever_one_has_changed() -> None:
    documents = {name: Document(name.encode()) for name in ("SDN.CSV", "ADD.CSV", "ALT.CSV")}

    def serve(handler: Handler) -> None:
        documents[urlsplit(handler.path).path.rpartition("/")[2]](handler)

    contract = plain(files=tuple(documents)).model_copy(update={"packed": True})
    Handler.acts = [serve] * 3
    (path,) = fetch(contract)
    assert path.suffix == ".zip"
    assert contents(path) == {name: name.encode() for name in documents}

    Handler.acts = [serve] * 3
    assert fetch(contract) == []

    documents["ALT.CSV"].content = b"changed"
    Handler.acts = [serve, serve, status(500), serve, serve, serve]
    (path,) = fetch(contract)
    assert contents(path) == {
        "SDN.CSV": b"SDN.CSV",
        "ADD.CSV": b"ADD.CSV",
        "ALT.CSV": b"changed",
    }


def test_an_archive_that_is_cut_short_is_fetched_again(tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    content = whole.read_bytes()
    contract = plain().model_copy(update={"packed": True})
    Handler.acts = [Document(content[:-20]), Document(content)]

    (path,) = fetch(contract)

    assert path.read_bytes() == content


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_bytes_under_another_tag_are_no_news() -> None:
    Handler.acts = [
        lambda handler: handler.give(b"a\n1\n", kind="text/csv", ETag='"one"'),
        lambda handler: handler.give(b"a\n1\n", kind="text/csv", ETag='"two"'),
    ]

    assert len(fetch(plain())) == 1
    assert fetch(plain()) == []
