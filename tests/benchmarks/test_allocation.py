"""What a recommended allocation of people gains: the sandbox's next month, inspected twice.

In each of the sandbox's worlds a month is inspected at random, two more are targeted by a model,
with the same capacity everywhere. From these two the allocation is recommended. The month after is
inspected under the capacity as it was, and under the recommended one: the same declarations,
scores and draws. What inspections find is the world's truth, told twice: what they found
(realised), and what they find on average over the luck of that month, since the chance that each
declaration had of being an offence is known. `SEEDS` says how many worlds.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ml.allocation.config import AllocationConfig
from ml.allocation.evidence import arranged
from ml.allocation.recommend import recommend
from tests.benchmarks import allocated

Figure = Callable[[str, float], None]

SEEDS = int(os.environ.get("SEEDS", "40"))
DECLARATIONS = int(os.environ.get("DECLARATIONS", "3000"))
MONTH = 21  # business days


def test_allocation(figure: Figure, tmp_path: Path) -> None:
    worlds = pd.DataFrame([next_month(tmp_path, seed) for seed in range(101, 101 + SEEDS)])
    print(f"\n{worlds.round(4).to_string()}")
    for name in (
        "gain_share",
        "realised_gain_share",
        "equal_hours_gain_share",
        "forecast_gain_share",
    ):
        low, mean, high = interval(worlds[name])
        figure(f"allocation_{name}", mean)
        figure(f"allocation_{name}_low", low)
        figure(f"allocation_{name}_high", high)
    figure("allocation_gain_findings", worlds["gain"].mean())
    figure("allocation_findings", worlds["findings"].mean())
    figure("allocation_worlds", len(worlds))
    figure("allocation_worlds_that_gain", (worlds["gain"] > 0).mean())
    figure("allocation_hours_ratio", worlds["hours_ratio"].mean())
    figure("allocation_best_office_to_worst", worlds["best_to_worst"].mean())
    low, _, _ = interval(worlds["gain_share"])
    assert low > 0, "the recommended allocation finds no more than the present one"


def next_month(home: Path, seed: int) -> dict[str, float]:
    """Return what one world's next month yields under both allocations."""
    world, days = allocated.world_days(home / str(seed), seed, DECLARATIONS, 4 * MONTH)
    months = [
        pd.concat(days[first : first + MONTH], ignore_index=True)
        for first in range(0, 4 * MONTH, MONTH)
    ]
    present = dict.fromkeys(world.parties.office_code, allocated.RATE)
    learned = with_result(allocated.at_random(seed, months[0]))
    decided = []
    for rows in months[1:3]:
        decided.append(allocated.Month(seed, rows, learned).inspected(present))
        learned = pd.concat([learned, with_result(decided[-1])], ignore_index=True)
    counted = allocated.counted(pd.concat(decided, ignore_index=True))
    made = recommend(arranged(counted), MONTH, AllocationConfig(draws=100))
    recommended = dict(zip(made.offices, made.recommended_rate, strict=True))
    month = allocated.Month(seed, months[3], learned)
    now, then = month.inspected(present), month.inspected(recommended)
    findings = allocated.findings_to_expect(now)
    gain = allocated.findings_to_expect(then) - findings
    realised = now["found"].sum()
    hours = now["officer_hours"].sum()
    hours_ratio = then["officer_hours"].sum() / hours
    forecast, low, high = made.expected_gain()["findings"]
    marginal = made.marginal_recommended["findings"].sum(axis=1)
    per_hour = np.average(marginal, weights=made.recommended.officer_hours.sum(axis=1))
    per_inspection = now.groupby("office_code")["found"].mean()
    return {
        "seed": seed,
        "findings": findings,
        "gain": gain,
        "gain_share": gain / findings,
        "realised_gain_share": then["found"].sum() / realised - 1,
        # what the hours that were not used, or were used beside, would find at the margin
        "equal_hours_gain_share": (gain + (1 - hours_ratio) * hours * per_hour) / findings,
        "hours_ratio": hours_ratio,
        "forecast_gain_share": forecast / made.present.findings.sum(),
        "forecast_low": low,
        "forecast_high": high,
        "best_to_worst": per_inspection.max() / per_inspection.min(),
    }


def with_result(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["found"].notna()]


def interval(values: "pd.Series[float]") -> tuple[float, float, float]:
    """Return low end, mean and high end of the 95 % interval of a mean over worlds."""
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    mean = float(values.mean())
    return mean - float(half), mean, mean + float(half)
