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


def batches(path: Path, contract: Contract, layout: Layout, rejected: Rejected) -> Batches:
    """Yield a Parquet file's rows under the layout's columns, numbered from 1.

    Moments come with their offset, nested values as JSON.

    Raises:
        Unreadable: it is no Parquet file, has other columns, or unfolds beyond the contract.
    """
    wanted = sources(layout)
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file.metadata, contract)
            check_columns(file.schema_arrow.names, contract, layout)
            number = 0
            columns = list(dict.fromkeys(wanted.values()))
            for batch in file.iter_batches(batch_size=_ROWS, columns=columns):
                texts = [_texts(batch, source) for source in wanted.values()]
                numbers = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
                number += batch.num_rows
                rows = pa.RecordBatch.from_arrays([numbers, *texts], schema=schema_of(wanted))
                yield _storable(rows, rejected)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable("file.readable", f"{type(error).__name__}: {error}") from error


def _check_size(metadata: pq.FileMetaData, contract: Contract) -> None:
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
        moments = pc.cast(pc.cast(values, pa.timestamp("us", "UTC")), pa.timestamp("us"))
        return pc.binary_join_element_wise(pc.cast(moments, pa.string()), "+00:00", "")
    return pc.cast(values, pa.string())


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
