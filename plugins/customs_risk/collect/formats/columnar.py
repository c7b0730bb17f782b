"""Tables as Parquet, read row group by row group and written as text."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from customs_risk.collect.formats.reading import (
    Batches,
    Rejected,
    Unreadable,
    schema_of,
    told,
)
from customs_risk.collect.formats.table import check_columns, sources
from expectations.contract import Contract
from expectations.layout import Layout

_ROWS = 20_000
_SLICE = 32 << 20  # bytes of text at once
_HIGHEST_RATIO = 200
_SMALL = 64 << 20  # bytes up to which any ratio is harmless


def batches(path: Path, contract: Contract, layout: Layout, rejected: Rejected) -> Batches:
    """Yield a Parquet file's rows under the layout's columns, numbered from 1.

    Moments come with their offset, nested values as JSON.

    Raises:
        Unreadable: it is no Parquet file, has other columns, or unfolds beyond the contract.
    """
    wanted = sources(layout)
    try:
        metadata = pq.read_metadata(path)
        _check_size(metadata, path.stat().st_size, contract)
        with pq.ParquetFile(path, read_dictionary=_texts_in(metadata)) as file:
            check_columns(file.schema_arrow.names, contract, layout)
            number = 0
            columns = list(dict.fromkeys(wanted.values()))
            for batch in _small(file.iter_batches(batch_size=_ROWS, columns=columns), contract):
                texts = [_texts(batch, source) for source in wanted.values()]
                numbers = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
                number += batch.num_rows
                rows = pa.RecordBatch.from_arrays([numbers, *texts], schema=schema_of(wanted))
                yield _storable(rows, rejected)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable("file.readable", f"it is no sound Parquet: {error}") from error


def _check_size(metadata: pq.FileMetaData, size: int, contract: Contract) -> None:
    """Refuse a small file that unfolds into a giant one: as text, each cell takes a byte."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    unfolded = sum(group.total_byte_size for group in groups)
    cells = metadata.num_rows * metadata.num_columns
    if max(unfolded, cells) > contract.max_bytes:
        raise Unreadable(
            "file.size",
            f"the file unfolds to {max(unfolded, cells):,} bytes; "
            f"the contract allows {contract.max_bytes:,}",
        )
    if unfolded > max(_SMALL, _HIGHEST_RATIO * size):
        raise Unreadable(
            "file.size",
            f"the file is compressed to less than 1/{_HIGHEST_RATIO} of its {unfolded:,} bytes",
        )


def _texts_in(metadata: pq.FileMetaData) -> list[str]:
    """Return the columns of texts: as dictionaries, they are measured before they unfold."""
    columns = (metadata.schema.column(number) for number in range(metadata.num_columns))
    return [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.path == column.name
    ]


def _small(batches: Batches, contract: Contract) -> Batches:
    """Slice batches so that each stays small as text, however often it repeats a long one.

    Raises:
        Unreadable: as text the file is larger than the contract allows.
    """
    total = 0
    for batch in batches:
        sizes = [_sizes(column) for column in batch.columns]
        longest, written = (sum(each) for each in zip(*sizes, strict=True))
        total += written
        if total > contract.max_bytes:
            raise Unreadable(
                "file.size",
                f"the file unfolds to more than the {contract.max_bytes:,} bytes that the "
                "contract allows",
            )
        rows = max(1, _SLICE // max(1, longest))
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _sizes(values: pa.Array) -> tuple[int, int]:
    """Return the length of a column's longest text, and of all of them together."""
    if not pa.types.is_dictionary(values.type) or not pa.types.is_string(values.type.value_type):
        return 0, values.nbytes
    lengths = pc.binary_length(values.dictionary)
    all_lengths = pc.cast(lengths, pa.int64()).take(values.indices)
    return pc.max(all_lengths).as_py() or 0, pc.sum(all_lengths).as_py() or 0


def _texts(batch: pa.RecordBatch, source: str) -> pa.Array:
    """Return a column as text; one that may be missing, and is, as nulls."""
    if source in batch.schema.names:
        return _as_text(batch.column(source))
    return pa.nulls(batch.num_rows, pa.string())


def _as_text(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_nested(kind):
        nested = (None if each is None else _json(each) for each in values.to_pylist())
        return pa.array(nested, pa.string())
    if pa.types.is_timestamp(kind) and kind.tz:
        # the database keeps microseconds
        moments = pc.cast(values, pa.timestamp("us", "UTC"), safe=kind.unit != "ns")
        moments = pc.cast(moments, pa.timestamp("us"))
        return pc.binary_join_element_wise(pc.cast(moments, pa.string()), "+00:00", "")
    texts = pc.cast(values, pa.string())
    texts.validate(full=True)  # a file may call bytes a text that are none
    return texts


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _storable(rows: pa.RecordBatch, rejected: Rejected) -> pa.RecordBatch:
    """Set apart the rows with a NUL, which no text in a database can hold."""
    has_nul = pa.repeat(pa.scalar(False), rows.num_rows)
    for column in rows.columns[1:]:
        has_nul = pc.or_(has_nul, pc.fill_null(pc.match_substring(column, "\0"), False))
    if not pc.any(has_nul).as_py():
        return rows
    for row in rows.filter(has_nul).to_pylist():
        rejected.add(row.pop("row_no"), told(_json(row)))
    return rows.filter(pc.invert(has_nul))
