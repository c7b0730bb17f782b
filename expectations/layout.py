"""How delivered files become a feed's columns, and how they arrive: two parts of its declaration.

A feed declares its own layout beside its columns (`from:` names where each comes from). A foreign
layout of the same facts, such as declarations as 单一窗口 XML, is a YAML of its own in
`expectations/mappings/`.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

MAPPINGS = Path(__file__).with_name("mappings")

Format = Literal["csv", "xlsx", "parquet", "ndjson", "json", "xml", "cuscar", "paxlst", "sdn"]


class BrokenMapping(ValueError):  # noqa: N818 - reads as what is wrong
    """A mapping names a column that the contract does not have, or says it in an unknown way."""


class Strict(BaseModel):
    """What all parts of a declaration share: no unknown words, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def spelt_out(origin: Any) -> Any:
    """Read a bare name as the column of that name."""
    return {"column": origin} if isinstance(origin, str) else origin


class Origin(Strict):
    """Where one column comes from, and what must be done to the text that stands there."""

    column: str | None = Field(
        None, description="header (tables), dotted path (JSON), XPath (XML), field (EDIFACT, SDN)"
    )
    constant: str | None = Field(None, description="the same in every row")
    scale: float | None = Field(None, description="factor that makes the unit right")
    first: int | None = Field(None, description="only so many characters from the left")
    dates: str | None = Field(
        None, description="how it writes a moment, if not as ISO 8601 (strptime, English names)"
    )
    codes: str | dict[str, str] | None = Field(
        None, description="code by code, or a named translation of expectations/codes.py"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "Origin":
        if (self.column is None) == (self.constant is None):
            raise ValueError("it must be a column or a constant")
        return self


class Conversion(Strict):
    """A column in CNY that a delivery gives in another currency; all three are columns."""

    amount: str
    currency: str
    at: str = Field(description="moment whose exchange rate counts")


class Reading(Strict):
    """What a reader must know of a file, whatever its columns."""

    format: Format
    encodings: tuple[str, ...] = ("utf-8",)
    packed: bool = Field(False, description="deliveries are zip archives of such files")
    members: str = Field("*", description="glob of the members of an archive that are read")
    records: str | None = Field(
        None,
        description="one record: dotted path (JSON), element name (XML), sheet (xlsx)",
    )
    namespaces: dict[str, str] = Field({}, description="prefixes of an XML layout's paths")
    nulls: tuple[str, ...] = Field((), description="texts that mean null, as the empty one does")
    time_zone: str | None = Field(None, description="of times without offset; else the business's")


class Layout(Reading):
    """A whole layout: how to read a file, and where each column comes from."""

    name: str | None = None
    columns: dict[str, Annotated[Origin, BeforeValidator(spelt_out)]]
    convert: dict[str, Conversion] = {}
    also_valid: dict[str, tuple[str, ...]] = Field(
        {}, description="codes that were right when declared, by list"
    )
    labels: dict[str, Any] = Field({}, description="of a labelled file; read by the sandbox")


class Since(Strict):
    """How a source is asked for what is new only."""

    field: str = Field(description="of a record: the greatest value seen is where the next begins")
    param: str | None = Field(None, description="parameter (HTTP)")
    template: str = Field("{since}", description="the parameter's value")
    start: str = Field(
        "1970-01-01T00:00:00Z", description="before anything was fetched; written as the field is"
    )
    dates: str | None = Field(
        None, description="how the field writes a moment, if not as ISO 8601 (strptime)"
    )

    @model_validator(mode="after")
    def _start_is_a_date(self) -> "Since":
        if self.dates:
            datetime.strptime(self.start, self.dates)  # noqa: DTZ007 - only whether it can be read
        return self


class Paging(Strict):
    """How an HTTP source is asked for the next page."""

    kind: Literal["offset", "page", "next"]
    size: int = 100
    size_param: str | None = None
    position_param: str | None = None
    first: int = Field(1, description="kind page: number of the first page")
    next_path: str | None = Field(None, description="kind next: dotted path of the next URL")


class Source(Strict):
    """Where a feed's deliveries come from. Credentials live in the Airflow connection."""

    told: str = Field(description="whose it is, for people")
    kind: Literal["folder", "http", "sftp", "storage", "postgres"] = "folder"
    connection: str | None = Field(None, description="Airflow connection; a folder needs none")
    path: str | None = Field(None, description="below the connection's root")
    files: tuple[str, ...] = Field((), description="HTTP: files that make one packed delivery")
    method: Literal["GET", "POST"] = Field(
        "GET", description="POST: parameters are a JSON body, in which a dotted name is nested"
    )
    params: dict[str, str | int | bool] = Field(
        {}, description="{month} stands for each of the latest months, asked for one by one"
    )
    months: int = Field(12, ge=1, description="how many of them; the present one is the last")
    most_records: int | None = Field(
        None, description="an answer with so many records is one that was cut off"
    )
    paging: Paging | None = None
    since: Since | None = None
    between: dict[str, str] = Field(
        {}, description="parameters of a backfill; {first} and {last} are its days, as dates"
    )
    query: str | None = Field(None, description="postgres: %(since)s is what was seen last")
    requests_per_minute: int = 60

    @model_validator(mode="after")
    def _complete(self) -> "Source":
        if self.kind != "folder" and not self.connection:
            raise ValueError(f"a {self.kind} source needs an Airflow connection")
        if self.kind == "postgres" and not (self.query and self.since):
            raise ValueError("a postgres source needs a query and since")
        if self.kind in ("sftp", "storage") and not self.path:
            raise ValueError(f"a {self.kind} source needs a path")
        return self

    @property
    def month_params(self) -> tuple[str, ...]:
        """The parameters that ask for one month."""
        return tuple(name for name, value in self.params.items() if "{month" in str(value))

    @property
    def asks_for_records(self) -> bool:
        """Whether records are asked for, rather than a whole document or its files."""
        return bool(self.paging or self.since or self.month_params)


def read_layout(path: Path, columns: set[str]) -> Layout:
    """Read a mapping's YAML.

    Raises:
        BrokenMapping: it names an unknown column, or says where it comes from in an unknown way.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or "columns" not in content:
        raise BrokenMapping(f"{path.name}: it must name its columns under `columns:`")
    try:
        layout = Layout(**{"format": "csv", "name": path.stem, **content})
    except (TypeError, ValidationError) as error:
        raise BrokenMapping(f"{path.name}: {error}") from error
    if unknown := sorted((layout.columns.keys() | layout.convert.keys()) - columns):
        raise BrokenMapping(f"{path.name}: the feed has no columns {', '.join(unknown)}")
    return layout
