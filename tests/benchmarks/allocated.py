"""Months of the sandbox's world, decided and inspected without a warehouse.

A world's declarations are ranked by a plain model that learns from what was inspected, calibrated
on rows that it did not learn from. Selection is the rule's: of an office's day the random share of
its capacity first, by a draw that belongs to the declaration, then the best ranked. The same
declarations, draws and detections come whatever the capacity, so two allocations differ by nothing
else.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import draw, generator, uniform
from customs_risk.sandbox.days import as_days
from customs_risk.sandbox.declarations import _sometimes_other
from customs_risk.sandbox.inspectors import DETECTION_PROBABILITY, inspect
from customs_risk.sandbox.world import World
from customs_risk.settings import REPOSITORY
from ml.allocation.evidence import COLUMNS
from ml.baselines import PlainModel
from ml.calibrate import Calibrator, fit

RATE, RANDOM_SHARE = 0.10, 0.10
# as the bins of the warehouse: shares of an office's day, in order of rank
EDGES = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10,
                  0.12, 0.14, 0.16, 0.18, 0.20, 0.25, 0.30, 0.40, 0.60])  # fmt: skip
_KEYS = ["office_code", "decided_on", "rank_bin", "way", "risk_domain"]


class Month:
    """What a model that learned from earlier days says of a stretch of days, and what is true."""

    def __init__(self, seed: int, rows: pd.DataFrame, learned: pd.DataFrame) -> None:
        """``rows``: declarations with their truth; ``learned``: earlier ones with a result."""
        self.seed = seed
        model, calibrator = _model(learned)
        margin = model.score(rows)
        findings = learned[learned["found"] > 0]
        self.rows = rows.assign(
            margin=margin,
            likelihood=calibrator.likelihood(margin),
            risk_domain=_domains(rows, findings),
        )
        self.rows["expected_revenue_cny"] = (
            self.rows["likelihood"] * findings["additional_duty_cny"].mean()
        )

    def inspected(self, rates: Mapping[str, float]) -> pd.DataFrame:
        """Let each office inspect a share of each day; return all rows, with results where any."""
        rows = select(self.seed, self.rows, rates)
        return with_results(self.seed, rows)


def world_days(home: Path, seed: int, volume: int, count: int) -> tuple[World, list[pd.DataFrame]]:
    """Return a world and so many business days of its declarations."""
    world = World(home, seed, volume, date(2026, 4, 1))
    days = world.live_days(count, after=date(2026, 3, 31))
    declared = ((day, world.declarations(day)) for day in days)
    return world, [
        rows.assign(decided_on=day, chance=chances(world, day, rows)) for day, rows in declared
    ]


def chances(world: World, day: date, rows: pd.DataFrame) -> np.ndarray:
    """Return the chance that each declaration of a day had of being an offence.

    The first draws of the day are drawn again (declarations_of): which line, broker and office each
    is of. Whether it came to an offence is luck, which a comparison of allocations need not bear.
    """
    number = (day - world.start_on).days
    rng = generator(world.seed, "declarations", number)
    lines, parties = world.lines, world.parties
    monday = 1.08 if day.weekday() == 0 else 1.0
    count = round(world.declarations_per_day * rng.normal(1.0, 0.05) * monday)
    line = draw(rng, lines.weight_on(number), count)
    broker = _sometimes_other(rng, lines.broker[line], parties.broker_size, 0.1)
    office = _sometimes_other(rng, lines.office[line], parties.office_size, 0.06)
    told = rows["office_code"].to_numpy(dtype=object)
    assert (parties.office_code[office] == told).all(), "the world draws otherwise by now"
    food, other = world.offenders.chances(lines, parties, number, line, broker)
    return np.asarray(1 - (1 - food) * (1 - other))


def at_random(seed: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Inspect as before there is a model: at random."""
    rates = dict.fromkeys(rows["office_code"].unique(), RATE)
    rows = rows.assign(margin=0.0, likelihood=np.nan, risk_domain="tax", expected_revenue_cny=0.0)
    return with_results(seed, select(seed, rows, rates, random_share=1.0))


def select(
    seed: int, rows: pd.DataFrame, rates: Mapping[str, float], random_share: float = RANDOM_SHARE
) -> pd.DataFrame:
    """Return the rows with way (targeted, random, none), rank_bin and selection_probability."""
    rows = rows.assign(
        draw=uniform(seed, "random inspection", rows["declaration_id"].to_numpy(dtype=object))
    )
    stratum = [rows["office_code"], rows["decided_on"]]
    size = rows.groupby(stratum)["draw"].transform("size").to_numpy()
    name = (rows["office_code"] + "/" + rows["decided_on"].astype(str)).to_numpy(dtype=object)
    rate = rows["office_code"].map(rates).to_numpy(dtype=np.float64)
    capacity = np.floor(rate * size + uniform(seed, "capacity", name))
    due = np.floor(random_share * capacity + uniform(seed, "random share", name))
    is_random = rows.groupby(stratum)["draw"].rank(method="first").to_numpy() <= due
    rank = rows.groupby(stratum)["margin"].rank(method="first", ascending=False).to_numpy()
    place = (
        rows["margin"].where(~is_random).groupby(stratum).rank(method="first", ascending=False)
    ).to_numpy()
    is_targeted = ~is_random & (place <= capacity - due)
    share = (rank - 0.5) / size
    drawn = random_share * rate
    return rows.assign(
        way=np.where(is_random, "random", np.where(is_targeted, "targeted", "none")),
        rank_bin=np.searchsorted(EDGES, share, side="right"),
        selection_probability=np.where(share < rate * (1 - random_share), 1.0, drawn),
    )


def with_results(seed: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Add what inspections find, bring and take, and found: 0, 1 or unknown."""
    asked = rows.loc[rows["way"] != "none", ["declaration_id", "office_code", "decided_on"]]
    asked = asked.assign(instruction_id=None, selected_by="model").reset_index(drop=True)
    staff = dict.fromkeys(rows["office_code"].unique(), 5)
    truth = rows[["declaration_id", "offence", "revenue_cny"]]
    results = inspect(seed, asked, as_days(date(2026, 1, 1), len(asked)), truth, staff)
    told = ["declaration_id", "has_finding", "finding_type", "additional_duty_cny", "officer_hours"]
    joined = rows.merge(results[told], on="declaration_id", how="left")
    return joined.assign(found=joined["has_finding"].astype("float64"))


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Count decided rows as the warehouse does (ml.allocation.evidence)."""
    found = rows["found"].fillna(0.0)
    is_back = rows["found"].notna()
    hours = rows["officer_hours"].fillna(0.0)
    measured = rows[_KEYS].assign(
        declarations=1.0,
        likelihood=rows["likelihood"],
        expected_revenue_cny=rows["expected_revenue_cny"],
        results=is_back.astype(float),
        findings=found,
        result_likelihood=rows["likelihood"].where(is_back, 0.0),
        revenue_cny=rows["additional_duty_cny"].fillna(0.0),
        result_expected_revenue_cny=rows["expected_revenue_cny"].where(is_back, 0.0),
        timed_results=is_back.astype(float),
        timed_findings=found,
        officer_hours=hours,
        officer_hours_of_findings=hours * found,
    )
    return measured.groupby(_KEYS, as_index=False).sum()[list(COLUMNS)]


def _model(learned: pd.DataFrame) -> tuple[PlainModel, Calibrator]:
    """A model of all that was learned, and a calibrator from its last third, held back first."""
    found = learned["found"].to_numpy(dtype=np.float64)
    cut = 2 * len(learned) // 3
    earlier = PlainModel(learned.iloc[:cut], found[:cut])
    weight = np.minimum(1 / learned["selection_probability"].to_numpy(dtype=np.float64), 100.0)
    calibrator = fit(earlier.score(learned.iloc[cut:]), found[cut:], weight[cut:])
    return PlainModel(learned, found), calibrator


def _domains(rows: pd.DataFrame, findings: pd.DataFrame) -> "pd.Series[str]":
    """The risk domain that findings in goods of the same chapter were mostly in."""
    types = pd.read_csv(REPOSITORY / "dbt_project" / "seeds" / "finding_types.csv")
    domain = findings["finding_type"].map(types.set_index("finding_type")["risk_domain"])
    usual = domain.groupby(findings["hs6"].str[:2]).agg(lambda each: each.mode().iloc[0])
    return rows["hs6"].str[:2].map(usual).fillna("tax")


def findings_to_expect(rows: pd.DataFrame) -> float:
    """Return what the inspections of decided rows find on average over the luck of the month."""
    return float(DETECTION_PROBABILITY * rows.loc[rows["way"] != "none", "chance"].sum())
