"""Declarations as XML: 单一窗口's DecMessage and the WCO Data Model, for the few that so arrive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import cast

import pandas as pd
from lxml import etree

from customs_risk.sandbox.chance import uniform

_DEC = "http://www.chinaport.gov.cn/dec"
_WCO = "urn:wco:datamodel:WCO:DEC-DMS:2"
_WCO_TYPES = "urn:wco:datamodel:WCO:Declaration_DS:DMS:2"
_META = "urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"
_SHARES = {"single_window": 0.03, "wco": 0.01}
_SECOND_LINE = 0.3  # share of declarations with two lines
_OF_SECOND = 0.25  # its part of the total
_STAMP = (2026, 1, 1, 0, 0, 0)  # of archive members: the same rows give the same bytes

Row = dict[str, object]
Tree = dict[str, object]


def by_layout(seed: int, rows: pd.DataFrame) -> dict[str | None, pd.DataFrame]:
    """Split declarations by the layout in which they arrive; most come in the feed's own (None)."""
    turn = uniform(seed, "layout", rows["declaration_id"].to_numpy(dtype=object))
    parts: dict[str | None, pd.DataFrame] = {}
    taken = 0.0
    for layout, share in _SHARES.items():
        parts[layout] = rows[(turn >= taken) & (turn < taken + share)].reset_index(drop=True)
        taken += share
    parts[None] = rows[turn >= taken].reset_index(drop=True)
    return parts


def single_window(seed: int, rows: pd.DataFrame) -> bytes:
    """Return a zip archive of one DecMessage per row. The rows are those of `cargo.with_cargo`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for position, row in enumerate(_records(rows), start=1):
            # a repeated declaration is a document of its own
            member = zipfile.ZipInfo(f"{row['declaration_id']}-{position:05d}.xml", _STAMP)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _written(_dec_message(seed, row)))
    return buffer.getvalue()


def wco(seed: int, rows: pd.DataFrame) -> bytes:
    """Return one document of WCO declarations, each in its MetaData, as a batch of them."""
    batch = etree.Element("Declarations")
    batch.extend(_wco_declaration(seed, row) for row in _records(rows))
    return _written(batch)


def _dec_message(seed: int, row: Row) -> etree._Element:
    ship = row["conveyance_id"]
    boxes = _boxes(row)
    head: Tree = {
        "IEFlag": "I",
        "AgentCode": row["declarant_id"],
        "BillNo": row["bill_no"],
        "CustomMaster": row["office_code"],
        "IEPort": row["office_code"],
        "NetWt": _amount(row["net_mass_kg"]),
        "TradeCoScc": row["importer_id"],
        "TradeName": row["importer_name"],
        "TradeCountry": _alpha3(row["departure_country"]),
        "TradeMode": row["trade_mode"],
        "TrafMode": row["transport_mode"],
        "TrafName": f"UN{ship}" if ship else row["conveyance_name"],
        "EntryId": row["declaration_id"],
        "EntryType": "M" if row["process_type"] == "paperless" else "0",
        "OverseasConsignorCode": row["seller_id"],
        "OverseasConsignorEname": row["seller_name"],
    }
    lines = [
        {
            "GNo": str(number),
            "CodeTS": f"{row['hs6']}{number * 1000}",
            "GName": row["goods_name"],
            "DeclTotal": _amount(total),
            "TradeCurr": row["trade_currency"],
            "OriginCountry": _alpha3(row["origin_country"]),
            "Purpose": row["import_use"],
        }
        for number, total in enumerate(_totals(seed, row), start=1)
    ]
    clock = datetime.fromisoformat(str(row["declared_at"]))
    return _element(
        _DEC,
        "DecMessage",
        {
            "DecHead": head,
            "DecLists": {"DecList": lines},
            "DecContainers": {
                "Container": [{"ContainerId": box, "ContainerMd": "11"} for box in boxes]
            },
            "DecLicenseDocus": {
                "LicenseDocu": [{"DocuCode": "A", "CertCode": f"{row['declaration_id']}001"}]
            },
            "DecSign": {"OperType": "C", "SignDate": f"{clock:%Y%m%d%H%M%S}00"},
        },
    )


def _wco_declaration(seed: int, row: Row) -> etree._Element:
    totals = _totals(seed, row)
    meta = etree.Element(f"{{{_META}}}MetaData", nsmap=_unprefixed(_META))
    etree.SubElement(meta, f"{{{_META}}}WCODataModelVersionCode").text = "3.6"
    etree.SubElement(meta, f"{{{_META}}}WCOTypeName").text = "DEC"
    declaration = _element(
        _WCO,
        "Declaration",
        {
            "FunctionCode": "9",
            "ID": row["declaration_id"],
            "TypeCode": "IMA",
            "GoodsItemQuantity": str(len(totals)),
            "DeclarationOfficeID": row["office_code"],
            "BorderTransportMeans": {
                "ID": row["conveyance_id"],
                "Name": row["conveyance_name"],
                "ModeCode": row["transport_mode"],
            },
            "Declarant": {"ID": row["declarant_id"]},
            "GoodsShipment": {
                "Consignment": {
                    "TransportContractDocument": {"ID": row["bill_no"]},
                    "TransportEquipment": [{"ID": box} for box in _boxes(row)],
                },
                "ExportCountry": {"ID": row["departure_country"]},
                "GovernmentAgencyGoodsItem": [
                    _wco_item(row, number, total, total / sum(totals))
                    for number, total in enumerate(totals, start=1)
                ],
                "Importer": {"Name": row["importer_name"], "ID": row["importer_id"]},
                "Seller": {"Name": row["seller_name"], "ID": row["seller_id"]},
            },
        },
    )
    accepted = etree.Element(f"{{{_WCO}}}AcceptanceDateTime")
    moment = etree.SubElement(
        accepted, f"{{{_WCO_TYPES}}}DateTimeString", formatCode="304", nsmap=_unprefixed(_WCO_TYPES)
    )
    clock = datetime.fromisoformat(str(row["declared_at"]))
    moment.text = f"{clock:%Y%m%d%H%M%S%z}"
    declaration.insert(1, accepted)
    for amount in declaration.iter(f"{{{_WCO}}}ItemChargeAmount"):
        amount.set("currencyID", str(row["trade_currency"]))
    meta.append(declaration)
    return meta


def _wco_item(row: Row, number: int, total: float, part: float) -> Tree:
    return {
        "SequenceNumeric": str(number),
        "Commodity": {
            "Description": row["goods_name"],
            "Classification": {
                "ID": f"{row['hs6']}{number * 1000}",
                "IdentificationTypeCode": "TSP",
            },
            "DutyTaxFee": {"TaxRateNumeric": _amount(row["tax_rate_pct"])},
            "GoodsMeasure": {
                "NetNetWeightMeasure": f"{float(str(row['net_mass_kg'])) * part:.3f}",
            },
            "InvoiceLine": {"ItemChargeAmount": _amount(total)},
        },
        "GovernmentProcedure": {"CurrentCode": row["trade_mode"]},
        "Origin": {"CountryCode": row["origin_country"]},
    }


def _element(namespace: str, name: str, content: object) -> etree._Element:
    """Make an element of nested names; lists repeat, and what is null is left out."""
    element = etree.Element(f"{{{namespace}}}{name}", nsmap=_unprefixed(namespace))
    if not isinstance(content, dict):
        element.text = str(content)
        return element
    for child, value in content.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                element.append(_element(namespace, child, each))
    return element


def _totals(seed: int, row: Row) -> list[float]:
    total = float(str(row["declared_value"]))
    (turn,) = uniform(seed, "lines", [str(row["declaration_id"])])
    if turn >= _SECOND_LINE:
        return [total]
    second = round(total * _OF_SECOND, 2)
    return [round(total - second, 2), second]


def _records(rows: pd.DataFrame) -> Iterable[Row]:
    as_objects = rows.astype(object).where(rows.notna(), None)
    for row in as_objects.to_dict("records"):
        yield {str(name): value for name, value in row.items()}


def _boxes(row: Row) -> list[str]:
    return str(row["container_numbers"]).split(";") if row["container_numbers"] else []


def _unprefixed(namespace: str) -> dict[str, str]:
    return cast(dict[str, str], {None: namespace})


def _amount(value: object) -> str | None:
    return None if value is None else f"{float(str(value)):.2f}"


def _written(element: etree._Element) -> bytes:
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


@cache
def _alpha3(country: object) -> str:
    import pycountry

    return str(pycountry.countries.get(alpha_2=str(country)).alpha_3)
