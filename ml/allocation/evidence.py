"""What past decisions and their results tell, as arrays: days × offices × … × risk domains.

One row of what is read counts declarations of an office, a day, a bin of rank within the day's
stratum (the first bin holds the best ranked), a way of selection and the risk domain that they most
likely concern. Days are kept apart, so that an interval can draw them anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DOMAINS = (
    "prohibited_restricted", "port_health", "biosecurity", "food_safety", "commodity_quality",
    "tax", "ipr", "other",
)  # fmt: skip
# how a declaration came to be inspected: by its rank, by a draw, because somebody or a parameter
# claimed it, to learn; or not at all
WAYS = ("targeted", "random", "claimed", "explored", "none")
# what is counted of all declarations, and of those with a result
_DECLARED = ("declarations", "likelihood", "expected_revenue_cny")
_RESULTS = (
    "results", "findings", "result_likelihood", "revenue_cny", "result_expected_revenue_cny",
    "timed_results", "timed_findings", "officer_hours", "officer_hours_of_findings",
)  # fmt: skip
NEWEST_DAYS = 30
KEYS = ("office_code", "decided_on", "rank_bin", "way", "risk_domain")
COLUMNS = (*KEYS, *_DECLARED, *_RESULTS)


class NothingToRankBy(ValueError):  # noqa: N818 - reads as what is wrong
    """No model has ranked declarations yet: there is no curve to recommend by."""


@dataclass(frozen=True)
class Evidence:
    """``ranked`` counts what could be targeted: measures of declarations by days × offices × bins
    × domains. ``judged`` counts those of them with a result: days × offices × bins. ``chosen``
    counts what was inspected: all measures by days × offices × ways × domains.
    """

    offices: tuple[str, ...]
    days: tuple[object, ...]
    ranked: dict[str, Floats]
    judged: dict[str, Floats]
    chosen: dict[str, Floats]
    # all declarations, claimed ones too: days × offices
    declarations: Floats

    @cached_property
    def is_newest(self) -> NDArray[np.bool_]:
        """The last thirty days: they tell what offices inspect now, and how the model ranks now."""
        return _is_newest(self.days)

    @cached_property
    def business_days_each(self) -> float:
        """How many business days a day of decisions stands for: five where a week is decided at
        once.
        """
        days = np.array(self.days, dtype="datetime64[D]")
        if len(days) < 2:
            return 1.0
        return float(np.busday_count(days[0], days[-1]) / (len(days) - 1)) or 1.0

    @cached_property
    def is_early(self) -> NDArray[np.bool_]:
        """The first half of the days: held against the second, they tell what lasts."""
        return np.arange(len(self.days)) < len(self.days) // 2

    def weighted(self, days: Floats) -> "Totals":
        """Return sums over the days, each counted as often as told."""
        if not (days * self.is_newest).any():
            # a draw of the days that has none of the newest says nothing of today
            days = days + self.is_newest / max(self.is_newest.sum(), 1)
        newest = days * self.is_newest
        # as the model of today ranks today's trade, as often as all days together
        as_all = newest * (days.sum() / newest.sum())
        return Totals(
            ranked={name: np.tensordot(as_all, each, 1) for name, each in self.ranked.items()},
            judged={name: np.tensordot(days, each, 1) for name, each in self.judged.items()},
            early={
                name: np.tensordot(days * self.is_early, each, 1)
                for name, each in self.judged.items()
            },
            chosen={name: np.tensordot(days, each, 1) for name, each in self.chosen.items()},
            declarations=as_all @ self.declarations,
            inspections=np.tensordot(as_all, self.chosen["declarations"], 1).sum(axis=(1, 2)),
            business_days=float(days.sum()) * self.business_days_each,
        )


@dataclass(frozen=True)
class Totals:
    """Sums of evidence over days, in the shapes of ``Evidence`` without their first axis.

    What is ranked, declared and inspected is that of the newest days, counted as often as all days
    together. ``early`` is what ``judged`` was in the first half of the days.
    """

    ranked: dict[str, Floats]
    judged: dict[str, Floats]
    early: dict[str, Floats]
    chosen: dict[str, Floats]
    declarations: Floats
    inspections: Floats
    business_days: float


def arranged(counted: pd.DataFrame) -> Evidence:
    """Arrange rows with ``COLUMNS`` as arrays.

    Where the domain is not told (nobody acts on what ranks low, so nothing is told of it) a row is
    shared out over the domains as those told of its office are. Offices that inspected nothing of
    late are left out: nothing tells what they would find.

    Raises:
        NothingToRankBy: no office did.
    """
    rows = _shared_out(_of_inspecting_offices(counted))
    offices = tuple(sorted(rows["office_code"].unique()))
    days = tuple(sorted(rows["decided_on"].unique()))
    bins = int(rows["rank_bin"].max()) + 1
    place = {
        "day": pd.Index(days).get_indexer(pd.Index(rows["decided_on"])),
        "office": pd.Index(offices).get_indexer(pd.Index(rows["office_code"])),
        "bin": rows["rank_bin"].to_numpy(dtype=np.int64),
        "way": pd.Index(WAYS).get_indexer(pd.Index(rows["way"])),
        "domain": pd.Index(DOMAINS).get_indexer(pd.Index(rows["risk_domain"])),
    }
    if any((each < 0).any() for each in place.values()):
        raise ValueError("a way of selection or a risk domain that nobody knows 未知的方式或领域")

    def summed(name: str, *axes: tuple[str, int], where: NDArray[np.bool_]) -> Floats:
        total = np.zeros([size for _, size in axes])
        index = tuple(place[axis][where] for axis, _ in axes)
        np.add.at(total, index, rows[name].to_numpy(dtype=np.float64)[where])
        return total

    by_office = (("day", len(days)), ("office", len(offices)))
    is_claimed = (rows["way"] == "claimed").to_numpy()
    is_chosen = (rows["way"] != "none").to_numpy()
    by_rank = (*by_office, ("bin", bins), ("domain", len(DOMAINS)))
    by_bin = (*by_office, ("bin", bins))
    by_way = (*by_office, ("way", len(WAYS)), ("domain", len(DOMAINS)))
    return Evidence(
        offices=offices,
        days=days,
        ranked={name: summed(name, *by_rank, where=~is_claimed) for name in _DECLARED},
        judged={
            name: summed(name, *by_bin, where=~is_claimed)
            for name in ("results", "findings", "result_likelihood")
        },
        chosen={name: summed(name, *by_way, where=is_chosen) for name in (*_DECLARED, *_RESULTS)},
        declarations=summed("declarations", *by_office, where=np.ones(len(rows), dtype=bool)),
    )


def _is_newest(days: Iterable[object]) -> NDArray[np.bool_]:
    on = np.array(list(days), dtype="datetime64[D]")
    return np.asarray(on > on.max() - np.timedelta64(NEWEST_DAYS, "D"))


def _of_inspecting_offices(counted: pd.DataFrame) -> pd.DataFrame:
    inspects = _is_newest(counted["decided_on"]) & (counted["way"] != "none")
    if not inspects.any():
        raise NothingToRankBy("nothing was inspected of late 近期无查验")
    return counted[counted["office_code"].isin(counted["office_code"][inspects])]


def _shared_out(counted: pd.DataFrame) -> pd.DataFrame:
    is_told = counted["risk_domain"].notna()
    told, untold = counted[is_told], counted[~is_told]
    if untold.empty:
        return told
    if told.empty:
        return counted.assign(risk_domain="other")
    by_office = told.pivot_table(
        index="office_code", columns="risk_domain", values="declarations", aggfunc="sum"
    ).fillna(0.0)
    overall = by_office.sum() / by_office.to_numpy().sum()
    # an office of which little is told is much like all of them
    shares = (by_office + 20 * overall).reindex(counted["office_code"].unique()).fillna(overall)
    shares = shares.div(shares.sum(axis=1), axis=0)
    long = shares.rename_axis("office_code").reset_index()
    long = long.melt("office_code", var_name="risk_domain", value_name="share")
    parts = untold.drop(columns="risk_domain").merge(long, on="office_code")
    numbers = [*_DECLARED, *_RESULTS]
    parts[numbers] = parts[numbers].mul(parts.pop("share"), axis=0)
    return pd.concat([told, parts[list(told.columns)]], ignore_index=True)
