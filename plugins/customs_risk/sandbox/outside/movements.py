"""Carriers: cargo manifests as CUSCAR, before the goods that they name are declared."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from customs_risk.sandbox import offences
from customs_risk.sandbox.chance import generator, uniform
from customs_risk.sandbox.outside import rates, travellers
from customs_risk.sandbox.outside.basis import SPOILT, Rng, number_of, pick
from customs_risk.sandbox.outside.cargo import with_cargo
from customs_risk.sandbox.outside.interchange import Part, free_text, interchange, segment
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

_ON_MANIFESTS = 0.25  # of what comes by sea: the ships whose agents send manifests this way
_SEA = "2"
_SENT = time(6)
_TARE = 1.06  # of a consignment's net mass
_HIDDEN = 1.6  # what is not declared was still lifted aboard
_FLAGS = ("PA", "LR", "MH", "HK", "SG", "CN", "MT", "GB")
_CARRIERS = (("COSU", "COSCO Shipping Lines"), ("OOLU", "Orient Overseas Container Line"),
             ("MSKU", "Maersk"), ("CMAU", "CMA CGM"))  # fmt: skip
_PORTS = {
    "2200": "CNSHA", "5300": "CNSZX", "3100": "CNNGB", "4200": "CNTAO", "5100": "CNCAN",
    "0200": "CNTXG", "0900": "CNDLC", "3700": "CNXMN",
}  # fmt: skip
_KIND = ["CUSCAR", "D", "96A", "UN"]


def manifests(world: World, day: date) -> bytes | None:
    """The manifests of the ships whose cargo will be declared that day, one message a ship."""
    shipped = _shipped(world, day)
    if shipped.empty:
        return None
    prepared = datetime.combine(day, _SENT)
    rng = generator(world.seed, "spoilt manifests", number_of(world, day))
    messages = [
        _manifest(rng, str(imo), prepared, consignments)
        for imo, consignments in shipped.groupby("conveyance_id", sort=True)
    ]
    return interchange("CNSHIPAGENCY", f"{day:%y%m%d}", prepared, _KIND, messages)


def _shipped(world: World, day: date) -> pd.DataFrame:
    rows = world.declarations(day)
    rows = rows[rows["transport_mode"] == _SEA]
    chosen = uniform(world.seed, "on manifests", rows["declaration_id"].to_numpy(dtype=object))
    return with_cargo(world.seed, rows[chosen < _ON_MANIFESTS].reset_index(drop=True))


def _manifest(rng: Rng, imo: str, prepared: datetime, rows: pd.DataFrame) -> list[Part]:
    first = rows.iloc[0]
    number = int(imo)
    carrier, carrier_name = _CARRIERS[number % len(_CARRIERS)]
    arrives = prepared + timedelta(hours=2)
    port = _port(str(first["office_code"]))
    boxes = sorted({box for each in rows["container_numbers"] for box in each.split(";")})
    parts = [
        segment("BGM", "85", f"{carrier}{prepared:%y%m%d}{imo}", "9"),
        segment("DTM", ["137", f"{prepared:%Y%m%d%H%M}", "203"]),
        segment("NAD", "CA", [carrier, "172", "20"]),
        segment("TDT", "20", f"{number % 900 + 100}E", "1", "",
                [carrier, "172", "20", carrier_name], "", "",
                [imo, "146", "11", str(first["conveyance_name"]), _FLAGS[number % len(_FLAGS)]]),
        segment("LOC", "9", [f"{first['departure_country']}ZZZ", "139", "6"]),
        segment("LOC", "11", [port, "139", "6"]),
        segment("DTM", ["132", f"{arrives:%Y%m%d%H%M}", "203"]),
        *(segment("EQD", "CN", [box, "122", "5"], ["45G1", "102", "5"]) for box in boxes),
    ]  # fmt: skip
    for position, row in enumerate(rows.to_dict("records"), start=1):
        parts += _consignment(rng, position, {str(name): value for name, value in row.items()})
    return parts


def _consignment(rng: Rng, position: int, row: dict[str, object]) -> list[Part]:
    boxes = str(row["container_numbers"]).split(";")
    hides = row["offence"] == offences.UNDECLARED_QUANTITY
    mass = float(str(row["net_mass_kg"])) * _TARE * (_HIDDEN if hides else 1.0)
    hs6, name = str(row["hs6"]), str(row["goods_name"])
    if rng.random() < SPOILT:
        hs6, name, mass = pick(rng, [("980100", name, mass), (hs6, "", mass), (hs6, name, -mass)])
    return [
        segment("CNI", str(position), str(row["bill_no"])),
        segment("RFF", ["BM", str(row["bill_no"])]),
        segment("LOC", "9", [f"{row['departure_country']}ZZZ", "139", "6"]),
        segment("LOC", "8", [_port(str(row["office_code"])), "139", "6"]),
        *_party("CZ", row["seller_id"], row["seller_name"], str(row["departure_country"])),
        *_party("CN", row["importer_id"], row["importer_name"], "CN"),
        segment("GID", "1", [str(max(int(mass // 25), 1)), "CT"]),
        *([segment("FTX", "AAA", "", "", free_text(name))] if name else []),
        segment("MEA", "AAE", "G", ["KGM", f"{mass:.2f}"]),
        *(segment("SGP", [box, "122", "5"]) for box in boxes),
        segment("CST", "1", [hs6, "122"]),
    ]


def _party(role: str, identifier: object, name: object, country: str) -> list[Part]:
    if not isinstance(name, str):
        return []
    address = ["", "", "", ""]
    return [segment("NAD", role, [str(identifier), "160", "ZZZ"], "", name, *address, country)]


@cache
def _port(office_code: str) -> str:
    return _PORTS.get(office_code, f"CN{office_code[:3]}")


PUBLISHERS = (
    Publisher("manifests", manifests),
    *travellers.PUBLISHERS,
    *rates.PUBLISHERS,
)
