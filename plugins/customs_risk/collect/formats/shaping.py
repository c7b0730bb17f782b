"""From the columns of a file to those of its feed: what a layout says beyond where each stands."""

import pyarrow as pa
import pyarrow.compute as pc

from customs_risk.collect.formats.reading import Batches, schema_of
from expectations.codes import translation
from expectations.contract import Contract
from expectations.layout import Layout, Origin


def shaped(batches: Batches, contract: Contract, layout: Layout) -> Batches:
    """Give every batch the contract's columns, in its order.

    Nulls, constants, cuts, moments and codes are the layout's; a column that it does not name is
    null. Scales are left to the cast, since they need numbers.
    """
    schema = schema_of(contract.columns)
    nulls = pa.array(layout.nulls, pa.string())
    for batch in batches:
        columns = [
            _column(batch, name, layout.columns.get(name), nulls) for name in contract.columns
        ]
        yield pa.RecordBatch.from_arrays([batch.column("row_no"), *columns], schema=schema)


def _column(batch: pa.RecordBatch, name: str, origin: Origin | None, nulls: pa.Array) -> pa.Array:
    if origin is None or origin.constant is not None:
        constant = origin.constant if origin else None
        return pa.repeat(pa.scalar(constant, pa.string()), batch.num_rows)
    texts = batch.column(name)
    if nulls:
        is_null = pc.is_in(texts, value_set=nulls)
        texts = pc.if_else(is_null, pa.scalar(None, pa.string()), texts)
    if origin.first:
        texts = pc.utf8_slice_codeunits(texts, 0, origin.first)
    if origin.dates:
        texts = _dated(texts, origin.dates)
    return _translated(texts, origin.codes) if origin.codes else texts


def _dated(texts: pa.Array, dates: str) -> pa.Array:
    """Write moments in ISO 8601; what is none stays as it is, for the gate to judge."""
    moments = pc.strptime(texts, format=dates, unit="s", error_is_null=True)
    # 31-Feb would become the third of March: a real moment is written back as it was
    is_real = pc.equal(_plain(texts), _plain(pc.strftime(moments, dates)))
    written = moments if "%H" in dates else pc.cast(moments, pa.date32())
    return pc.if_else(pc.fill_null(is_real, False), pc.cast(written, pa.string()), texts)


def _plain(texts: pa.Array) -> pa.Array:
    """Leave out what a reader of moments does not mind: capitals, blanks around, leading zeros."""
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.replace_substring_regex(trimmed, r"\b0+(\d)", r"\1")


def _translated(texts: pa.Array, codes: str | dict[str, str]) -> pa.Array:
    """Translate code by code; an unknown one stays as it is, for the gate to judge."""
    known = translation(codes) if isinstance(codes, str) else codes
    position = pc.index_in(texts, value_set=pa.array(list(known), pa.string()))
    return pc.coalesce(pa.array(list(known.values()), pa.string()).take(position), texts)
