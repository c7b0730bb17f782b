"""Cargo manifests as UN/EDIFACT CUSCAR (directory D.96A): one record per consignment."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal, DecimalException
from pathlib import Path

from customs_risk.collect.formats.edifact import (
    Segment,
    every,
    find,
    groups,
    messages,
    moment,
    place,
)
from customs_risk.collect.formats.reading import Record
from expectations.contract import Contract
from expectations.layout import Layout

_KG_PER = {"KGM": Decimal(1), "TNE": Decimal(1000), "LBR": Decimal("0.45359237")}
_NOTHING = Decimal(-1)
_LONGEST_NUMBER = 100  # digits
_GROSS = ("G", "WT", "AAB")

Fields = dict[str, str | None]
Item = dict[str, str | list[str] | None]


def records(path: Path, contract: Contract, layout: Layout) -> Iterator[Record]:
    """Yield a manifest's consignments (CNI), numbered from 1 over all messages.

    Fields: manifest_no, manifest_type, manifest_function, prepared_at, arrives_at, departed_at,
    transport_mode, voyage_no, carrier_id, carrier_name, conveyance_id, conveyance_name,
    conveyance_flag, consignment_no, bill_no, loading_port, discharge_port, destination_place,
    consignor_id, consignor_name, consignor_country, consignee_id, consignee_name, notify_name,
    goods_name, hs_code, packages, gross_mass_kg, container_numbers (joined by semicolons) and
    goods (a JSON array). Where a consignment says nothing of its ports, the manifest's count.

    Raises:
        Unreadable: see ``edifact.messages``.
    """
    number = 0
    for message in messages(path, layout, "CUSCAR"):
        head, consignments = groups(message.segments, "CNI")
        manifest = _manifest(head, message.prepared_at)
        for consignment in consignments:
            number += 1
            # what is named before the only consignment is for that one, if it names none
            containers = _equipment(head) if len(consignments) == 1 else []
            yield Record(number, manifest | _consignment(consignment, manifest, containers))


def _manifest(head: list[Segment], prepared_at: str | None) -> Fields:
    begun = find(head, "BGM")
    carried = find(head, "TDT", "20") or find(head, "TDT")
    return {
        "manifest_no": begun.at(2) if begun else None,
        "manifest_type": begun.at(1) if begun else None,
        "manifest_function": begun.at(3) if begun else None,
        "prepared_at": moment(head, "137") or prepared_at,
        "arrives_at": moment(head, "178", "132"),
        "departed_at": moment(head, "186", "136", "133"),
        "voyage_no": carried.at(2) if carried else None,
        "transport_mode": carried.at(3) if carried else None,
        "carrier_id": carried.at(5) if carried else None,
        "carrier_name": carried.at(5, 4) if carried else None,
        "conveyance_id": carried.at(8) if carried else None,
        "conveyance_name": carried.at(8, 4) if carried else None,
        "conveyance_flag": carried.at(8, 5) if carried else None,
        "loading_port": place(head, "9") or place(head, "5"),
        "discharge_port": place(head, "11") or place(head, "60"),
    }


def _consignment(segments: list[Segment], manifest: Fields, equipment: list[str]) -> Fields:
    before_goods, items = groups(segments, "GID")
    goods = [_item(item) for item in items]
    bill = find(before_goods, "RFF", "BM") or find(before_goods, "RFF", "AWB")
    heaviest = max(goods, key=lambda item: _decimal(item["gross_mass_kg"]), default=None)
    containers = _equipment(segments)
    for item in goods:
        containers += item["container_numbers"] or []
    return {
        "consignment_no": segments[0].at(1),
        "bill_no": (bill.at(1, 2) if bill else None) or segments[0].at(2),
        "loading_port": place(before_goods, "9") or manifest["loading_port"],
        "discharge_port": place(before_goods, "11") or manifest["discharge_port"],
        "destination_place": place(before_goods, "8"),
        **_party(before_goods, "consignor", "CZ", "OS"),
        **_party(before_goods, "consignee", "CN"),
        "notify_name": _party(before_goods, "notify", "NI", "N1")["notify_name"],
        "goods_name": _joined(str(item["goods_name"]) for item in goods if item["goods_name"]),
        "hs_code": str(heaviest["hs_code"]) if heaviest and heaviest["hs_code"] else None,
        "packages": _total(goods, "packages"),
        "gross_mass_kg": _mass(before_goods) or _total(goods, "gross_mass_kg"),
        "container_numbers": _joined(dict.fromkeys(containers or equipment)),
        "goods": json.dumps(goods, ensure_ascii=False) if goods else None,
    }


def _item(segments: list[Segment]) -> Item:
    (described,) = segments[:1]
    texts = [text for note in every(segments, "FTX", "AAA") for text in note.components(4) if text]
    return {
        "item_no": described.at(1),
        "packages": described.at(2),
        "package_type": described.at(2, 2),
        "goods_name": " ".join(texts) or None,
        "hs_code": _hs_code(segments),
        "gross_mass_kg": _mass(segments),
        "container_numbers": [number for each in every(segments, "SGP") if (number := each.at(1))],
    }


def _hs_code(segments: list[Segment]) -> str | None:
    status = find(segments, "CST")
    if status and status.at(2):
        return status.at(2)
    products = (each for each in every(segments, "PIA") if each.at(2, 2) == "HS")
    return next((product.at(2) for product in products), None)


def _mass(segments: list[Segment]) -> str | None:
    """Return the gross mass (MEA) in kg; a number or unit that is none is given as it stands."""
    for measured in every(segments, "MEA"):
        if measured.at(2) not in _GROSS and measured.at(1) not in _GROSS:
            continue
        unit, value = measured.at(3), measured.at(3, 2)
        if value is None:
            continue
        if unit not in _KG_PER:
            return f"{value} {unit}"
        try:
            mass = Decimal(value.replace(",", ".")) * _KG_PER[unit]
        except DecimalException:
            return value
        return _written(mass.normalize()) if mass.is_finite() else value
    return None


def _party(segments: list[Segment], role: str, *qualifiers: str) -> Fields:
    party = next(every(segments, "NAD", *qualifiers), None)
    name = " ".join(text for text in party.components(4) if text) if party else ""
    unstructured = " ".join(text for text in party.components(3) if text) if party else ""
    return {
        f"{role}_id": party.at(2) if party else None,
        f"{role}_name": name or unstructured or None,
        f"{role}_country": party.at(9) if party else None,
    }


def _equipment(segments: list[Segment]) -> list[str]:
    return [number for each in every(segments, "EQD", "CN") if (number := each.at(2))]


def _total(goods: list[Item], field: str) -> str | None:
    """Return the sum of what the items say; one that says nonsense is what the sum says."""
    total: Decimal | None = None
    for item in goods:
        text = item[field]
        if text is None:
            continue
        try:
            total = (total or Decimal(0)) + Decimal(str(text))
        except DecimalException:
            return str(text)
    return None if total is None else _written(total)


def _decimal(text: object) -> Decimal:
    try:
        number = Decimal(str(text))
    except DecimalException:
        return _NOTHING
    return number if number.is_finite() else _NOTHING


def _written(number: Decimal) -> str:
    """Write a number out, unless it has so many digits that they would fill the memory."""
    is_long = not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER
    return str(number) if is_long else format(number, "f")


def _joined(texts: Iterable[str]) -> str | None:
    return ";".join(texts) or None
