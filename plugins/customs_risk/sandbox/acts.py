"""What officers do in clearance beside inspections: they release goods and accept amendments."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Floats, Objects, either, uniform
from customs_risk.sandbox.conduct import Conduct, assigned, officers_by_chance
from customs_risk.sandbox.days import Days, as_days, local_times

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

COLUMNS = [
    "act_id", "act", "declaration_id", "instruction_id", "office_code", "officer_id", "acted_at",
    "released_at", "hs6_before", "hs6_after", "tax_rate_before_pct", "tax_rate_after_pct",
    "value_before_cny", "value_after_cny",
]  # fmt: skip
_AMENDED = 0.02  # share of declarations
_VALUES = 0.6  # share of amendments that concern the value; the others the classification
_AFTER_RELEASE = 0.15


def acts_of(
    world: World, declared_on: list[date], results: pd.DataFrame, waved: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Amendments of what was declared on these days, and releases: after results, and without."""
    told = [amendments(world, day) for day in declared_on]
    if len(results):
        told.append(releases(world.seed, results, world.conduct))
    if waved is not None:
        told.append(waved)
    return pd.concat([each for each in told if len(each)] or [pd.DataFrame(columns=COLUMNS)])


def releases(seed: int, results: pd.DataFrame, conduct: Conduct) -> pd.DataFrame:
    """The goods of every result are released within the hour, by any officer of the office."""
    ids, offices = results["declaration_id"], results["office_code"]
    delay = 300 + 2100 * uniform(seed, "release", ids.to_numpy(dtype=object))
    reported = results["reported_at"].str[:19].to_numpy(dtype="datetime64[s]")
    acted = np.char.add(np.datetime_as_string(reported + delay.astype("timedelta64[s]")), "+08:00")
    rows = results[["declaration_id", "instruction_id", "office_code"]].assign(
        act_id="RL-" + results["result_id"],
        act="release",
        officer_id=officers_by_chance(seed, "releasing officer", ids, offices, conduct.staff),
        acted_at=acted,
        released_at=acted,
    )
    return rows.reindex(columns=COLUMNS).drop_duplicates("act_id")


def waved_through(seed: int, asked: pd.DataFrame, due_on: Days, conduct: Conduct) -> pd.DataFrame:
    """Releases of goods that nobody examined, by the officer who should have."""
    waved = conduct.is_waved(asked)
    asked, due_on = asked[waved], due_on[waved]
    acted = local_times(due_on, np.full(len(asked), 6 * 3600, dtype=np.int64))
    rows = asked[["declaration_id", "instruction_id", "office_code"]].assign(
        act_id="RL-" + asked["instruction_id"],
        act="release",
        officer_id=assigned(seed, asked, conduct.staff),
        acted_at=acted,
        released_at=acted,
    )
    return rows.reindex(columns=COLUMNS)


def amendments(world: World, declared_on: date) -> pd.DataFrame:
    """The amendments of a day's declarations, accepted in the evening of the same day."""
    seed, conduct = world.seed, world.conduct
    declared = world.declarations(declared_on)
    turn = uniform(seed, "amended", declared["declaration_id"].to_numpy(dtype=object))
    amended = declared[turn < _AMENDED].reset_index(drop=True)
    ids = amended["declaration_id"].to_numpy(dtype=object)
    is_value = uniform(seed, "amends value", ids) < _VALUES
    cheaper = _cheaper(world, amended)
    possible = is_value | (cheaper >= 0)
    amended = amended[possible].reset_index(drop=True)
    is_value, cheaper, ids = is_value[possible], cheaper[possible], ids[possible]
    officers = officers_by_chance(
        seed, "amending officer", amended["declaration_id"], amended["office_code"], conduct.staff
    )
    officers = np.where(
        is_value,
        conduct.lenient("lowers_values", officers, amended),
        conduct.lenient("reclassifies", officers, amended),
    )
    officers = conduct.with_favours(officers, amended)
    seconds = (18.5 + 3 * uniform(seed, "amended at", ids)) * 3600
    acted = local_times(as_days(declared_on, len(amended)), seconds.astype(np.int64))
    rows = amended[["declaration_id", "office_code"]].assign(
        act_id="AM-" + amended["declaration_id"],
        act=np.where(is_value, "amend_value", "amend_classification"),
        officer_id=officers,
        acted_at=acted,
        **_values(seed, amended, ids, officers, is_value, conduct),
        **_codes(world, amended, ids, officers, ~is_value, cheaper, acted),
    )
    return rows.reindex(columns=COLUMNS)


def _values(
    seed: int,
    amended: pd.DataFrame,
    ids: Objects,
    officers: Objects,
    which: np.ndarray,
    conduct: Conduct,
) -> dict[str, pd.Series]:
    """Values are amended upwards as often as downwards, but for who always lowers them."""
    turn = uniform(seed, "new value", ids)
    down = (uniform(seed, "value lowered", ids) < 0.5) | conduct.does(
        "lowers_values", officers, ids
    )
    before = amended["declared_value_cny"].clip(lower=1.0)
    after: pd.Series = before * np.where(down, 0.6 + 0.35 * turn, 1.05 + 0.35 * turn)
    return {
        "value_before_cny": before.where(which),
        "value_after_cny": after.round(2).clip(lower=0.5).where(which),
    }


def _codes(
    world: World,
    amended: pd.DataFrame,
    ids: Objects,
    officers: Objects,
    which: np.ndarray,
    cheaper: np.ndarray,
    acted: np.ndarray,
) -> dict[str, pd.Series | Objects]:
    """Codes are amended to dearer goods as often as to cheaper ones, and seldom after release."""
    seed = world.seed
    bent = world.conduct.does("reclassifies", officers, ids)
    lowers = bent | (uniform(seed, "code lowered", ids) < 0.5)
    is_released = bent | (uniform(seed, "amended after release", ids) < _AFTER_RELEASE)
    hours = 3600 * (1 + 20 * uniform(seed, "released before", ids))
    released = acted.astype(str)
    moments = np.array([each[:19] for each in released], dtype="datetime64[s]")
    released = np.char.add(
        np.datetime_as_string(moments - hours.astype("timedelta64[s]")), "+08:00"
    )
    rate: Floats = amended["tax_rate_pct"].to_numpy(dtype=np.float64)
    lower = np.minimum(world.commodities.duty_pct[cheaper], rate)
    dear, cheap = amended["hs6"].to_numpy(dtype=object), world.commodities.hs6[cheaper]
    return {
        "released_at": either(which & is_released, released, None),
        "hs6_before": either(which, np.where(lowers, dear, cheap), None),
        "hs6_after": either(which, np.where(lowers, cheap, dear), None),
        "tax_rate_before_pct": pd.Series(np.where(lowers, rate, lower)).where(which),
        "tax_rate_after_pct": pd.Series(np.where(lowers, lower, rate)).where(which),
    }


def _cheaper(world: World, amended: pd.DataFrame) -> np.ndarray:
    """A commodity with less duty for each row; -1 where there is none, or it saves nothing."""
    commodities = world.commodities
    place = amended["hs6"].map({code: n for n, code in enumerate(commodities.hs6)})
    cheaper = commodities.cheaper[place.to_numpy(dtype=np.int64)]
    saves = commodities.duty_pct[cheaper] < amended["tax_rate_pct"].to_numpy(dtype=np.float64)
    return np.where(saves, cheaper, -1)
