"""Who trades: importers, brokers and sellers, and the trade lines between them.

A trade line is a standing business: an importer buys one commodity from one origin through one
departure country, seller, broker and office. Declarations are drawn from the lines of the day, so
their skew, and their habits, are those of the lines. Lines begin and end: trade drifts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from stdnum.cn import uscc

from customs_risk.sandbox.chance import Floats, Ints, draw, draw_within, generator, zipf
from customs_risk.sandbox.commodities import (
    PREFERENCE_USED,
    Commodities,
    Countries,
    code_table,
)

IMPORTERS = 2_400
BROKERS = 160
SELLERS = 6_000
LINES = 30_000
HORIZON_DAYS = 1_095  # the world is described for three years
ALWAYS = -10_000
HUBS = ("SG", "KR", "JP", "NL", "AE", "MY")
TRANSSHIPPED = 0.18
TIERS = ("advanced_certified", "certified", "regular", "dishonest", "seriously_dishonest")
PROVINCES = ("110105", "310115", "440304", "330203", "370202", "320505", "350203", "210202")
_ORGANISATION_ALPHABET = list("0123456789ABCDEFGHJKLMNPQRTUWXY")
_FREIGHT = {"electronics": "5", "medical": "5", "brand": "5"}  # air; the rest goes by sea


@dataclass(frozen=True)
class Parties:
    """Who there is. Sizes are shares of trade; one position per party."""

    importer_id: npt.NDArray[np.object_]
    importer_size: Floats
    importer_from_day: Ints
    broker_id: npt.NDArray[np.object_]
    broker_size: Floats
    seller_id: npt.NDArray[np.object_]
    seller_country: Ints
    seller_size: Floats
    office_code: npt.NDArray[np.object_]
    office_size: Floats
    office_staff: Ints


@dataclass(frozen=True)
class Lines:
    """Parallel arrays, one position per trade line."""

    importer: Ints
    commodity: Ints
    origin: Ints
    departure: Ints
    seller: Ints
    broker: Ints
    office: Ints
    tax_type: npt.NDArray[np.object_]
    tax_rate_pct: Floats
    transport_mode: npt.NDArray[np.object_]
    trade_mode: npt.NDArray[np.object_]
    log_price: Floats
    log_value: Floats
    weight: Floats
    from_day: Ints
    until_day: Ints
    pair: Ints  # number of the commodity × origin
    route: Ints  # number of the commodity × departure × origin × tax type

    def __len__(self) -> int:
        return len(self.importer)

    def weight_on(self, day: int) -> Floats:
        """The weights of the lines that trade on that day; 0 for the others."""
        return np.where((self.from_day <= day) & (day < self.until_day), self.weight, 0.0)


def make_parties(seed: int, countries: Countries) -> Parties:
    """Importers, brokers, sellers and offices, large ones few and small ones many."""
    rng = generator(seed, "parties")
    offices = code_table("offices")
    newcomer = rng.random(IMPORTERS) < 0.15
    seller_country = draw(rng, countries.weight, SELLERS)
    numbers = rng.permutation(900_000)[:SELLERS] + 100_000
    return Parties(
        importer_id=_credit_codes(rng, IMPORTERS),
        importer_size=zipf(IMPORTERS, 0.65),
        importer_from_day=np.where(newcomer, rng.integers(0, HORIZON_DAYS, IMPORTERS), ALWAYS),
        broker_id=_credit_codes(rng, BROKERS),
        broker_size=zipf(BROKERS, 0.8),
        seller_id=(countries.code[seller_country] + numbers.astype(str).astype(object)),
        seller_country=seller_country,
        seller_size=rng.lognormal(0, 1.0, SELLERS),
        office_code=offices["office_code"].to_numpy(dtype=object),
        office_size=offices["weight"].to_numpy(dtype=np.float64),
        office_staff=offices["officers"].to_numpy(dtype=np.int64),
    )


def make_lines(
    seed: int, commodities: Commodities, countries: Countries, parties: Parties
) -> Lines:
    """The trade lines of the whole horizon; about one in four trades on any one day."""
    rng = generator(seed, "lines")
    importer = draw(rng, parties.importer_size**0.8, LINES)
    commodity = _habitual_commodities(rng, importer, commodities)
    choice = _choices(rng, commodities.origin_weights[commodity])
    origin = commodities.origins[commodity, choice]
    departure = _departures(rng, commodity, origin, countries)
    seller = draw_within(rng, origin, parties.seller_country, parties.seller_size)
    from_day, until_day = _lifetimes(rng, parties.importer_from_day[importer])
    tax_type, tax_rate = _taxes(rng, commodities, countries, commodity, origin)
    category = commodities.category[commodity]
    per_importer = np.bincount(importer, minlength=IMPORTERS)[importer]
    return Lines(
        importer=importer,
        commodity=commodity,
        origin=origin,
        departure=departure,
        seller=seller,
        broker=_habitual(rng, importer, parties.broker_size, IMPORTERS, 0.75),
        office=_habitual(rng, importer, parties.office_size, IMPORTERS, 0.8),
        tax_type=tax_type,
        tax_rate_pct=tax_rate,
        transport_mode=np.array([_FREIGHT.get(name, "2") for name in category], dtype=object),
        trade_mode=rng.choice(
            np.array(["0110", "0615", "1210", "3010"], dtype=object),
            LINES,
            p=[0.82, 0.1, 0.06, 0.02],
        ),
        log_price=commodities.log_price[commodity]
        + _pair_effect(seed, commodity, origin)
        + rng.normal(0, 0.15, LINES),
        log_value=commodities.log_value[commodity] + rng.normal(0, 0.3, LINES),
        weight=parties.importer_size[importer] / per_importer * rng.lognormal(0, 0.8, LINES),
        from_day=from_day,
        until_day=until_day,
        pair=_numbered(commodity, origin),
        route=_numbered(commodity, origin, departure, (tax_type == "MFN").astype(np.int64)),
    )


def make_tiers(seed: int, badness: Floats, sizes: Floats) -> npt.NDArray[np.object_]:
    """Credit tiers that large firms earn and bad firms lose; known, and not always right."""
    rng = generator(seed, "tiers")
    standing = 0.5 * np.log(sizes / np.median(sizes)) + rng.normal(0, 1, len(sizes))
    standing = standing - 3.0 * badness
    cuts = np.quantile(standing, [0.008, 0.05, 0.82, 0.93])
    rank = 4 - np.searchsorted(cuts, standing)
    return np.array(TIERS, dtype=object)[rank]


def _credit_codes(rng: np.random.Generator, count: int) -> npt.NDArray[np.object_]:
    provinces = rng.choice(PROVINCES, count)
    serials = ["".join(letters) for letters in rng.choice(_ORGANISATION_ALPHABET, (count, 9))]
    stems = [f"91{province}{serial}" for province, serial in zip(provinces, serials, strict=True)]
    return np.array([stem + uscc.calc_check_digit(stem) for stem in stems], dtype=object)


def _habitual_commodities(
    rng: np.random.Generator, importer: Ints, commodities: Commodities
) -> Ints:
    """An importer deals in one or two categories of goods."""
    names, member_group = np.unique(commodities.category.astype(str), return_inverse=True)
    sizes = np.bincount(member_group, weights=commodities.weight, minlength=len(names)).astype(
        np.float64
    )
    category = _habitual(rng, importer, sizes, IMPORTERS, 0.75)
    return draw_within(rng, category, member_group.astype(np.int64), commodities.weight)


def _habitual(
    rng: np.random.Generator, subject: Ints, sizes: Floats, subjects: int, share: float
) -> Ints:
    """The subject's own choice in `share` of cases, any other in proportion to size."""
    own = draw(rng, sizes, subjects)[subject]
    other = draw(rng, sizes, len(subject))
    return np.where(rng.random(len(subject)) < share, own, other)


def _choices(rng: np.random.Generator, weights: Floats) -> Ints:
    cumulative = np.cumsum(weights, axis=1)
    height = rng.random(len(weights)) * cumulative[:, -1]
    return np.minimum((cumulative < height[:, None]).sum(axis=1), weights.shape[1] - 1)


def _departures(
    rng: np.random.Generator, commodity: Ints, origin: Ints, countries: Countries
) -> Ints:
    hubs = np.array([countries.position(code) for code in HUBS])
    # the same goods from the same place go through the same hub
    hub = hubs[(commodity * 31 + origin * 17) % len(hubs)]
    return np.where(rng.random(len(commodity)) < TRANSSHIPPED, hub, origin)


def _taxes(
    rng: np.random.Generator,
    commodities: Commodities,
    countries: Countries,
    commodity: Ints,
    origin: Ints,
) -> tuple[npt.NDArray[np.object_], Floats]:
    agreement = countries.tax_type[origin]
    claimed = (agreement != "MFN") & (rng.random(len(commodity)) < PREFERENCE_USED)
    tax_type = np.where(claimed, agreement, "MFN").astype(object)
    rate = commodities.duty_pct[commodity]
    return tax_type, np.where(claimed, rate * 0.3, rate).round(1).astype(np.float64)


def _lifetimes(rng: np.random.Generator, importer_from_day: Ints) -> tuple[Ints, Ints]:
    """One line in six lasts; the others are spread over the horizon, half a year each."""
    count = len(importer_from_day)
    begins = rng.integers(-400, HORIZON_DAYS, count)
    ends = begins + rng.exponential(180, count).astype(np.int64) + 1
    lasting = rng.random(count) < 1 / 6
    from_day = np.maximum(np.where(lasting, ALWAYS, begins), importer_from_day)
    return from_day, np.where(lasting, HORIZON_DAYS + 1, ends)


def _pair_effect(seed: int, commodity: Ints, origin: Ints) -> Floats:
    """Goods of one code cost more from some countries than from others."""
    effects = generator(seed, "pair prices").normal(0, 0.3, 100_000)
    return effects[(commodity * 101 + origin) % len(effects)]


def _numbered(*columns: Ints) -> Ints:
    key = columns[0]
    for column in columns[1:]:
        key = key * 1_000 + column
    return np.unique(key, return_inverse=True)[1].astype(np.int64)
