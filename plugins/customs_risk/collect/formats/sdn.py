"""OFAC's lists as three tables without header: names, addresses and other names, joined by number.

Source: "Specially Designated Nationals and Blocked Persons, Data Specification" of the US Treasury.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from customs_risk.collect.formats.archive import extract
from customs_risk.collect.formats.encoding import encoding_of
from customs_risk.collect.formats.reading import Record, Unreadable
from expectations.contract import Contract
from expectations.layout import Layout

_NAMES = (
    "ent_num", "sdn_name", "sdn_type", "program", "title", "call_sign",
    "vess_type", "tonnage", "grt", "vess_flag", "vess_owner", "remarks",
)  # fmt: skip
_ADDRESSES = ("ent_num", "add_num", "address", "city", "country", "add_remarks")
_OTHER_NAMES = ("ent_num", "alt_num", "alt_type", "alt_name", "alt_remarks")
_TABLES = {"SDN.CSV": _NAMES, "ADD.CSV": _ADDRESSES, "ALT.CSV": _OTHER_NAMES}
# the files still end as files of CP/M did
_END_OF_FILE = "\x1a"

Row = dict[str, str | None]


@dataclass
class _Further:
    """What the other two tables tell of one entry; positions are those of its rows there."""

    addresses: list[str] = field(default_factory=list)
    countries: dict[str, None] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield the entries of SDN.CSV, numbered from 1, with what ADD.CSV and ALT.CSV add to each.

    Fields: those of SDN.CSV (ent_num, sdn_name, sdn_type, program, title, call_sign, vess_type,
    tonnage, grt, vess_flag, vess_owner, remarks), and addresses, countries and aliases, joined by
    semicolons. Rows of the other tables that belong to no entry follow the entries, rejected, as
    do rows with another number of cells where they stand.

    Raises:
        Unreadable: the archive cannot be trusted, lacks one of the three, or holds no CSV.
    """
    with TemporaryDirectory() as folder:
        tables = _tables(extract(path, contract, layout, Path(folder)))
        further, rejected = _further(tables, layout)
        number = 0
        for line, row in _rows("SDN.CSV", tables, layout):
            number += 1
            if row is None:
                yield Record(number, rejected=f"SDN.CSV: {line}")
                continue
            more = further.pop(row["ent_num"] or "", _Further())
            yield Record(
                number,
                row
                | {
                    "addresses": _listed(more.addresses),
                    "countries": _listed(more.countries),
                    "aliases": _listed(more.aliases),
                },
            )
        without_entry = (line for more in further.values() for line in more.rows)
        for line in (*rejected, *without_entry):
            number += 1
            yield Record(number, rejected=line)


def _tables(members: dict[str, Path]) -> dict[str, Path]:
    """Return where each of the three tables lies."""
    named = {PurePosixPath(name).name.upper(): path for name, path in members.items()}
    if missing := sorted(_TABLES.keys() - named.keys()):
        raise Unreadable("file.archive", f"the archive lacks {', '.join(missing)}")
    return {name: named[name] for name in _TABLES}


def _further(tables: dict[str, Path], layout: Layout) -> tuple[dict[str, _Further], list[str]]:
    """Gather addresses and other names by number of entry, and the lines that are no rows."""
    further: dict[str, _Further] = defaultdict(_Further)
    rejected = []
    for name in ("ADD.CSV", "ALT.CSV"):
        for line, row in _rows(name, tables, layout):
            if row is None:
                rejected.append(f"{name}: {line}")
                continue
            entry = further[row["ent_num"] or ""]
            entry.rows.append(f"{name}: {line}")
            if name == "ALT.CSV":
                entry.aliases += filter(None, [row["alt_name"]])
                continue
            told = [part for part in (row["address"], row["city"], row["country"]) if part]
            entry.addresses += filter(None, [", ".join(told)])
            entry.countries |= dict.fromkeys(filter(None, [row["country"]]))
    return dict(further), rejected


def _rows(name: str, tables: dict[str, Path], layout: Layout) -> Iterator[tuple[str, Row | None]]:
    """Yield each row as it was written and by column; one with another number of cells has none."""
    columns = _TABLES[name]
    encoding = encoding_of(tables[name], layout.encodings)
    with tables[name].open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                texts = [cell.strip() for cell in cells]
                if not any(text.strip(_END_OF_FILE) for text in texts):
                    continue
                line = ",".join(cells)
                if len(texts) != len(columns):
                    yield line, None
                    continue
                known = (text if text and text not in layout.nulls else None for text in texts)
                yield line, dict(zip(columns, known, strict=True))
        except csv.Error as error:
            raise Unreadable("file.readable", f"{name}, line {reader.line_num}: {error}") from error


def _listed(parts: list[str] | dict[str, None]) -> str | None:
    """Join parts by semicolons, which none of them may keep."""
    return ";".join(part.replace(";", ",") for part in parts) or None
