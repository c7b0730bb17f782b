"""What a report holds. Words are in both languages: Chinese first."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from customs_risk.words import Words


@dataclass(frozen=True)
class Cell:
    """What a cell of a table shows, and the figure behind it, if it is one."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Table:
    """Named columns and their rows; the first column is what a row is about."""

    columns: tuple[Words, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Series:
    """A line or a set of bars: values and the ends of their 95 % intervals; None where unknown."""

    name: Words
    values: tuple[float | None, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """What is drawn: series over the same labels, as lines (over weeks) or bars."""

    kind: str
    title: Words
    labels: tuple[str, ...]
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Section:
    """A heading and what is below it."""

    key: str
    title: Words
    words: tuple[Words, ...] = ()
    chart: Chart | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Report:
    """One report on a week or a month, of one risk domain or of all."""

    report_id: str
    risk_domain: str
    title: Words
    period_from: date
    period_to: date
    as_of: datetime
    sections: tuple[Section, ...] = field(default=())
    kind: str = "weekly"

    @property
    def content_sha256(self) -> str:
        """Of all that it tells, its data state aside: equal figures have equal contents."""
        told = asdict(self)
        # its kind is in its number
        del told["as_of"], told["kind"]
        written = json.dumps(told, default=str, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()
