"""The Korean customs files: declarations of 2020-01 to 2021-06, all inspected, drawn by CTGAN.

Korea Customs Service and Institute for Basic Science, MIT licence, arXiv 2208.02484. They are no
part of the project: put the three CSVs into a folder and name it by ``KCS``. Rows of one tuple
(`TUPLE`) almost always share their label, and most rows repeat one, so the split as published
rewards memory; the tuple-disjoint split asks for more than that.
"""

from pathlib import Path

import pandas as pd

from customs_risk.settings import REPOSITORY

MAPPING = REPOSITORY / "expectations" / "mappings" / "kcs.yml"
TUPLE = {  # what fixes the label, as it is declared here and in the files
    "hs6": "HS6 Code",
    "departure_country": "Country of Departure",
    "origin_country": "Country of Origin",
    "tax_type": "Tax Type",
    "tax_rate_pct": "Tax Rate",
    "net_mass_kg": "Net Mass",
}
_FILES = {name: f"df_syn_{name}_eng.csv" for name in ("train", "valid", "test")}


def is_in(folder: Path) -> bool:
    """Tell whether all three files are there."""
    return all((folder / file).exists() for file in _FILES.values())


def published(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the split as published: train and valid (2020, 2021 Q1), and test (2021 Q2)."""
    return pd.concat([_read(folder, "train"), _read(folder, "valid")]), _read(folder, "test")


def disjoint(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the split as published, less what shares a tuple with the test rows."""
    past, future = published(folder)
    columns = list(TUPLE.values())
    is_shared = pd.MultiIndex.from_frame(past[columns]).isin(
        pd.MultiIndex.from_frame(future[columns])
    )
    return past[~is_shared], future


def everything(folder: Path) -> pd.DataFrame:
    """Return all three files, in the order of time."""
    return pd.concat([_read(folder, name) for name in _FILES])


def _read(folder: Path, name: str) -> pd.DataFrame:
    # texts as they are written: codes keep their zeros, and NA stays Namibia
    return pd.read_csv(folder / _FILES[name], dtype=str, keep_default_na=False)
