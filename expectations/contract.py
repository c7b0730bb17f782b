"""A feed's declaration: read from its YAML, checked, and the source of all that is made from it.

The raw table, the Great Expectations suite, the collection DAG and the dbt source come from here,
so adding a feed is writing one file.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from expectations.layout import (
    MAPPINGS,
    Layout,
    Origin,
    Reading,
    Source,
    Strict,
    read_layout,
    spelt_out,
)

FEEDS = Path(__file__).with_name("feeds")

ColumnType = Literal["text", "numeric", "boolean", "date", "timestamptz", "jsonb"]
# Order 271, Article 5: what must be kept from whom
Confidentiality = Literal["public", "internal", "restricted", "personal", "secret"]
# from what anybody may know to what hardly anybody may
CLASSES: tuple[str, ...] = get_args(Confidentiality)
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class BrokenContract(ValueError):  # noqa: N818 - reads as what is wrong
    """A feed's YAML does not say what it must; the message names the file and the field."""


class UnknownFeed(LookupError):  # noqa: N818 - reads as what is wrong
    """No feed of that name is declared; the message names those that are."""


def _as_source(source: Any) -> Any:
    return {"told": source} if isinstance(source, str) else source


class Words(Strict):
    """The same words in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        return f"{self.en} {self.zh}"


class Column(Strict):
    """One column: its type, its meaning, and what its values must look like."""

    type: ColumnType = "text"
    meaning: Words
    confidentiality: Confidentiality = Field(alias="class")
    unit: str | None = None
    nullable: bool = False
    is_content: bool = Field(True, description="false: a change of it alone is no correction")
    above: float | None = Field(None, description="values must be greater")
    minimum: float | None = Field(None, description="values must not be less")
    maximum: float | None = Field(None, description="values must not be greater")
    max_length: int | None = Field(None, description="characters")
    values: tuple[str, ...] = Field((), description="the only values allowed")
    code_list: str | None = Field(None, description="list of ops.code_lists that holds the values")
    origin: Annotated[Origin | None, BeforeValidator(spelt_out)] = Field(
        None, alias="from", description="where it stands in a delivery, if not under its own name"
    )


class Volume(Strict):
    """Rows that a usual delivery has; fewer or more is worth a warning."""

    minimum: int = Field(1, alias="min")
    maximum: int = Field(alias="max")


class Contract(Reading):
    """One feed, as its YAML declares it."""

    feed: Name
    folder: str
    title: Words
    version: int = Field(1, ge=1, description="raised when deliveries are read or judged otherwise")
    channel: int | None = Field(None, ge=1, le=7, description="Order 271, Article 6")
    reliability: Literal["A", "B", "C", "D", "E", "F"] | None = Field(
        None, description="how far the source can be relied on: A completely, E not, F unknown"
    )
    grain: str
    owner: str
    recipient: str = Field(description="whom an alarm is for")
    source: Annotated[Source, BeforeValidator(_as_source)]
    schedule: str = Field(description="cron, in the business time zone")
    key: tuple[Name, ...]
    known_at: Name | None = Field(
        None,
        description="when a row of a backfill became known; none: when its delivery was sent",
    )
    corrections: Literal["supersede", "refuse"] = Field(
        "supersede", description="what another content under a known key is"
    )
    volume: Volume
    freshness_hours: int
    retention_years: int
    max_bytes: int = 2 * 1024**3
    max_failed_share: float = Field(0.2, description="more failing rows refuse the whole batch")
    layouts: tuple[str, ...] = Field((), description="mappings in which the feed also arrives")
    columns: dict[Name, Column]

    @model_validator(mode="after")
    def _columns_exist(self) -> "Contract":
        for name in filter(None, (*self.key, self.known_at)):
            if name not in self.columns:
                raise ValueError(f"key or known_at names {name!r}, which is no column")
            if self.columns[name].nullable:
                raise ValueError(f"{name!r} is key or known_at, so it cannot be nullable")
        if self.known_at and self.columns[self.known_at].type != "timestamptz":
            raise ValueError(f"known_at column {self.known_at!r} must be a timestamptz")
        return self

    @model_validator(mode="after")
    def _can_be_fetched(self) -> "Contract":
        source = self.source
        is_asked = source.kind == "http" and (source.asks_for_records or source.between)
        if is_asked and self.format not in ("json", "ndjson"):
            raise ValueError("paging, since, between: only json and ndjson hold records to ask for")
        if source.files and not self.packed:
            raise ValueError("files make one archive, so the feed must be packed")
        return self

    def layout(self, name: str | None = None) -> Layout:
        """Return the feed's own layout, or the foreign one of that name.

        Raises:
            LookupError: the feed does not arrive in a layout of that name.
        """
        if name:
            if name not in self.layouts:
                raise LookupError(f"{self.feed} has no layout {name!r}: {', '.join(self.layouts)}")
            return read_layout(MAPPINGS / f"{name}.yml", set(self.columns))
        origins = {
            name: column.origin or Origin(column=name) for name, column in self.columns.items()
        }
        reading = {name: getattr(self, name) for name in Reading.model_fields}
        return Layout(**reading, columns=origins)

    @property
    def content(self) -> tuple[str, ...]:
        """The columns in which two versions of a row differ, if they do."""
        return tuple(name for name, column in self.columns.items() if column.is_content)

    @property
    def channel_name(self) -> str:
        """The channel of Article 6, or the supervision process itself (Article 10)."""
        return f"channel {self.channel}" if self.channel else "supervision"


def read_contract(path: Path) -> Contract:
    """Read one feed's YAML.

    Raises:
        BrokenContract: the file is no YAML, or says something that a feed cannot be.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        contract = Contract(**content, feed=path.stem, folder=path.parent.name)
    except (yaml.YAMLError, TypeError, ValidationError) as error:
        raise BrokenContract(f"{path.parent.name}/{path.name}: {error}") from error
    return contract


@cache
def contracts() -> tuple[Contract, ...]:
    """Return every declared feed, in order of name."""
    return tuple(sorted(_read_all(), key=lambda contract: contract.feed))


def contract_of(feed: str) -> Contract:
    """Return one feed's contract.

    Raises:
        UnknownFeed: no feed of that name is declared.
    """
    for contract in contracts():
        if contract.feed == feed:
            return contract
    known = ", ".join(contract.feed for contract in contracts())
    raise UnknownFeed(f"no feed {feed!r} is declared in expectations/feeds: {known}")


def _read_all() -> Iterator[Contract]:
    for path in sorted(FEEDS.glob("*/*.yml")):
        yield read_contract(path)
