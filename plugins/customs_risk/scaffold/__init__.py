"""A new feed: its declaration, its staging model and a sample, to be corrected by who knows it.

Given a delivered file, columns and types are proposed from what stands in it; a column whose name
other feeds have takes over what it means there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from customs_risk.scaffold import templates
from customs_risk.scaffold.proposal import Proposed, Unfit, opening, proposed_columns
from customs_risk.settings import REPOSITORY
from expectations import contract as declared
from expectations import sources
from expectations.contract import Contract
from expectations.layout import Format

__all__ = ["FOLDERS", "CannotScaffold", "Unfit", "Wanted", "scaffold"]

FOLDERS = {
    None: "supervision",
    1: "monitoring",
    2: "government",
    3: "parties",
    4: "public",
    5: "third_party",
    6: "international",
    7: "other",
}
# a sample of these cannot be made up: their fields are not the feed's to name, or they are no text
_NEED_A_FILE = ("cuscar", "parquet", "paxlst", "sdn", "xlsx")
_HOW_TO_READ = {
    "csv": "encodings: [utf-8, gb18030]\n",
    "ndjson": "encodings: [utf-8, gb18030]\n",
    "json": "records: records.item  # where one record stands in the document\n",
    "xml": "records: record  # the element that is one record\n",
}


class CannotScaffold(ValueError):  # noqa: N818 - reads as what is wrong
    """The feed cannot be made as it was asked for; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """What a person says of a new feed; what is empty is proposed."""

    feed: str
    grain: str
    title: str
    title_zh: str
    format: Format = "csv"
    channel: int | None = None
    folder: str | None = None
    owner: str | None = None
    recipient: str | None = None
    key: tuple[str, ...] = ()
    known_at: str | None = None
    delivered: Path | None = None


def scaffold(wanted: Wanted) -> list[Path]:
    """Write a new feed's files, and dbt's sources anew; return their paths, declaration first.

    Raises:
        CannotScaffold: there is such a feed, or what is wanted makes no valid declaration.
        Unfit: no columns can be proposed from the delivered file.
    """
    if wanted.delivered is None and wanted.format in _NEED_A_FILE:
        raise CannotScaffold(f"{wanted.feed}: give a delivered file: no {wanted.format} is made up")
    if wanted.feed in {contract.feed for contract in declared.contracts()}:
        raise CannotScaffold(f"{wanted.feed}: there is a feed of that name")
    columns = _columns(wanted)
    declaration = _declaration(wanted, columns)
    contract = _checked(wanted, declaration)
    written = {
        declared.FEEDS / contract.folder / f"{contract.feed}.yml": declaration.encode(),
        sources.PATH.with_name(f"stg_{contract.feed}.sql"): templates.staging(
            contract.feed, list(contract.columns)
        ).encode(),
        _sample_path(wanted): opening(wanted.delivered, wanted.format)
        if wanted.delivered
        else templates.sample(wanted.format, columns).encode(),
    }
    for path, content in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    declared.contracts.cache_clear()
    return [*written, sources.write()]


def _columns(wanted: Wanted) -> list[Proposed]:
    proposed = proposed_columns(wanted.delivered, wanted.format) if wanted.delivered else []
    return proposed or [
        Proposed(f"{wanted.feed}_id", "text", f"{wanted.feed}_id", is_unique=True, max_length=64),
        Proposed("reported_at", "timestamptz", "reported_at"),
        Proposed("title", "text", "title", nullable=True, max_length=500),
    ]


def _declaration(wanted: Wanted, columns: list[Proposed]) -> str:
    owner = wanted.owner or f"{wanted.feed.replace('_', '-')}-data"
    key = wanted.key or _unique(wanted, columns)
    known_at = wanted.known_at or _moment(columns)
    known = _known_columns()
    told = [_column(each, known, must_be_there=(*key, known_at)) for each in columns]
    return templates.DECLARATION.format(
        name=" ".join(wanted.title.split()),
        title=templates.flow({"en": wanted.title, "zh": wanted.title_zh}),
        origin=_origin(wanted),
        grain=templates.flow(f"one {wanted.grain.strip().removeprefix('one ')}"),
        owner=templates.flow(owner),
        recipient=templates.flow(wanted.recipient or f"{owner}@customs.example"),
        source=templates.flow(f"drop folder of {owner}"),
        reading=f"format: {wanted.format}\n{_HOW_TO_READ.get(wanted.format, '')}",
        key=templates.flow(list(key)),
        known_at=f"known_at: {known_at}  # when a row of a backfill became known\n"
        if known_at
        else "",
        columns="\n".join(told),
    )


def _origin(wanted: Wanted) -> str:
    if wanted.channel is None:
        return ""
    return (
        f"channel: {wanted.channel}  # Order 271, Article 6\n"
        "reliability: F  # of the source: A can be relied on completely, E not, F unknown\n"
    )


def _unique(wanted: Wanted, columns: list[Proposed]) -> tuple[str, ...]:
    for column in columns:
        if column.is_unique:
            return (column.name,)
    raise CannotScaffold(f"{wanted.feed}: no column alone tells rows apart: name the key")


def _moment(columns: list[Proposed]) -> str | None:
    """Return the last column of moments that is never empty: what is reported late stands last."""
    moments = [each.name for each in columns if each.type == "timestamptz" and not each.nullable]
    return moments[-1] if moments else None


def _known_columns() -> dict[str, dict[str, Any]]:
    """Return what columns mean in the feeds that there are, by name."""
    shared = {"type", "confidentiality", "unit", "max_length", "code_list", "meaning"}
    return {
        name: column.model_dump(mode="json", include=shared, exclude_defaults=True, by_alias=True)
        for contract in declared.contracts()
        for name, column in contract.columns.items()
    }


def _column(
    proposed: Proposed, known: dict[str, dict[str, Any]], must_be_there: tuple[str | None, ...]
) -> str:
    said: dict[str, Any] = {}
    if proposed.origin != proposed.name:
        said["from"] = proposed.origin
    if proposed.name in known:
        said |= known[proposed.name]
    else:
        if proposed.type != "text":
            said["type"] = proposed.type
        said["class"] = "internal"
        if proposed.max_length:
            said["max_length"] = proposed.max_length
        said["meaning"] = {"en": proposed.name.replace("_", " "), "zh": "（含义待填写）"}
    if proposed.nullable and proposed.name not in must_be_there:
        said["nullable"] = True
    return f"  {proposed.name}: {templates.flow(said)}"


def _checked(wanted: Wanted, declaration: str) -> Contract:
    folder = wanted.folder or FOLDERS[wanted.channel]
    try:
        return Contract(**yaml.safe_load(declaration), feed=wanted.feed, folder=folder)
    except (ValidationError, yaml.YAMLError) as error:
        raise CannotScaffold(f"{wanted.feed}: {error}") from error


def _sample_path(wanted: Wanted) -> Path:
    ending = wanted.delivered.suffix.lower() if wanted.delivered else f".{wanted.format}"
    return REPOSITORY / "tests" / "contracts" / "samples" / wanted.feed / f"good{ending}"
