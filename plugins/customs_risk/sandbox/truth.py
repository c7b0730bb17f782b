"""What is true of each declaration, and of those who misbehave, kept apart under
`<home>/sandbox/truth/`.

The inspectors look here for the goods in front of them. Apart from them only a summary may, to hold
an estimate against the truth.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path

import pandas as pd

from customs_risk.sandbox.delivery import parquet_bytes, write_whole

COLUMNS = [
    "declaration_id", "office_code", "declared_on", "offence", "revenue_cny", "importer_id", "hs6",
    "tax_rate_pct", "declared_value_cny",
]  # fmt: skip


def keep_truth(home: Path, name: str, declarations: pd.DataFrame) -> Path:
    """Keep the truth of one period. `name` begins with `history_` or `live_`."""
    truth = declarations.assign(declared_on=declarations["declared_at"].str[:10])[COLUMNS]
    return write_whole(_folder(home) / f"{name}.parquet", parquet_bytes(truth))


def read_truth(
    home: Path, prefix: str = "live", declaration_ids: Collection[str] | None = None
) -> pd.DataFrame:
    """One row per declaration (`COLUMNS`); only those asked for, where some are."""
    files = sorted(_folder(home).glob(f"{prefix}_*.parquet"))
    if not files:
        return pd.DataFrame(columns=COLUMNS)
    wanted = None
    if declaration_ids is not None:
        wanted = [("declaration_id", "in", list(declaration_ids) or [""])]
    truth = pd.concat([pd.read_parquet(file, filters=wanted) for file in files])
    return truth.drop_duplicates("declaration_id", ignore_index=True)


def truth_leakage(
    home: Path, from_day: date, to_day: date, inspected_ids: Collection[str]
) -> tuple[int, float]:
    """Offences in live declarations of the days, both included, that nobody ever inspected.

    Returns their number and the revenue in CNY that finding them would have brought.
    """
    truth = read_truth(home)
    missed = truth[
        truth["declared_on"].between(str(from_day), str(to_day))
        & truth["offence"].notna()
        & ~truth["declaration_id"].isin(list(inspected_ids))
    ]
    return len(missed), float(missed["revenue_cny"].sum())


def keep_misconduct(home: Path, planted: pd.DataFrame) -> Path:
    """Keep who misbehaves: kind, rule_code, subject_type, subject_key."""
    return write_whole(_folder(home) / "misconduct.parquet", parquet_bytes(planted))


def read_misconduct(home: Path) -> pd.DataFrame:
    """One row per misconduct that was planted in a home's world; none of a home without one."""
    path = _folder(home) / "misconduct.parquet"
    if not path.exists():
        return pd.DataFrame(columns=["kind", "rule_code", "subject_type", "subject_key"])
    return pd.read_parquet(path)


def _folder(home: Path) -> Path:
    return home / "sandbox" / "truth"
