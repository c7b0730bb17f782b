"""What others know: monitoring points, government agencies, a third party's watch list.

Each tells something of the offenders, and much that has nothing to do with them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from stdnum.cn import uscc

from customs_risk.sandbox.chance import Floats, Ints, draw, either, generator
from customs_risk.sandbox.commodities import Commodities, Countries
from customs_risk.sandbox.days import as_days, local_times
from customs_risk.sandbox.offences import Episodes, Offenders
from customs_risk.sandbox.traders import HORIZON_DAYS, Lines, Parties

SAMPLES_PER_DAY = 130
USUAL_FAILURE, CONTAMINATED_FAILURE = 0.015, 0.45
BEFORE_EPISODE_DAYS = 20  # an agency often sees trouble before customs does
_ANALYTES: dict[str, list[tuple[str, float, str, str]]] = {
    "food": [
        ("菌落总数", 100_000, "CFU/g", "GB 4789.2"),
        ("铅", 0.5, "mg/kg", "GB 5009.12"),
        ("毒死蜱", 0.1, "mg/kg", "GB 23200.113"),
        ("恩诺沙星", 100, "ug/kg", "GB 31656.3"),
    ],
    "wine": [("甲醇", 2.0, "g/L", "GB 5009.266"), ("二氧化硫", 0.25, "g/L", "GB 5009.34")],
    "cosmetics": [("汞", 1.0, "mg/kg", "STSC 1.2"), ("铅", 10.0, "mg/kg", "STSC 1.3")],
    "toys": [("邻苯二甲酸酯", 0.1, "%", "GB/T 22048"), ("可迁移铅", 90, "mg/kg", "GB 6675.4")],
    "apparel": [("甲醛", 75, "mg/kg", "GB/T 2912.1")],
}
_AGENCIES = {
    "abnormal_operation": "国家市场监督管理总局",
    "tax_arrears": "国家税务总局",
    "licence_revoked": "国家市场监督管理总局",
    "administrative_penalty": "国家外汇管理局",
}


@dataclass(frozen=True)
class WatchList:
    """Entries in order of the day they changed; one position per entry."""

    rows: pd.DataFrame
    changed_day: Ints

    def changed(self, after_day: int, to_day: int) -> pd.DataFrame:
        """The entries changed after one day and not after the other."""
        within = (after_day < self.changed_day) & (self.changed_day <= to_day)
        return self.rows[within].reset_index(drop=True)


def monitoring_samples(
    seed: int,
    day: date,
    day_number: int,
    commodities: Commodities,
    countries: Countries,
    lines: Lines,
    offenders: Offenders,
) -> pd.DataFrame:
    """The samples whose results laboratories report on the morning of the day."""
    rng = generator(seed, "monitoring", day_number)
    count = SAMPLES_PER_DAY
    category = commodities.category[lines.commodity]
    watched = np.isin(category, list(_ANALYTES))
    line = draw(rng, np.where(watched, np.sqrt(lines.weight_on(day_number)), 0.0), count)
    strength = offenders.contaminated.strength_on(day_number, int(lines.pair.max()) + 1)
    contaminated = strength[lines.pair[line]] > 0
    fails = rng.random(count) < np.where(contaminated, CONTAMINATED_FAILURE, USUAL_FAILURE)
    analyte = _analytes(rng, category[line])
    ratio = np.where(fails, 1.05 + rng.exponential(0.8, count), rng.beta(1.5, 6, count))
    limit = np.array([each[1] for each in analyte], dtype=np.float64)
    point = rng.integers(1, 61, count)
    sampled = as_days(day, count) - rng.integers(3, 9, count).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "sample_id": [f"JC{day:%Y%m%d}{n:04d}" for n in range(count)],
            "plan_id": f"PLAN-{day.year}",
            "point_id": np.char.add("P", np.char.zfill(point.astype(str), 3)).astype(object),
            "sampled_on": np.datetime_as_string(sampled).astype(object),
            "reported_at": _mornings(rng, day, count, 4, 8),
            "hs6": commodities.hs6[lines.commodity[line]],
            "origin_country": countries.code[lines.origin[line]],
            "analyte": [each[0] for each in analyte],
            "result_value": np.round(limit * ratio, 4),
            "limit_value": limit,
            "unit": [each[2] for each in analyte],
            "method": [each[3] for each in analyte],
            "laboratory": rng.choice(["上海技术中心", "广州技术中心", "青岛技术中心"], count),
            "is_compliant": np.round(limit * ratio, 4) <= limit,
        }
    )


def enterprise_status(
    seed: int, day: date, day_number: int, parties: Parties, offenders: Offenders
) -> pd.DataFrame:
    """The notices that agencies issue on the day, most about firms that do not import."""
    rng = generator(seed, "notices", day_number)
    strangers = _strangers(rng, 6 + int(rng.poisson(4)))
    ordinary = draw(rng, np.sqrt(parties.importer_size), int(rng.poisson(1.2)))
    bad = _bad_firms(offenders.importers, day_number, len(parties.importer_id))
    noticed = np.flatnonzero(rng.random(len(bad)) < bad * 0.02)
    subjects = np.concatenate(
        [strangers, parties.importer_id[ordinary], parties.importer_id[noticed]]
    )
    count = len(subjects)
    msg_type = rng.choice(list(_AGENCIES), count, p=[0.4, 0.25, 0.05, 0.3])
    until = either(rng.random(count) < 0.5, str(day + timedelta(365)), None)
    return pd.DataFrame(
        {
            "message_id": [f"GS{day:%Y%m%d}{n:04d}" for n in range(count)],
            "agency": [_AGENCIES[name] for name in msg_type],
            "msg_type": msg_type,
            "subject_uscc": subjects,
            "ref_no": [f"〔{day.year}〕{n}号" for n in rng.integers(1, 9999, count)],
            "valid_from": str(day),
            "valid_to": until,
            "status": rng.choice(["active", "withdrawn"], count, p=[0.93, 0.07]),
            "issued_at": _mornings(rng, day, count, 6, 8),
            "payload": [{"amount_cny": int(cny)} for cny in rng.lognormal(10, 1, count)],
        }
    )


def make_watch_list(
    seed: int, start_on: date, parties: Parties, countries: Countries, offenders: Offenders
) -> WatchList:
    """All entries of the horizon: some bad sellers, some innocent ones, and many who never sell."""
    rng = generator(seed, "watch list")
    episodes = offenders.sellers
    named = np.flatnonzero(rng.random(len(episodes.subject)) < 0.5)
    innocent = draw(rng, parties.seller_size, 200)
    strangers = 3 * HORIZON_DAYS
    seller = np.concatenate([episodes.subject[named], innocent, np.full(strangers, -1)])
    day = np.concatenate(
        [
            episodes.from_day[named] + rng.integers(-20, 60, len(named)),
            rng.integers(-300, HORIZON_DAYS, len(innocent)),
            # three strangers change each day, and the list is never silent
            np.repeat(np.arange(HORIZON_DAYS), 3),
        ]
    ).astype(np.int64)
    order = np.argsort(day, kind="stable")
    rows = _watch_rows(rng, start_on, seller[order], day[order], parties, countries)
    return WatchList(rows=rows, changed_day=day[order])


def _watch_rows(
    rng: np.random.Generator,
    start_on: date,
    seller: Ints,
    day: Ints,
    parties: Parties,
    countries: Countries,
) -> pd.DataFrame:
    count = len(seller)
    known = seller >= 0
    country = np.where(known, parties.seller_country[seller], draw(rng, countries.weight, count))
    names = np.array([f"{countries.code[place]} Trading {n}" for n, place in enumerate(country)])
    changed = np.datetime64(start_on, "D") + day.astype("timedelta64[D]")
    seconds = rng.integers(2 * 3600, 8 * 3600, count)
    seen = local_times(changed - rng.integers(0, 200, count).astype("timedelta64[D]"), seconds)
    registration = np.char.add("REG-", rng.integers(10**7, 10**8, count).astype(str))
    return pd.DataFrame(
        {
            "id": [f"wl-{n:06d}" for n in range(count)],
            "schema": np.where(known, "Company", rng.choice(["Company", "Person"], count)),
            "name": names.astype(object),
            "aliases": either(rng.random(count) < 0.3, np.char.add(names, " Ltd"), None),
            "birth_date": np.full(count, None, dtype=object),
            "countries": np.char.lower(countries.code[country].astype(str)).astype(object),
            "addresses": np.full(count, None, dtype=object),
            "identifiers": np.where(
                known, parties.seller_id[seller] + ";" + registration.astype(object), registration
            ),
            "sanctions": either(rng.random(count) < 0.4, "trade fraud; adverse media", None),
            "phones": np.full(count, None, dtype=object),
            "emails": np.full(count, None, dtype=object),
            "dataset": "third_party_watch",
            "first_seen": seen,
            "last_seen": local_times(changed, seconds),
            "last_change": local_times(changed, seconds),
        }
    )


def _analytes(
    rng: np.random.Generator, category: npt.NDArray[np.object_]
) -> list[tuple[str, float, str, str]]:
    turns = rng.random(len(category))
    return [
        _ANALYTES[name][int(turn * len(_ANALYTES[name]))]
        for name, turn in zip(category, turns, strict=True)
    ]


def _bad_firms(episodes: Episodes, day_number: int, count: int) -> Floats:
    soon = episodes.strength_on(day_number + BEFORE_EPISODE_DAYS, count)
    return np.maximum(soon, episodes.strength_on(day_number, count))


def _strangers(rng: np.random.Generator, count: int) -> npt.NDArray[np.object_]:
    stems = [f"92440304{n:09d}" for n in rng.integers(0, 10**9, count)]
    return np.array([stem + uscc.calc_check_digit(stem) for stem in stems], dtype=object)


def _mornings(
    rng: np.random.Generator, day: date, count: int, from_hour: int, to_hour: int
) -> npt.NDArray[np.str_]:
    seconds = np.sort(rng.integers(from_hour * 3600, to_hour * 3600, count))
    return local_times(as_days(day, count), seconds)
