"""Lists as they stand each day: OFAC's designated nationals, FDA's refusals, a watch list."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import draw, generator, uniform
from customs_risk.sandbox.delivery import SPOILT_SHARE, csv_bytes
from customs_risk.sandbox.names import importer_name, seller_name, vessel
from customs_risk.sandbox.outside.basis import INFORMED, SPOILT, Rng, number_of, offending, pick
from customs_risk.sandbox.outside.cargo import VESSELS
from customs_risk.sandbox.outside.publisher import Publisher
from customs_risk.sandbox.signals import WatchList, make_watch_list
from customs_risk.sandbox.traders import HORIZON_DAYS

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Cell = str | int | None
_BEFORE_DAYS = 200  # of what a list held when the world begins
_PROGRAMS = ("SDGT", "IRAN", "RUSSIA-EO14024", "DPRK3", "SDNTK", "CYBER2", "NPWMD] [IFSR")
_PLACES = {
    "RU": ("Moscow", "Russia"),
    "IR": ("Tehran", "Iran"),
    "AE": ("Dubai", "United Arab Emirates"),
    "CN": ("Shenzhen", "China"),
    "TR": ("Istanbul", "Turkey"),
    "MM": ("Yangon", "Burma"),
}
_SURNAMES = ("IVANOV", "KARIMI", "TORRES", "AUNG", "HADDAD", "PETROVA", "YILMAZ", "NAVARRO")
_GIVEN = ("Aleksandr", "Mehdi", "Luis", "Zaw", "Samir", "Olga", "Kemal", "Elena")
_FLAGS = ("Panama", "Liberia", "Cook Islands", "Comoros", "Cameroon")
# FDA's product codes with what they mean, and charges by their numbers
_PRODUCTS = (
    ("16XGD03", "SHRIMP AND PRAWNS, AQUACULTURE HARVESTED"),
    ("16AFB45", "TUNA (ALBACORE, YELLOWFIN, BLUEFIN, SKIPJACK)"),
    ("21SGT09", "DURIAN (SUBTROPICAL AND TROPICAL FRUIT)"),
    ("23BGT10", "PISTACHIO NUTS, SHELLED"),
    ("28AGD40", "PEPPER, BLACK, WHOLE"),
    ("31BDT99", "COFFEE, INSTANT"),
    ("33GGT99", "SOFT CANDY WITH NUTS OR NUT PRODUCTS, N.E.C.  (WITHOUT CHOCOLATE)"),
    ("07YGT99", "SNACK FOODS NOT ELSEWHERE MENTIONED, N.E.C."),
    ("53LY06", "SKIN CARE PREPARATIONS, N.E.C."),
    ("54FCY99", "PROTEIN SUPPLEMENT"),
)
_CHARGES = ("11", "75", "83", "241", "249", "253", "274", "321", "324", "473", "482")
_FDA_COLUMNS = (
    "MFG_FIRM_FEI_NUM", "LGL_NAME", "LINE1_ADRS", "LINE2_ADRS", "CITY_NAME", "PROVINCE_STATE",
    "ISO_CNTRY_CODE", "PRODUCT_CODE", "REFUSAL_DATE", "DISTRICT", "ENTRY_NUM", "RFRNC_DOC_ID",
    "LINE_NUM", "LINE_SFX_ID", "FDA_SAMPLE_ANALYSIS", "PRIVATE_LAB_ANALYSIS", "REFUSAL_CHARGES",
    "PRDCT_CODE_DESC_TEXT",
)  # fmt: skip
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class _Entry:
    """One entry of OFAC's list with the rows of its other two files, and when it was listed."""

    listed_day: int
    names: tuple[Cell, ...]
    addresses: tuple[tuple[Cell, ...], ...]
    other_names: tuple[tuple[Cell, ...], ...]


def ofac_sdn(world: World, day: date) -> bytes:
    """The whole list: three files without header in one archive; null is written `-0-`."""
    number = number_of(world, day)
    entries = [entry for entry in _sdn_entries(world) if entry.listed_day <= number]
    return _archive(
        {
            "SDN.CSV": _sdn_table([entry.names for entry in entries]),
            "ADD.CSV": _sdn_table([row for entry in entries for row in entry.addresses]),
            "ALT.CSV": _sdn_table([row for entry in entries for row in entry.other_names]),
        }
    )


def fda_import_refusals(world: World, day: date) -> bytes:
    """The whole list as it stood when it was renewed last, which it is every third day."""
    number = number_of(world, day) // 3 * 3
    rows = [row for each in range(-_BEFORE_DAYS, number + 1) for row in _refusals(world, each)]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerows([_FDA_COLUMNS, *rows])
    charges = "ASC_ID,CHRG_CODE,CHRG_STMNT_TEXT,SCTN_NAME\r\n" + "".join(
        f"{each},CHARGE {each},The article is refused under charge {each}.,801(a)(3)\r\n"
        for each in _CHARGES
    )
    return _archive(
        {
            "REFUSAL_ENTRY_2024-present.csv": table.getvalue(),
            "ACT_SECTION_CHARGES.csv": charges,
        }
    )


def watch_list(world: World, day: date) -> bytes:
    """The whole list as the provider exports it each morning."""
    rows = _watch_list(world).changed(-2 * HORIZON_DAYS, number_of(world, day))
    spoilt = uniform(world.seed, "nameless", rows["id"].to_numpy(dtype=object)) < SPOILT_SHARE
    return csv_bytes(rows.assign(name=rows["name"].where(~pd.Series(spoilt), None)))


@lru_cache(maxsize=2)
def _watch_list(world: World) -> WatchList:
    return make_watch_list(
        world.seed, world.start_on, world.parties, world.countries, world.offenders
    )


@lru_cache(maxsize=2)
def _sdn_entries(world: World) -> tuple[_Entry, ...]:
    """All entries of the horizon: some offending sellers and firms, ships, and many strangers."""
    rng = generator(world.seed, "ofac_sdn")
    offenders, parties = world.offenders, world.parties
    entries: list[_Entry] = []

    def listed(day: int, name: str, kind: str | None, country: str, remarks: str) -> None:
        entries.append(_entry(rng, len(entries) + 1, day, name, kind, country, remarks))

    for episodes, identifiers, name_of, share in (
        (offenders.sellers, parties.seller_id, seller_name, 0.1),
        (offenders.importers, parties.importer_id, importer_name, 0.02),
    ):
        chosen = np.flatnonzero(rng.random(len(episodes.subject)) < share)
        for episode in chosen:
            identifier = str(identifiers[episodes.subject[episode]])
            is_firm = name_of is importer_name
            remarks = (
                f"Unified Social Credit Code (USCC) {identifier} (China)."
                if is_firm
                else f"Registration Number {identifier}; Secondary sanctions risk."
            )
            country = "CN" if is_firm else identifier[:2]
            begins = int(episodes.from_day[episode] + rng.integers(-20, 60))
            listed(begins, name_of(identifier).upper(), None, country, remarks)
    for number in rng.permutation(VESSELS)[:12]:
        name, imo = vessel(int(number))
        begins = int(rng.integers(-_BEFORE_DAYS, HORIZON_DAYS))
        remarks = (
            f"Vessel Registration Identification IMO {imo}; MMSI {rng.integers(10**8, 10**9)}."
        )
        listed(begins, name, "vessel", "", remarks)
    # somebody is listed on every second day or so
    for day in np.sort(rng.integers(-_BEFORE_DAYS, HORIZON_DAYS, 700)):
        name = f"{pick(rng, _SURNAMES)}, {pick(rng, _GIVEN)} {chr(65 + int(rng.integers(26)))}."
        remarks = f"DOB {rng.integers(1, 29)} Jan {rng.integers(1950, 1995)}; nationality unknown."
        listed(int(day), name, "individual", pick(rng, list(_PLACES)), remarks)
    return tuple(entries)


def _entry(
    rng: Rng, serial: int, day: int, name: str, kind: str | None, country: str, remarks: str
) -> _Entry:
    number = 50_000 + serial
    place, country_name = _PLACES.get(country, ("", _english(country)))
    is_vessel = kind == "vessel"
    program = None if rng.random() < SPOILT else pick(rng, _PROGRAMS)
    names: tuple[Cell, ...] = (
        number, name, kind or None, program, "Director" if kind == "individual" else None,
        f"3E{serial:04d}" if is_vessel else None, "Bulk Carrier" if is_vessel else None,
        None, None, pick(rng, _FLAGS) if is_vessel else None, None, remarks,
    )  # fmt: skip
    street = f"No. {rng.integers(1, 300)} Trade Centre" if rng.random() < 0.5 else None
    address = (number, 2 * serial, street, place or None, country_name, None)
    short = name.replace(",", "").split()[0]
    alias = (number, 3 * serial, "aka", f"{short} GROUP", None)
    return _Entry(
        listed_day=day,
        names=names,
        addresses=(address,) if country_name else (),
        other_names=(alias,) if rng.random() < 0.4 else (),
    )


@lru_cache(maxsize=256)
def _english(country: str) -> str | None:
    import pycountry

    found = pycountry.countries.get(alpha_2=country) if country else None
    return str(getattr(found, "common_name", found.name)) if found else None


def _sdn_table(rows: list[tuple[Cell, ...]]) -> str:
    """Texts in quotes, null as `-0-` with a blank, and an end-of-file mark: as OFAC writes it."""

    def written(cell: Cell) -> str:
        if cell is None:
            return "-0- "
        return str(cell) if isinstance(cell, int) else f'"{cell}"'

    lines = (",".join(written(cell) for cell in row) for row in rows)
    return "".join(f"{line}\r\n" for line in lines) + "\x1a"


@lru_cache(maxsize=2_048)
def _refusals(world: World, number: int) -> tuple[tuple[Cell, ...], ...]:
    """What the United States refused on a day, weekends excepted; about half from offenders."""
    day = world.start_on + timedelta(number)
    if day.weekday() > 4:
        return ()
    rng = generator(world.seed, "fda_import_refusals", number)
    return tuple(_refusal(world, rng, day, number, n) for n in range(2 + int(rng.poisson(3))))


def _refusal(world: World, rng: Rng, day: date, number: int, n: int) -> tuple[Cell, ...]:
    parties = world.parties
    is_foreign = parties.seller_country != world.countries.position("US")
    bad = offending(world.offenders.sellers, number, len(parties.seller_id))
    bad = bad[is_foreign[bad]]
    if len(bad) and rng.random() < INFORMED:
        position = int(rng.choice(bad))
    else:
        position = int(draw(rng, parties.seller_size * is_foreign, 1)[0])
    seller = str(parties.seller_id[position])
    product, description = pick(rng, _PRODUCTS)
    charges = rng.choice(_CHARGES, int(rng.integers(1, 4)), replace=False)
    has_sample = rng.random() < 0.3
    return (
        f"3{int(seller[2:]):09d}",
        seller_name(seller),
        f"Lot {int(rng.integers(1, 99))}, Industrial Zone",
        None,
        "Export City",
        None,
        "ZZ" if rng.random() < SPOILT else seller[:2],
        product,
        f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day:%y}",
        pick(rng, ("DNBI", "DWCI", "DNEI", "DSEI", "DSWI")),
        f"K{int(rng.integers(10, 99))}-{number + 1_000:05d}{n:02d}-{int(rng.integers(10))}",
        str(int(rng.integers(1, 40))),
        str(int(rng.integers(1, 9))),
        "A" if rng.random() < 0.05 else None,
        "Yes" if has_sample else "No",
        "No",
        ", ".join(sorted(charges)),
        description,
    )


def _archive(files: dict[str, str]) -> bytes:
    """Pack files; the same ones always give the same bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            # without a date of its own, a member is dated 1980
            archive.writestr(
                zipfile.ZipInfo(name), content.encode(), compress_type=zipfile.ZIP_DEFLATED
            )
    return whole.getvalue()


PUBLISHERS = (
    Publisher("ofac_sdn", ofac_sdn),
    Publisher("fda_import_refusals", fda_import_refusals),
    Publisher("watch_list", watch_list),
)
