"""Files as an outside party sends them: whole or not at all, and now and then with a spoilt row."""

import io
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

SPOILT_SHARE = 0.002
UNKNOWN_HS6 = "980100"  # chapter 98 is left to national use and stands in no HS edition


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file so that it appears at once and complete, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    return part.rename(path)


def csv_bytes(rows: pd.DataFrame) -> bytes:
    """CSV in UTF-8: texts in quotes, so that codes keep their zeros; nulls are empty, unquoted."""
    buffer = io.BytesIO()
    pa_csv.write_csv(pa.Table.from_pandas(rows, preserve_index=False), buffer)
    return buffer.getvalue()


def parquet_bytes(rows: pd.DataFrame) -> bytes:
    """A Parquet file, for the sandbox's own notes."""
    buffer = io.BytesIO()
    rows.to_parquet(buffer, index=False)
    return buffer.getvalue()


def ndjson_bytes(rows: pd.DataFrame) -> bytes:
    """One JSON object a line, in UTF-8."""
    text = rows.to_json(orient="records", lines=True, force_ascii=False)
    return (text.rstrip("\n") + "\n").encode()


def delivery_path(home: Path, feed: str, sent_at: datetime, backfill: bool = False) -> Path:
    """Where a delivery of a feed appears; its name says when it was sent (local time)."""
    folder = home / "inbox" / feed
    ext = "ndjson" if feed == "enterprise_status" else "csv"
    name = f"{feed}_{sent_at:%Y%m%dT%H%M%S}.{ext}"
    return (folder / "backfill" if backfill else folder) / name


def sent_on(day: date, clock: time) -> datetime:
    """A local moment without zone, as file names carry it."""
    return datetime.combine(day, clock)


def deliver(
    home: Path, feed: str, rows: pd.DataFrame | bytes, sent_at: datetime, backfill: bool = False
) -> Path:
    """Write one delivery, of rows or of bytes as they are. Returns its path."""
    if isinstance(rows, bytes):
        content = rows
    else:
        content = ndjson_bytes(rows) if feed == "enterprise_status" else csv_bytes(rows)
    return write_whole(delivery_path(home, feed, sent_at, backfill), content)


def spoil_declarations(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Unknown HS codes, negative masses, missing importers and exact repeats, about 0.2 % in all.

    Only declarations without an offence lose their sense: they end in quarantine and are never
    inspected, and what is true of them should not count as missed.
    """
    honest = np.flatnonzero(rows["offence"].isna().to_numpy())
    spoilt = rng.permutation(honest)[: _spoilt_count(rng, len(rows))]
    unknown, negative, missing, repeated = np.array_split(spoilt, 4)
    rows = rows.copy()
    rows.loc[unknown, "hs6"] = UNKNOWN_HS6
    rows.loc[negative, "net_mass_kg"] *= -1
    rows.loc[missing, "importer_id"] = None
    return pd.concat([rows, rows.iloc[repeated]], ignore_index=True)


def spoil_column(
    rng: np.random.Generator, rows: pd.DataFrame, column: str, value: str | None
) -> pd.DataFrame:
    """Put a wrong value into one column of about 0.2 % of the rows."""
    spoilt = np.flatnonzero(rng.random(len(rows)) < SPOILT_SHARE)
    rows = rows.copy()
    rows.loc[spoilt, column] = value
    return rows


def repeat_rows(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Send about 0.2 % of the rows twice in one file."""
    repeated = np.flatnonzero(rng.random(len(rows)) < SPOILT_SHARE)
    return pd.concat([rows, rows.iloc[repeated]], ignore_index=True)


def _spoilt_count(rng: np.random.Generator, count: int) -> int:
    # every day's file of a usual size brings each kind at least once
    return max(int(rng.binomial(count, SPOILT_SHARE)), 4 if count >= 500 else 0)
