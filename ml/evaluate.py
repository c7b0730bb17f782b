"""How good a ranking or a likelihood is: one set of measures for models, rules and whole loops.

Ties are broken in the worst way: among equal scores, rows without a finding come first, so a
ranking gets no credit for what it does not tell apart.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.floating]

SHARES = (0.01, 0.02, 0.05, 0.10)


def worst_case_order(score: Floats, found: Floats) -> NDArray[np.intp]:
    """Return the row numbers from the highest score down, ties in the least favourable order."""
    return np.lexsort((found, -score))


def at_share(score: Floats, found: Floats, revenue: Floats, share: float) -> dict[str, float]:
    """Return precision, recall and revenue share of the best ``share`` (at least one row)."""
    size = max(1, int(np.floor(share * score.size + 1e-9)))
    by_finding = worst_case_order(score, found)[:size]
    by_revenue = np.lexsort((revenue, -score))[:size]
    return {
        "precision": float(found[by_finding].mean()),
        "recall": _ratio(found[by_finding].sum(), found.sum()),
        "revenue": _ratio(revenue[by_revenue].sum(), revenue.sum()),
    }


def average_precision(score: Floats, found: Floats) -> float:
    """Return the mean precision over the findings, worst-case ties; nan without findings."""
    ordered = found[worst_case_order(score, found)]
    precision = np.cumsum(ordered) / np.arange(1, ordered.size + 1)
    return _ratio(float((precision * ordered).sum()), float(ordered.sum()))


def area_under_curve(score: Floats, found: Floats) -> float:
    """Return the chance that a finding outranks a clean row; an equal score does not."""
    clean = np.sort(score[found == 0])
    below = np.searchsorted(clean, score[found == 1], side="left")
    return _ratio(float(below.sum()), float(clean.size * below.size))


def ranking(score: Floats, found: Floats, revenue: Floats) -> dict[str, Any]:
    """Return all measures of a ranking: auc, average_precision, and each at 1, 2, 5, 10 %."""
    return {
        "auc": area_under_curve(score, found),
        "average_precision": average_precision(score, found),
        **{f"at_{round(100 * s)}_pct": at_share(score, found, revenue, s) for s in SHARES},
    }


def calibration(likelihood: Floats, found: Floats, bins: int = 10) -> dict[str, float]:
    """Return the Brier score and the expected calibration error over equally filled bins."""
    groups = np.array_split(np.argsort(likelihood, kind="stable"), min(bins, likelihood.size))
    gaps = [abs(likelihood[g].mean() - found[g].mean()) * g.size for g in groups]
    return {
        "brier": float(np.mean((likelihood - found) ** 2)),
        "calibration_error": float(sum(gaps) / likelihood.size),
    }


def by_month(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return what a loop's selections caught, a row per month and one for the last three.

    ``outcomes`` has one row per declaration, inspected or not, with the truth of each:
    month (sortable), selected (bool), found (0 or 1), revenue_cny. In the answer: declarations,
    inspected, precision, recall, and norm_precision and norm_revenue: what was caught over the
    most that as many inspections could have caught.
    """
    months = sorted(outcomes["month"].unique())
    rows = [_period(str(month), outcomes[outcomes["month"] == month]) for month in months]
    last = [row["norm_precision"] for row in rows[-3:]], [row["norm_revenue"] for row in rows[-3:]]
    total = _period("last three", outcomes[outcomes["month"].isin(months[-3:])])
    # each month counts the same, whatever its trade
    total |= {"norm_precision": float(np.mean(last[0])), "norm_revenue": float(np.mean(last[1]))}
    return pd.DataFrame([*rows, total])


def _period(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    selected = rows["selected"].to_numpy(bool)
    found = rows["found"].to_numpy(float)
    revenue = rows["revenue_cny"].to_numpy(float)
    size = int(selected.sum())
    most_found = min(size, found.sum())
    most_revenue = np.sort(revenue)[::-1][:size].sum()
    return {
        "month": name,
        "declarations": len(rows),
        "inspected": size,
        "precision": _ratio(found[selected].sum(), size),
        "recall": _ratio(found[selected].sum(), found.sum()),
        "norm_precision": _ratio(found[selected].sum(), most_found),
        "norm_revenue": _ratio(revenue[selected].sum(), most_revenue),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
