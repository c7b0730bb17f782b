"""What a delivered file tells of its columns: names, types, what may be empty, what is unique.

Only its beginning is read. What comes out is a proposal: a person knows better.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from anyascii import anyascii
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json
from pyarrow import parquet

from expectations.contract import ColumnType
from expectations.layout import Format
from expectations.tables import METADATA

_LOOKED_AT = 4 << 20
_ROWS = 10_000
_SAMPLE_ROWS = 20
# a leading zero makes a code, not a number
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
_LENGTHS = (16, 32, 64, 200, 500, 1000, 4000)
# numbers of one length, and a long one, are codes such as 85171300
_CODE_LENGTH = 6


class Unfit(ValueError):  # noqa: N818 - reads as what is wrong
    """No columns can be read from a file."""


@dataclass(frozen=True)
class Proposed:
    """One column as a file shows it."""

    name: str
    type: ColumnType
    origin: str
    nullable: bool = False
    is_unique: bool = False
    max_length: int | None = None


def proposed_columns(path: Path, kind: Format) -> list[Proposed]:
    """Return the columns that a file's beginning shows; none if its format does not tell them.

    Raises:
        Unfit: there are no rows in it, or it is in another format.
    """
    if kind not in ("csv", "ndjson", "parquet"):
        return []
    try:
        table = _beginning(path, kind)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise Unfit(f"{path.name} cannot be read as {kind}: {error}") from error
    if not table.num_rows:
        raise Unfit(f"{path.name} has no rows to propose columns from")
    names = list(_names(table.column_names))
    return [_proposed(*each) for each in zip(names, table.column_names, table.columns, strict=True)]


def opening(path: Path, kind: Format) -> bytes:
    """Return the first rows of a file, unchanged; all of it, if its format has no lines."""
    if kind not in ("csv", "ndjson"):
        return path.read_bytes()
    text = _text(path)
    if kind == "csv":
        records = csv.reader(io.StringIO(text, newline=""))
        for _ in range(_SAMPLE_ROWS + 1):
            next(records, None)
        count = records.line_num
    else:
        count = _SAMPLE_ROWS
    with path.open("rb") as file:
        return b"".join(line for line, _ in zip(file, range(count), strict=False))


def _beginning(path: Path, kind: Format) -> pa.Table:
    if kind == "parquet":
        batches = parquet.ParquetFile(path).iter_batches(batch_size=_ROWS)
        return pa.Table.from_batches([next(batches)])
    content = io.BytesIO(_text(path).encode())
    if kind == "ndjson":
        return arrow_json.read_json(content, arrow_json.ReadOptions(block_size=2 * _LOOKED_AT))
    header = next(csv.reader(io.TextIOWrapper(content, "utf-8", newline="")), [])
    as_text = {name: pa.string() for name in header}
    return arrow_csv.read_csv(
        io.BytesIO(_text(path).encode()),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=as_text, strings_can_be_null=True),
    )


def _text(path: Path) -> str:
    """Return the beginning of a text file, up to a line's end."""
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
        if file.read(1):
            head = head[: head.rfind(b"\n") + 1]
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError:
        return head.decode("gb18030")


def _names(origins: list[str]) -> Iterator[str]:
    """Turn headers into names of columns; Chinese ones into how they sound, to be renamed."""
    given: set[str] = set()
    for position, origin in enumerate(origins, start=1):
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", anyascii(origin))
        name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
        if not re.match(r"[a-z]", name) or name in given:
            name = f"column_{position}"
        # the system's own columns stand beside the delivered ones
        name = f"delivered_{name}" if name in METADATA else name
        given.add(name)
        yield name


def _proposed(name: str, origin: str, cells: pa.ChunkedArray) -> Proposed:
    filled = cells.drop_null()
    kind = _type_of(filled)
    is_simple = not pa.types.is_nested(filled.type)
    longest = pc.max(pc.utf8_length(filled)).as_py() if pa.types.is_string(filled.type) else None
    return Proposed(
        name,
        kind,
        origin,
        nullable=bool(cells.null_count),
        is_unique=not cells.null_count and is_simple and len(filled.unique()) == len(filled),
        # room for twice what was seen
        max_length=next((each for each in _LENGTHS if each >= 2 * longest), None)
        if longest and kind == "text"
        else None,
    )


def _type_of(filled: pa.ChunkedArray) -> ColumnType:
    kind = filled.type
    if pa.types.is_nested(kind):
        return "jsonb"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "numeric"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    return _type_of_texts(filled) if pa.types.is_string(kind) and len(filled) else "text"


def _type_of_texts(texts: pa.ChunkedArray) -> ColumnType:
    if pc.all(pc.match_substring_regex(texts, _NUMBER)).as_py():
        return "text" if _are_codes(texts) else "numeric"
    if _can_be(texts, pa.bool_()):
        return "boolean"
    if _can_be(texts, pa.date32()):
        return "date"
    if _can_be(texts, pa.timestamp("us", "UTC")) or _can_be(texts, pa.timestamp("us")):
        return "timestamptz"
    return "text"


def _are_codes(numbers: pa.ChunkedArray) -> bool:
    lengths = pc.min_max(pc.utf8_length(numbers)).as_py()
    has_points = pc.any(pc.match_substring(numbers, ".")).as_py()
    return lengths["min"] == lengths["max"] >= _CODE_LENGTH and not has_points


def _can_be(texts: pa.ChunkedArray, kind: pa.DataType) -> bool:
    try:
        pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return False
    return True
