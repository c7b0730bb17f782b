"""What is found and planned: products refused entry, seizures abroad, the monitoring plan."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import generator, uniform
from customs_risk.sandbox.commodities import code_table
from customs_risk.sandbox.delivery import csv_bytes
from customs_risk.sandbox.names import container, vessel
from customs_risk.sandbox.outside.basis import SPOILT, Rng, early, number_of, pick, spoil
from customs_risk.sandbox.outside.cargo import VESSELS
from customs_risk.sandbox.outside.dealings import some_dealing
from customs_risk.sandbox.outside.publisher import Publisher
from customs_risk.sandbox.outside.workbook import workbook
from customs_risk.sandbox.signals import monitoring_samples
from expectations.contract import contract_of

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Json = dict[str, object]
_LOCAL = "Asia/Shanghai"
_LISTED = ("food", "wine", "cosmetics")
_REFUSAL_COLUMNS = (
    "HS编码", "报检单号", "产品名称", "产地", "生产企业信息", "进口商信息", "进口商备案号", "重量",
    "未准入境的事实", "进境口岸", "公布日期",
)  # fmt: skip
_REASONS = (
    "标签不合格",
    "货证不符",
    "未按要求提供证书或合格证明材料",
    "检出沙门氏菌",
    "检出单核细胞增生李斯特菌",
    "农药残留超标",
    "检出未获批准的兽药",
    "感官检验不合格",
    "未获检验检疫准入",
    "超过保质期",
    "检出检疫性有害生物",
)
_SEIZED = (
    ("cocaine", "prohibited_restricted", "kg", 40, "behind a false wall of the container"),
    ("crystal methamphetamine", "prohibited_restricted", "kg", 25, "dissolved in liquid cargo"),
    ("pangolin scales", "prohibited_restricted", "kg", 200, "under sacks of nuts"),
    ("cigarettes", "tax", "piece", 90_000, "in cartons declared as other goods"),
    ("counterfeit shoes", "ipr", "piece", 3_000, "labels packed separately"),
    ("frozen offal without papers", "biosecurity", "kg", 12_000, "at the back of the container"),
    ("mixed plastic waste", "prohibited_restricted", "kg", 24_000, "declared as pellets"),
    ("undervalued electronics", "tax", "piece", 1_500, "second invoice found"),
)
_PLACES = {
    "NL": "Rotterdam", "BE": "Antwerp", "SG": "Singapore", "MY": "Port Klang", "AU": "Sydney",
    "KR": "Busan", "TH": "Laem Chabang", "AE": "Jebel Ali", "ES": "Algeciras",
}  # fmt: skip
_POINTS, _SILENT_POINTS = 60, 2
_TARGETS_PER_POINT = 12
_BUSINESS_DAYS_PER_MONTH = 21


def refused_entries(world: World, day: date) -> bytes | None:
    """An announcement of eight products or more, every third day."""
    number = number_of(world, day)
    if number % 3 != 0:
        return None
    rng = generator(world.seed, "refused_entries", number)
    rows = [_refused(world, rng, day, n) for n in range(8 + int(rng.poisson(6)))]
    return workbook("未准入境的食品化妆品信息", [_REFUSAL_COLUMNS, *rows])


def seizure_reports(world: World, day: date) -> list[Json] | None:
    """One to three seizures on two days of three."""
    number = number_of(world, day)
    if number % 3 == 1:
        return None
    rng = generator(world.seed, "seizure_reports", number)
    reports = [_seizure(world, rng, day, n) for n in range(1 + int(rng.poisson(1)))]
    return spoil(rng, reports, lambda report: report | {"reported_by": None})


def monitoring_plans(world: World, day: date) -> bytes | None:
    """The year's whole plan, every third day: what was revised since stands in it anew.

    Two of its points take no samples at all.
    """
    number = number_of(world, day)
    if number % 3 != 2:
        return None
    plan = _plan(world, day.year)
    is_revised = (plan["revised_on"] <= str(day)).to_numpy()
    planned = plan["planned_samples_per_month"].to_numpy() + is_revised * plan["more"].to_numpy()
    approved = np.where(
        is_revised, plan["revised_on"] + "T06:00:00+08:00", f"{day.year - 1}-12-15T10:00:00+08:00"
    )
    spoilt = generator(world.seed, "spoilt plan", number).random(len(plan)) < SPOILT
    rows = plan.assign(planned_samples_per_month=np.where(spoilt, 0, planned), approved_at=approved)
    return csv_bytes(rows.drop(columns=["revised_on", "more"]))


def _refused(world: World, rng: Rng, day: date, n: int) -> list[str | None]:
    dealing = some_dealing(world, rng, number_of(world, day), _LISTED)
    weight = max(round(float(rng.lognormal(5, 2)), 1), 0.1)
    told = f"{weight / 1000:.3f}吨" if weight > 1000 and rng.random() < 0.5 else f"{weight}千克"
    return [
        # a code of eight digits that is in no edition, now and then
        "98010000" if rng.random() < SPOILT else f"{dealing.hs6}{int(rng.integers(10)) * 10:02d}00",
        f"{dealing.office}{day:%y}{(number_of(world, day) + 1_000):05d}{n:04d}",
        dealing.goods_name,
        _country_in_chinese(dealing.origin),
        dealing.seller.upper(),
        dealing.importer,
        f"{dealing.office}{dealing.importer_id[8:14]}",
        told,
        pick(rng, _REASONS),
        _office_names()[dealing.office],
        str(day),
    ]


def _seizure(world: World, rng: Rng, day: date, n: int) -> Json:
    number = number_of(world, day)
    goods, domain, unit, usual, concealment = pick(rng, _SEIZED)
    dealing = some_dealing(world, rng, number)
    country = pick(rng, list(_PLACES))
    ship, imo = vessel(int(rng.integers(VESSELS)))
    boxes = [container(int(rng.integers(20_000))) for _ in range(int(rng.integers(1, 3)))]
    is_by_sea = rng.random() < 0.8
    parties: list[Json] = [
        {
            "role": "consignor",
            "name": dealing.seller,
            "country": dealing.seller_id[:2],
            "identifiers": [dealing.seller_id],
        }
    ]
    if rng.random() < 0.6:
        parties.append(
            {
                "role": "consignee",
                "name": dealing.importer,
                "country": "CN",
                "identifiers": [dealing.importer_id],
            }
        )
    return {
        "seizure_id": f"RILO{day:%Y%m%d}{n:03d}",
        "reported_at": early(rng, day, _LOCAL).isoformat(),
        "reported_by": f"RILO / customs of {_PLACES[country]}",
        "seized_on": str(day - timedelta(int(rng.integers(2, 20)))),
        "domain": domain,
        "what": {
            "description": goods,
            "declared_as": dealing.goods_name,
            "hs6": dealing.hs6,
            "quantity": round(float(rng.lognormal(np.log(usual), 0.8)), 1),
            "unit": unit,
        },
        "where": {"country": country, "place": _PLACES[country]},
        "route": {
            "origin": dealing.origin,
            "departure": dealing.departure,
            "transit": [country],
            "destination": "CN",
        },
        "conveyance": {"kind": "sea", "name": ship, "id": imo, "containers": boxes}
        if is_by_sea
        else {"kind": "air", "name": f"CA{int(rng.integers(100, 999))}", "containers": []},
        "concealment": concealment,
        "parties": parties,
    }


@lru_cache(maxsize=4)
def _plan(world: World, year: int) -> pd.DataFrame:
    """A year's plan as it was first approved, with the day of each line's revision, if any."""
    targets = _usual_targets(world)
    offices = world.parties.office_code
    rng = generator(world.seed, "monitoring_plans", year)
    rows = []
    for point in range(1, _POINTS + _SILENT_POINTS + 1):
        office = str(offices[point % len(offices)])
        # each point its own share of the usual targets
        chosen = rng.permutation(len(targets))[:_TARGETS_PER_POINT]
        for position in np.sort(chosen):
            target_hs, analyte, per_month = targets[position]
            rows.append(
                {
                    "plan_id": f"PLAN-{year}",
                    "point_id": f"P{point:03d}",
                    "point_name": f"{_office_names()[office]}监测点{point}",
                    "place": f"{_office_names()[office].removesuffix('海关')}口岸",
                    "office_code": office,
                    "target_hs": target_hs,
                    "analyte": analyte,
                    "planned_samples_per_month": max(round(per_month), 1),
                    "longest_silence_days": 7,
                    "valid_from": f"{year}-01-01",
                    "valid_to": f"{year}-12-31",
                }
            )
    plan = pd.DataFrame(rows)
    lines = (plan["point_id"] + plan["target_hs"] + plan["analyte"]).to_numpy(dtype=object)
    turn = uniform(world.seed, f"plan {year}", lines)
    revised = np.datetime64(f"{year}-01-01") + (turn * 730).astype("timedelta64[D]")
    return plan.assign(revised_on=np.datetime_as_string(revised), more=1)


@lru_cache(maxsize=2)
def _usual_targets(world: World) -> list[tuple[str, str, float]]:
    """Chapters and analytes that are sampled often, with the samples per point and month."""
    days = range(10)
    samples = pd.concat(
        [
            monitoring_samples(
                world.seed,
                world.start_on + timedelta(number),
                number,
                world.commodities,
                world.countries,
                world.lines,
                world.offenders,
            )
            for number in days
        ]
    )
    counts = Counter(zip(samples["hs6"].str[:2], samples["analyte"], strict=True))
    share = _BUSINESS_DAYS_PER_MONTH / (len(days) * _POINTS)
    often = counts.most_common(2 * _TARGETS_PER_POINT)
    return [(hs, analyte, count * share) for (hs, analyte), count in often]


@lru_cache(maxsize=1)
def _office_names() -> dict[str, str]:
    table = code_table("offices")
    return dict(zip(table["office_code"], table["office_name"], strict=True))


@lru_cache(maxsize=256)
def _country_in_chinese(country: str) -> str:
    """Return a country's name as GACC writes it: the reverse of what the feed reads."""
    origin = contract_of("refused_entries").columns["origin_country"].origin
    names = origin.codes if origin and isinstance(origin.codes, dict) else {}
    return next((name for name, code in names.items() if code == country), country)


PUBLISHERS = (
    Publisher("refused_entries", refused_entries),
    Publisher("seizure_reports", seizure_reports),
    Publisher("monitoring_plans", monitoring_plans),
)
