"""How an examination went: when it began and ended, where, on which goods, what value came of it.

Honest officers err now and then, too: a code mistyped, a place of another office, a quick look.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Bools, Floats, Objects, either, uniform
from customs_risk.sandbox.conduct import Conduct
from customs_risk.sandbox.delivery import parquet_bytes, write_whole
from customs_risk.sandbox.offences import UNDECLARED_QUANTITY, UNDERVALUATION, VAT

_VALUED = (UNDERVALUATION, UNDECLARED_QUANTITY)  # findings after which a value is established
PLACES = 4  # supervised places of an office
_MISTYPED, _GUEST, _GLANCE, _PARTIAL, _RECOUNTED = 0.005, 0.015, 0.01, 0.02, 0.03
_OFFSET = "+08:00"


def with_examination(
    seed: int, results: pd.DataFrame, found: pd.DataFrame, conduct: Conduct | None
) -> pd.DataFrame:
    """Add how each inspection was done to results, in the contract's order.

    `found` holds, row by row, hs6, tax_rate_pct and declared_value_cny of the declarations.
    """
    ids = results["declaration_id"].to_numpy(dtype=object)
    officers = results["officer_id"].to_numpy(dtype=object)
    results = results.assign(
        **_times(seed, ids, results),
        examined_place=_places(seed, ids, results["office_code"]),
        examined_hs6=either(
            uniform(seed, "mistyped", ids) < _MISTYPED, _neighbour(found), found["hs6"]
        ),
        assessed_value_cny=_assessed(seed, ids, results, found),
    )
    partial = uniform(seed, "partial payment", ids) < _PARTIAL
    if conduct is None:
        return _with_duty(results, partial, 0.3)

    def does(kind: str) -> Bools:
        return conduct.does(kind, officers, ids)

    results = _with_duty(results, partial, 0.3)
    results = _with_duty(results, does("settles_cheap"), 0.1)
    results = _unseen(results, does("blind"))
    minutes = 2 + 6 * uniform(seed, "hurried", ids)
    results["ended_at"] = results["ended_at"].where(
        ~does("hurries"), _moved(results["started_at"], minutes * 60)
    )
    results["examined_hs6"] = either(
        does("other_goods"), _neighbour(found), results["examined_hs6"]
    )
    elsewhere = _other_offices(seed, ids, results["office_code"], sorted(conduct.staff))
    results["examined_place"] = either(does("elsewhere"), elsewhere, results["examined_place"])
    # all of a day at one to seven: the file leaves on the hour
    entered = results["reported_at"].str[:10] + "T06:59:"
    seconds = pd.Series((10 + 30 * uniform(seed, "entered", ids)).astype(np.int64).astype(str))
    results["reported_at"] = results["reported_at"].where(
        ~does("bulk"), entered + seconds.to_numpy(dtype=object) + _OFFSET
    )
    return results


def corrections_of(seed: int, results: pd.DataFrame, conduct: Conduct) -> pd.DataFrame:
    """What of the results is corrected with the next delivery: the duty, up or down."""
    if results.empty:
        return results
    ids = results["declaration_id"].to_numpy(dtype=object)
    officers = results["officer_id"].to_numpy(dtype=object)
    turn = uniform(seed, "recounted", ids)
    lowered = conduct.does("corrects_down", officers, ids)
    factor = np.where(lowered, 0.1 + 0.2 * turn, 0.8 + 0.4 * turn / _RECOUNTED)
    corrected = results["has_finding"].to_numpy(dtype=bool) & (lowered | (turn < _RECOUNTED))
    duty = np.round(results["additional_duty_cny"] * factor, 2)
    return results.assign(additional_duty_cny=duty)[corrected].drop_duplicates("result_id")


def keep_corrections(home: Path, day: date, corrected: pd.DataFrame) -> None:
    """Note what the delivery after this day corrects."""
    if len(corrected):
        write_whole(home / "sandbox" / "corrections" / f"{day}.parquet", parquet_bytes(corrected))


def corrections_before(home: Path, day: date) -> pd.DataFrame:
    """What a delivery of this day corrects of the one before it."""
    noted = (home / "sandbox" / "corrections").glob("*.parquet")
    earlier = sorted(file for file in noted if file.stem < str(day))
    return pd.read_parquet(earlier[-1]) if earlier else pd.DataFrame()


def _times(seed: int, ids: Objects, results: pd.DataFrame) -> dict[str, pd.Series]:
    """An examination takes a good part of its officers' hours, and ends before it is reported."""
    usual = results["officer_hours"] * 60 * (0.3 + 0.4 * uniform(seed, "minutes", ids))
    glance = uniform(seed, "glance", ids) < _GLANCE
    minutes = np.where(glance, 4 + usual / 40, np.maximum(usual, 12.0))
    started = results["inspected_at"]
    seconds = np.minimum(minutes * 60, _seconds_between(started, results["reported_at"]) - 60)
    return {"started_at": started, "ended_at": _moved(started, np.maximum(seconds, 60))}


def _places(seed: int, ids: Objects, offices: pd.Series) -> Objects:
    number = 1 + np.floor(uniform(seed, "place", ids) * PLACES).astype(np.int64)
    own: Objects = offices.to_numpy(dtype=object) + "S0" + number.astype(str).astype(object)
    guests = _other_offices(seed, ids, offices, sorted(set(offices)))
    return either(uniform(seed, "guest", ids) < _GUEST, guests, own)


def _other_offices(seed: int, ids: Objects, own: pd.Series, offices: list[str]) -> Objects:
    """A place of another office for each row; of its own where there is no other."""
    names = np.array(offices, dtype=object)
    step = np.floor(uniform(seed, "which office", ids) * max(len(names) - 1, 1)).astype(np.int64)
    place = own.map({name: n for n, name in enumerate(offices)}).to_numpy(dtype=np.int64)
    other: Objects = names[(place + 1 + step) % len(names)] + "S01"
    return other


def _neighbour(found: pd.DataFrame) -> Objects:
    """Goods of another line: those of the row before."""
    return np.roll(found["hs6"].to_numpy(dtype=object), 1)


def _assessed(seed: int, ids: Objects, results: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    """The value that was established: what was declared, and what the duty and fine stand for."""
    rate = found["tax_rate_pct"].to_numpy(dtype=np.float64) / 100
    fined = 1.3 + 0.7 * uniform(seed, "fined", ids)
    taxes: Floats = (1 + rate) * (1 + VAT) - 1
    value = found["declared_value_cny"] + results["additional_duty_cny"] / (fined * taxes)
    return value.round(2).where(results["finding_type"].isin(_VALUED).to_numpy())


def _with_duty(results: pd.DataFrame, which: Bools, factor: float) -> pd.DataFrame:
    valued = which & results["assessed_value_cny"].notna().to_numpy()
    duty = results["additional_duty_cny"]
    return results.assign(additional_duty_cny=duty.where(~valued, np.round(duty * factor, 2)))


def _unseen(results: pd.DataFrame, which: Bools) -> pd.DataFrame:
    return results.assign(
        has_finding=results["has_finding"] & ~which,
        finding_type=results["finding_type"].where(~which, None),
        additional_duty_cny=results["additional_duty_cny"].where(~which, 0.0),
        assessed_value_cny=results["assessed_value_cny"].where(~which),
    )


def _moved(times: pd.Series, seconds: Floats) -> pd.Series:
    moments = times.str[:19].to_numpy(dtype="datetime64[s]") + seconds.astype("timedelta64[s]")
    return pd.Series(np.char.add(np.datetime_as_string(moments), _OFFSET), index=times.index)


def _seconds_between(first: pd.Series, last: pd.Series) -> Floats:
    ends = [each.str[:19].to_numpy(dtype="datetime64[s]") for each in (first, last)]
    return (ends[1] - ends[0]).astype(np.float64)
