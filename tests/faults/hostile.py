"""A corpus of hostile deliveries: what arrives when senders err, break off, or mean harm.

Every case says its fate: refused by a rule, or taken in, with the rows that break rules. The cases
are made by the modules beside this one, format by format.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# where an attack would be seen: bytes that nothing may read, and a program that nothing may run
CANARY = "canary-7f3a9c"

# formats as they arrive: the feed that receives them, and how their files are called
KINDS = {
    "csv": ("declarations", "csv"),
    "parquet": ("declarations", "parquet"),
    "xlsx": ("refused_entries", "xlsx"),
    "ndjson": ("seizure_reports", "ndjson"),
    "json": ("cpsc_recalls", "json"),
    "single_window": ("declarations", "single_window.zip"),
    "wco": ("declarations", "wco.xml"),
    "cuscar": ("manifests", "cuscar"),
    "paxlst": ("passenger_lists", "paxlst"),
    "sdn": ("ofac_sdn", "zip"),
    "zipped_csv": ("fda_import_refusals", "zip"),
}
_FIRST_SENT = datetime(2026, 6, 30, 18)  # noqa: DTZ001 - a name's local time

SQL = (
    "'; drop table ops.batches cascade; --",
    "'); truncate raw.declarations; commit; --",
    "$$; drop schema raw cascade; $$",
    "\\copy ops.batches to program 'touch /tmp/canary'",
    "\\N",
    "\\.",
    "null",
    "%s %(x)s %%",
    "{batch} {row.__class__}",
    "${jndi:ldap://127.0.0.1/a}",
    "{{ 7 * 7 }} {% raw %}",
    "pg_sleep(60)",
    '"; delete from ops.quarantine; "',
)
FORMULAS = (
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://127.0.0.1/?"&A1)',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "=IMPORTXML(CONCAT(\"http://127.0.0.1/\", A1), '//a')",
)
UNICODE = (
    "\u202egpj.exe\u202c",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "华\u200b远\u200d金\u2060桥",
    "e\u0301\u0301\u0301\u0301 Z\u0351\u036b\u0343",
    "𠮷野家🚢",
    "line\u2028paragraph\u2029end",
    "\u2066isolate\u2069",
    "ﷺ﷽ Ａ Å K",
    "\ufffd\uffff\ufdd0",
    "a\u00a0b\u3000c",
)
CONTROLS = (
    "bell\x07",
    "escape\x1b[31mred\x1b[0m",
    "\x01\x02\x03",
    "del\x7f",
    "unit\x1f",
    "\x85nel",
)


@dataclass(frozen=True)
class Refused:
    """Nothing of the delivery is loaded, and this rule says why."""

    rule: str
    told: str = ""


@dataclass(frozen=True)
class Taken:
    """Every row that a plain reading finds is loaded, a duplicate, or in quarantine.

    ``broken`` tells the rules of each quarantined row by its number. ``kept`` are texts that must
    stand somewhere in raw or in quarantine, character by character.
    """

    loaded: int
    broken: Mapping[int, list[str]] = field(default_factory=dict)
    duplicate: int = 0
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hostile:
    """One delivery, made when its content is asked for."""

    name: str
    kind: str
    feed: str
    file_name: str
    make: Callable[[], bytes]
    expected: Refused | Taken

    @property
    def content(self) -> bytes:
        """The bytes, made anew; they are always the same."""
        return self.make()


@dataclass(frozen=True)
class Case:
    """A delivery before it has a name to arrive under."""

    name: str
    kind: str
    content: bytes | Callable[[], bytes]
    expected: Refused | Taken
    file_name: str | None = None


def corpus(cases: Iterable[Case]) -> Iterator[Hostile]:
    """Give every case its feed, and a name that says it was sent a second after the one before."""
    for number, case in enumerate(cases):
        feed, ending = KINDS[case.kind]
        stamp = f"{_FIRST_SENT + timedelta(seconds=number):%Y%m%dT%H%M%S}"
        name = case.file_name or f"{feed}_{stamp}.{ending}"
        made = case.content
        make = made if callable(made) else lambda made=made: made
        yield Hostile(case.name, case.kind, feed, name, make, case.expected)


def all_cases() -> list[Hostile]:
    """Return the whole corpus."""
    # they import the words of this module
    from tests.faults import (
        hostile_archives,
        hostile_documents,
        hostile_messages,
        hostile_parquet,
        hostile_spreadsheets,
        hostile_tables,
        hostile_xml,
    )

    makers = (
        hostile_tables,
        hostile_parquet,
        hostile_spreadsheets,
        hostile_documents,
        hostile_xml,
        hostile_messages,
        hostile_archives,
    )
    return list(corpus(case for maker in makers for case in maker.cases()))


def spread(numbers: Iterable[int], rules: list[str]) -> dict[int, list[str]]:
    """Say the same rules of several rows."""
    return dict.fromkeys(numbers, rules)
