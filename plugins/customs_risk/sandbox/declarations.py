"""One day of declarations, with what is true of each beside what it says."""

from datetime import date

import numpy as np
import pandas as pd

from customs_risk.sandbox import offences
from customs_risk.sandbox.chance import Bools, Floats, Ints, draw, either, generator
from customs_risk.sandbox.commodities import Commodities, Countries
from customs_risk.sandbox.days import as_days, local_times
from customs_risk.sandbox.offences import Offenders, case_revenue, kinds_of, taxes_on
from customs_risk.sandbox.traders import Lines, Parties

LARGEST_DAY = 99_999  # a declaration number has five places for the day's running number
OPENS, CLOSES = 8 * 3600, 18 * 3600  # declarations of a day are delivered at 18:00
TRUTH = ["offence", "revenue_cny"]
_AGREEMENTS = ("VN", "MY", "TH", "KH")  # where goods are said to come from when they do not


def declarations_of(
    seed: int,
    day: date,
    day_number: int,
    usual_volume: int,
    commodities: Commodities,
    countries: Countries,
    parties: Parties,
    lines: Lines,
    offenders: Offenders,
) -> pd.DataFrame:
    """The contract's columns, and those of `TRUTH`; one row per declaration, in order of time."""
    rng = generator(seed, "declarations", day_number)
    monday = 1.08 if day.weekday() == 0 else 1.0
    volume = round(usual_volume * rng.normal(1.0, 0.05) * monday)
    count = min(max(volume, 1), LARGEST_DAY)
    line = draw(rng, lines.weight_on(day_number), count)
    broker = _sometimes_other(rng, lines.broker[line], parties.broker_size, 0.1)
    office = _sometimes_other(rng, lines.office[line], parties.office_size, 0.06)
    offence = _offences(rng, day_number, commodities, parties, lines, offenders, line, broker)
    traded = _traded(rng, lines, line)
    said, evaded = _said(rng, traded, offence, commodities, countries, lines, line)
    is_fined = np.isin(offence, [offences.IPR, offences.PROHIBITED, offences.FOOD_SAFETY])
    revenue = case_revenue(rng, evaded, traded["value"], is_fined)
    office_code = parties.office_code[office]
    courier = np.char.add("KD", rng.integers(101, 131, count).astype(str)).astype(object)
    by_air = lines.transport_mode[line] == "5"
    return pd.DataFrame(
        {
            "declaration_id": _numbers(office_code, day, day_number, count),
            "declared_at": local_times(
                as_days(day, count), np.sort(rng.integers(OPENS, CLOSES, count))
            ),
            "office_code": office_code,
            "process_type": _coded(rng, count, {"paperless": 0.97, "paper": 0.03}),
            "trade_mode": lines.trade_mode[line],
            "import_use": _coded(rng, count, {"01": 0.74, "04": 0.16, "11": 0.10}),
            "payment_type": _coded(rng, count, {"electronic": 0.8, "guarantee": 0.2}),
            "transport_mode": lines.transport_mode[line],
            "declarant_id": parties.broker_id[broker],
            "importer_id": parties.importer_id[lines.importer[line]],
            "seller_id": _or_null(rng, parties.seller_id[lines.seller[line]], 0.08),
            "courier_id": either(by_air & (rng.random(count) < 0.6), courier, None),
            "hs6": commodities.hs6[said["commodity"]],
            "goods_name": commodities.goods_name[said["commodity"]],
            "departure_country": countries.code[lines.departure[line]],
            "origin_country": countries.code[said["origin"]],
            "tax_rate_pct": said["tax_rate_pct"],
            "tax_type": said["tax_type"],
            "origin_indicator": np.where(said["tax_type"] == "MFN", "none", "certificate"),
            "net_mass_kg": np.maximum(np.round(said["mass"], 2), 0.01),
            "declared_value_cny": np.maximum(np.round(said["value"], 2), 1.0),
            "offence": offence,
            "revenue_cny": np.where(offence == None, 0.0, revenue),  # noqa: E711 - elementwise
        }
    )


def _numbers(office_code: np.ndarray, day: date, day_number: int, count: int) -> np.ndarray:
    """18 digits as customs writes them: office, year, 1 for import, a serial of nine digits."""
    serial = day_number * 100_000 + np.arange(count)
    written = np.char.zfill(serial.astype(str), 9).astype(object)
    return office_code + f"{day.year}1" + written


def _offences(
    rng: np.random.Generator,
    day_number: int,
    commodities: Commodities,
    parties: Parties,
    lines: Lines,
    offenders: Offenders,
    line: Ints,
    broker: Ints,
) -> np.ndarray:
    food, other = offenders.chances(lines, parties, day_number, line, broker)
    offence = np.full(len(line), None, dtype=object)
    is_other = rng.random(len(line)) < other
    offence[is_other] = kinds_of(rng, offenders, commodities, lines, line)[is_other]
    offence[rng.random(len(line)) < food] = offences.FOOD_SAFETY
    dearest = commodities.cheaper[lines.commodity[line]] < 0
    # who has no cheaper code to hide behind lowers the price
    offence[dearest & (offence == offences.MISCLASSIFICATION)] = offences.UNDERVALUATION
    agreement = lines.tax_type[line] != "MFN"
    offence[agreement & (offence == offences.FALSE_ORIGIN)] = offences.UNDERVALUATION
    return offence


def _traded(rng: np.random.Generator, lines: Lines, line: Ints) -> dict[str, Floats]:
    value = np.exp(lines.log_value[line] + rng.normal(0, 0.55, len(line)))
    price = np.exp(lines.log_price[line] + rng.normal(0, 0.32, len(line)))
    return {"value": value, "mass": value / price}


def _said(
    rng: np.random.Generator,
    traded: dict[str, Floats],
    offence: np.ndarray,
    commodities: Commodities,
    countries: Countries,
    lines: Lines,
    line: Ints,
) -> tuple[dict[str, np.ndarray], Floats]:
    """What the declaration says, and the taxes that it so evades."""
    value, mass = traded["value"].copy(), traded["mass"].copy()
    rate = lines.tax_rate_pct[line].copy()
    tax_type = lines.tax_type[line].copy()
    commodity, origin = lines.commodity[line].copy(), lines.origin[line].copy()
    due = taxes_on(value, rate)

    lowered: Bools = offence == offences.UNDERVALUATION
    value[lowered] *= 1 - rng.uniform(0.3, 0.7, lowered.sum())

    hidden: Bools = offence == offences.UNDECLARED_QUANTITY
    left = 1 - rng.uniform(0.2, 0.55, hidden.sum())
    value[hidden] *= left
    mass[hidden] *= left

    renamed: Bools = offence == offences.MISCLASSIFICATION
    commodity[renamed] = commodities.cheaper[commodity[renamed]]
    preferred = np.where(tax_type[renamed] == "MFN", 1.0, 0.3)
    rate[renamed] = np.round(commodities.duty_pct[commodity[renamed]] * preferred, 1)

    moved: Bools = offence == offences.FALSE_ORIGIN
    # the true origin bears an additional tariff, and the false one claims an agreement
    due[moved] += taxes_on(value[moved], rng.uniform(10, 25, moved.sum())) - taxes_on(
        value[moved], np.zeros(moved.sum())
    )
    elsewhere = np.array([countries.position(code) for code in _AGREEMENTS])
    origin[moved] = elsewhere[lines.seller[line[moved]] % len(elsewhere)]
    tax_type[moved] = countries.tax_type[origin[moved]]
    rate[moved] = np.round(rate[moved] * 0.3, 1)

    evaded = np.maximum(due - taxes_on(value, rate), 0.0)
    said = {
        "value": value,
        "mass": mass,
        "tax_rate_pct": rate,
        "tax_type": tax_type,
        "commodity": commodity,
        "origin": origin,
    }
    return said, evaded


def _sometimes_other(rng: np.random.Generator, usual: Ints, sizes: Floats, share: float) -> Ints:
    return np.where(rng.random(len(usual)) < share, draw(rng, sizes, len(usual)), usual)


def _or_null(rng: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    return either(rng.random(len(values)) < share, None, values)


def _coded(rng: np.random.Generator, count: int, shares: dict[str, float]) -> np.ndarray:
    codes = np.array(list(shares), dtype=object)
    return codes[draw(rng, np.array(list(shares.values())), count)]
