"""How declared goods travelled: ship, bill and containers follow from the declaration alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Bools, Objects, either, uniform
from customs_risk.sandbox.names import container, importer_name, seller_name, vessel
from customs_risk.sandbox.outside.rates import rate_on

VESSELS = 240
_BOXES = 20_000
_BOX_KG = 20_000
_MOST_BOXES = 6
_SEA = "2"
_AIR = "5"
_AIRLINES = ("CA", "MU", "CZ", "LH", "KE", "SQ", "EK", "NH")
_CURRENCIES = {
    "JP": "JPY", "KR": "KRW", "GB": "GBP", "AU": "AUD", "CA": "CAD", "CH": "CHF", "SG": "SGD",
    "TH": "THB", "NZ": "NZD", "HK": "HKD", "SE": "SEK", "MY": "MYR",
    "DE": "EUR", "FR": "EUR", "IT": "EUR", "NL": "EUR", "ES": "EUR", "IE": "EUR", "BE": "EUR",
    "AT": "EUR", "FI": "EUR", "PT": "EUR", "GR": "EUR",
}  # fmt: skip
_OWN_CURRENCY = 0.6  # share of sellers that invoice in it; the others take dollars


def with_cargo(seed: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Add to declarations who trades by name, how the goods came, and what they cost abroad.

    The columns: importer_name, seller_name, conveyance_id (IMO number), conveyance_name, bill_no,
    container_numbers, trade_currency, declared_value. The same declaration gets the same, always.
    """
    ids = rows["declaration_id"].to_numpy(dtype=object)
    mode = rows["transport_mode"].to_numpy(dtype=object)
    is_sea, is_air = mode == _SEA, mode == _AIR
    ships = [vessel(number) for number in _ship_numbers(rows)]
    air = np.array([_waybill(each) for each in ids], dtype=object)
    sea = np.array([f"{'COSU' if int(i[-1]) % 2 else 'OOLU'}{i[-9:]}" for i in ids], dtype=object)
    boxes = _containers(ids, rows["net_mass_kg"].to_numpy(dtype=float))
    currency = _currencies(seed, rows)
    day = pd.to_datetime(rows["declared_at"].str[:10]).dt.date
    rates = {each: rate_on(seed, *each) for each in set(zip(currency, day, strict=True))}
    rate = np.array([rates[each] for each in zip(currency, day, strict=True)])
    return rows.assign(
        importer_name=_named(rows["importer_id"], importer_name),
        seller_name=_named(rows["seller_id"], seller_name),
        conveyance_id=either(is_sea, [imo for _, imo in ships], None),
        conveyance_name=_by_mode(is_sea, [name for name, _ in ships], is_air, _flights(ids)),
        bill_no=_by_mode(is_sea, sea, is_air, air),
        container_numbers=either(is_sea, boxes, None),
        trade_currency=currency,
        declared_value=np.maximum(np.round(rows["declared_value_cny"] / rate, 2), 0.01),
    )


def _ship_numbers(rows: pd.DataFrame) -> list[int]:
    """One ship a week from each country to each office."""
    week = pd.to_datetime(rows["declared_at"].str[:10]).dt.strftime("%G%V")
    routes = rows["departure_country"].astype(str) + rows["office_code"].astype(str) + week
    return [_crc(route) % VESSELS for route in routes]


def _currencies(seed: int, rows: pd.DataFrame) -> Objects:
    own = rows["departure_country"].map(_CURRENCIES).fillna("USD").to_numpy(dtype=object)
    sellers = rows["seller_id"].fillna("").to_numpy(dtype=object)
    takes_own = uniform(seed, "invoice currency", sellers) < _OWN_CURRENCY
    return np.where(takes_own, own, "USD").astype(object)


def _containers(ids: Objects, mass_kg: np.ndarray) -> list[str]:
    counts = np.clip(np.ceil(np.abs(mass_kg) / _BOX_KG), 1, _MOST_BOXES).astype(int)
    return [
        ";".join(_box((_crc(each) + n) % _BOXES) for n in range(count))
        for each, count in zip(ids, counts, strict=True)
    ]


@lru_cache(_BOXES)
def _box(number: int) -> str:
    return container(number)


def _flights(ids: Objects) -> list[str]:
    return [f"{_AIRLINES[_crc(each) % len(_AIRLINES)]}{_crc(each) % 900 + 100}" for each in ids]


def _waybill(declaration_id: str) -> str:
    """An air waybill's eighth digit checks the seven before it."""
    serial = int(declaration_id[-7:])
    return f"999-{serial:07d}{serial % 7}"


def _named(identifiers: pd.Series[str], name_of: Callable[[str], str]) -> Objects:
    known = {each: name_of(each) for each in identifiers.dropna().unique()}
    return identifiers.map(known).astype(object).where(identifiers.notna(), None).to_numpy()


def _by_mode(is_sea: Bools, by_sea: object, is_air: Bools, by_air: object) -> Objects:
    return either(is_sea, by_sea, either(is_air, by_air, None))


def _crc(text: str) -> int:
    return zlib.crc32(text.encode())
