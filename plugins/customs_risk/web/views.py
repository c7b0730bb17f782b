"""One figure's definition: what a page shows, a file holds and the API answers is the same query.

A view is SQL on the marts with named parameters, one for each filter, and tells for each column
what it means, in both languages, and how it is written. The SQL runs as the reader.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk.codes import Codes, said
from customs_risk.settings import settings
from customs_risk.words import Language, Words, told

Kind = Literal[
    "text", "count", "number", "share", "yuan", "hours", "days", "date", "time", "flag", "list"
]
Row = dict[str, Any]


class Unreadable(ValueError):  # noqa: N818 - reads as what is wrong
    """A filter's value cannot be read; the message names filter and value."""


@dataclass(frozen=True)
class Column:
    """A column: its name in the query, its heading, how it is written, and where it leads.

    ``kind`` is text, a count, a number, a share (written in percent), yuan, hours, days, a date, a
    time (in the business zone), a flag or a list. ``link`` is an address below the pages with the
    row's columns in braces: ``declarations/{declaration_id}``; a column alone, ``{behind}``, is
    the whole address, and leads nowhere where it is null. A column of which the query gives
    ``name_en`` and ``name_zh`` is told in the reader's language on pages; files have both.
    ``codes`` tells in words what the query gives as codes, which CSV and the API keep.
    ``kind_from`` is the query's column that tells each row's own kind.
    """

    name: str
    heading: Words
    kind: Kind = "text"
    link: str | None = None
    is_bilingual: bool = False
    codes: Codes | None = None
    kind_from: str | None = None

    def kind_in(self, row: Row) -> Kind:
        """Return how it is written in this row."""
        return self.kind if self.kind_from is None else row[self.kind_from]

    def told(self, row: Row, language: Language) -> Any:
        """Return what a row holds here, as a reader of this language is told it."""
        if self.is_bilingual:
            return told(row, self.name, language)
        value = row[self.name]
        if self.codes is None or value is None:
            return value
        if isinstance(value, list):
            return [said(self.codes, each, language) for each in value]
        return said(self.codes, value, language)


@dataclass(frozen=True)
class Filter:
    """What a reader may choose: the query's parameter of that name; null when nothing is chosen.

    ``choices`` is a list of codes, or a query that returns value, English, Chinese and runs as the
    reader too. ``default_query`` returns what stands where nothing is chosen; it is told the
    filters before it. A query that compares with such a value uses indexes, and one that compares
    with a subquery does not: nothing is pushed into a mart's view that holds a subquery.
    """

    name: str
    label: Words
    kind: Literal["text", "number", "date", "time"] = "text"
    default: str | None = None
    choices: LiteralString | Codes | None = None
    default_query: LiteralString | None = None

    def read(self, given: str | None) -> Any:
        """Return the value of what was given, or of the default.

        Raises:
            Unreadable: it is no number, no date, or no time. A time is one of the business zone.
        """
        text = (given or "").strip() or self.default
        if text is None:
            return None
        try:
            if self.kind == "date":
                return date.fromisoformat(text)
            if self.kind == "time":
                told = datetime.fromisoformat(text)
                return told if told.tzinfo else told.replace(tzinfo=settings().zone)
            return int(text) if self.kind == "number" else text
        except ValueError:
            raise Unreadable(f"{self.name}: {text!r} is no {self.kind}") from None


@dataclass(frozen=True)
class View:
    """A table that has a name: ``/api/NAME``, ``/files/NAME.csv``, and a place on a page.

    ``reads`` is the schema whose right a reader needs; ``query`` is told ``%(most)s`` rows at most.
    """

    name: str
    title: Words
    reads: str
    query: LiteralString
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    note: Words | None = None
    most: int = 500

    @property
    def by_name(self) -> dict[str, Column]:
        """Return the columns by their names."""
        return {each.name: each for each in self.columns}

    def values(self, given: Mapping[str, str | None]) -> dict[str, Any]:
        """Return the parameters of the query from what was given as text.

        Raises:
            Unreadable: a value cannot be read.
        """
        return {each.name: each.read(given.get(each.name)) for each in self.filters}

    def rows(
        self, connection: Connection, values: Mapping[str, Any], most: int | None = None
    ) -> list[Row]:
        """Return the rows that this connection's role may see."""
        with connection.cursor(row_factory=dict_row) as cursor:
            told = completed(self.filters, connection, values)
            cursor.execute(self.query, {**told, "most": most or self.most})
            return cursor.fetchall()


def completed(
    filters: Iterable[Filter], connection: Connection, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values, and what stands where nothing is chosen."""
    told = dict(values)
    for each in filters:
        if told.get(each.name) is None and each.default_query is not None:
            (told[each.name],) = connection.execute(each.default_query, told).fetchone() or (None,)
    return told
