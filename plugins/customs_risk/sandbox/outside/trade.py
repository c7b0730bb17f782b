"""What other countries report as exported to China: UN Comtrade's monthly statistics."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.days import business_days
from customs_risk.sandbox.outside.basis import (
    Rng,
    number_of,
    offending_goods,
    place_name,
    spoil,
)
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Json = dict[str, object]
_LAG_MONTHS = 2  # statistics of a month are out in the second month after it
_RELEASES = 20  # each reporter has its own business day of the month
_NOISE = 0.06  # shipments that are under way, and other valuations
_SMUGGLED = (0.4, 1.5)  # of what is declared, of goods whose trade is bad
_CNY_PER_USD = 7.15
_BROKEN_DOWN = 0.04  # share of rows that come by mode of transport, too
_CHINA, _WORLD = 156, 0
# UN Comtrade's own numbers, where they are not those of ISO 3166
_COMTRADE_NUMBERS = {"US": 842, "FR": 251, "IT": 380, "IN": 699, "CH": 757, "TW": 490}
_NO_ISO_CODE = {"TW": ("S19", "Other Asia, nes")}


def comtrade(world: World, day: date) -> list[Json] | None:
    """What the reporters whose turn it is release: their exports to China, two months ago."""
    days = business_days(day.replace(day=1), day)
    turn = len(days) - 1
    period = _months_before(day, _LAG_MONTHS)
    imports = _imports(world, period)
    number = number_of(world, period + timedelta(14))
    smuggled = _smuggled(world, number)
    records: list[Json] = []
    for position, country in enumerate(world.countries.code):
        if position % _RELEASES != turn:
            continue
        rng = generator(world.seed, f"comtrade {country}", number)
        for row in imports[imports["origin_country"] == country].itertuples(index=False):
            factor = float(rng.lognormal(0, _NOISE))
            factor *= 1 + rng.uniform(*_SMUGGLED) * ((row.hs6, country) in smuggled)
            total = _record(str(country), period, row.hs6, row.mass, row.value, factor)
            records.append(total)
            if rng.random() < _BROKEN_DOWN:
                records.append(_by_sea(rng, total))
    rng = generator(world.seed, "spoilt comtrade", number_of(world, day))
    return spoil(rng, records, lambda record: record | {"primaryValue": -1.0}) or None


@lru_cache(maxsize=3)
def _imports(world: World, period: date) -> pd.DataFrame:
    """What is declared in a month, by goods and origin: mass in kg, value in CNY."""
    last = _months_before(period, -1) - timedelta(1)
    columns = ["hs6", "origin_country", "net_mass_kg", "declared_value_cny"]
    rows = pd.concat([world.declarations(day)[columns] for day in business_days(period, last)])
    sums = rows.groupby(["hs6", "origin_country"], as_index=False).sum()
    return sums.set_axis(["hs6", "origin_country", "mass", "value"], axis=1)


def _smuggled(world: World, number: int) -> set[tuple[str, str]]:
    """The goods and origins of which more comes in than is declared."""
    return {
        (each.hs6, each.origin) for each in offending_goods(world, world.offenders.pairs, number)
    }


def _record(country: str, period: date, hs6: str, mass: float, value: float, factor: float) -> Json:
    iso, name = _NO_ISO_CODE.get(country) or (_alpha3(country), place_name(country))
    kilograms = round(mass * factor, 1)
    dollars = round(value * factor / _CNY_PER_USD, 2)
    return {
        "typeCode": "C",
        "freqCode": "M",
        "refPeriodId": int(f"{period:%Y%m%d}"),
        "refYear": period.year,
        "refMonth": period.month,
        "period": f"{period:%Y%m}",
        "reporterCode": _number(country),
        "reporterISO": iso,
        "reporterDesc": name,
        "flowCode": "X",
        "flowDesc": "Export",
        "partnerCode": _CHINA,
        "partnerISO": "CHN",
        "partnerDesc": "China",
        "partner2Code": _WORLD,
        "partner2ISO": "W00",
        "partner2Desc": "World",
        "classificationCode": "H6",
        "classificationSearchCode": "HS",
        "isOriginalClassification": True,
        "cmdCode": hs6,
        "cmdDesc": None,
        "aggrLevel": 6,
        "isLeaf": True,
        "customsCode": "C00",
        "customsDesc": "TOTAL CPC",
        "mosCode": "0",
        "motCode": 0,
        "motDesc": "TOTAL MOT",
        "qtyUnitCode": 8,
        "qtyUnitAbbr": "kg",
        "qty": kilograms,
        "isQtyEstimated": False,
        "altQtyUnitCode": -1,
        "altQtyUnitAbbr": "N/A",
        "altQty": 0.0,
        "isAltQtyEstimated": False,
        "netWgt": kilograms,
        "isNetWgtEstimated": False,
        "grossWgt": 0.0,
        "isGrossWgtEstimated": False,
        "cifvalue": None,
        "fobvalue": dollars,
        "primaryValue": dollars,
        "legacyEstimationFlag": 0,
        "isReported": False,
        "isAggregate": True,
    }


def _by_sea(rng: Rng, total: Json) -> Json:
    """The part of a total that went by sea: added to it, it would count twice."""
    share = float(rng.uniform(0.5, 0.95))
    parts = {
        name: round(float(str(total[name])) * share, 2)
        for name in ("qty", "netWgt", "fobvalue", "primaryValue")
    }
    return total | parts | {"motCode": 2100, "motDesc": "Sea"}


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many months before."""
    counted = day.year * 12 + day.month - 1 - months
    return date(counted // 12, counted % 12 + 1, 1)


def _alpha3(country: str) -> str:
    import pycountry

    return str(pycountry.countries.get(alpha_2=country).alpha_3)


def _number(country: str) -> int:
    import pycountry

    return _COMTRADE_NUMBERS.get(country) or int(pycountry.countries.get(alpha_2=country).numeric)


PUBLISHERS = (Publisher("comtrade", comtrade),)
