"""From the columns of a file to those of its feed: what a layout says beyond where each stands."""

import pyarrow as pa
import pyarrow.compute as pc

from customs_risk.collect.formats.reading import Batches, schema_of
from expectations.codes import translation
from expectations.contract import Contract
from expectations.layout import Layout, Origin


def shaped(batches: Batches, contract: Contract, layout: Layout) -> Batches:
    """Give every batch the contract's columns, in its order.

    Nulls, constants, cuts and codes are the layout's; a column that it does not name is null.
    Scales are left to the cast, since they need numbers.
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
    return _translated(texts, origin.codes) if origin.codes else texts


def _translated(texts: pa.Array, codes: str | dict[str, str]) -> pa.Array:
    """Translate code by code; an unknown one stays as it is, for the gate to judge."""
    known = translation(codes) if isinstance(codes, str) else codes
    position = pc.index_in(texts, value_set=pa.array(list(known), pa.string()))
    return pc.coalesce(pa.array(list(known.values()), pa.string()).take(position), texts)
