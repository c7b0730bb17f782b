"""Processing trade: enterprises import material free of duty and export what they make of it.

Most handbooks add up, within what scales and counting allow; a few do not, each in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Ints, draw, generator
from customs_risk.sandbox.delivery import csv_bytes
from customs_risk.sandbox.outside.basis import SPOILT, number_of
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

HANDBOOKS = 240
# each way in which a handbook does not add up, and the rule that should tell it
KINDS = {
    "unbalanced": "PRO01",
    "fictitious_exports": "PRO02",
    "over_norm": "PRO03",
    "overdue": "PRO04",
    "extended": "PRO05",
}
_PLANTED = 4  # handbooks of each kind
_VALID_DAYS = 365
_EXTENSION_DAYS = 90
_REPORTED = 5  # business days in which every handbook is reported once
_LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class _Line:
    """What does not change of one line of a handbook; the kind of wrong, if any."""

    handbook_no: str
    line_no: int
    operator_id: str
    office_code: str
    material_hs6: str
    product_hs6: str
    planned_quantity: float
    norm_consumption: float
    wastage_pct: float
    opened_on: date
    due_on: date
    extensions: int
    written_off_after: int  # days after it was due
    declared_share: float  # of the norm
    stock_error: float  # share of what was imported
    kind: str | None


def processing_handbooks(world: World, day: date) -> bytes | None:
    """How a fifth of the handbooks stands on the day; each is told once in five business days."""
    turn = int(np.busday_count(world.start_on, day)) % _REPORTED
    rows = [
        _state(line, day)
        for place, line in enumerate(_lines(world))
        if place % _REPORTED == turn and line.opened_on <= day
    ]
    if not rows:
        return None
    rng = generator(world.seed, "spoilt handbooks", number_of(world, day))
    table = pd.DataFrame(rows)
    spoilt = rng.random(len(table)) < SPOILT
    return csv_bytes(table.assign(operator_id=table["operator_id"].mask(spoilt)))


def planted(world: World) -> pd.DataFrame:
    """Which handbooks do not add up: kind, rule_code, subject_type, subject_key."""
    wrong = {line.handbook_no: line.kind for line in _lines(world) if line.kind}
    return pd.DataFrame(
        [
            {
                "kind": kind,
                "rule_code": KINDS[kind],
                "subject_type": "handbook",
                "subject_key": number,
                "share": 1.0,
            }
            for number, kind in wrong.items()
        ]
    )


@lru_cache(maxsize=4)
def _lines(world: World) -> tuple[_Line, ...]:
    rng = generator(world.seed, "handbooks")
    kinds = _kinds(rng)
    return tuple(
        line for number, kind in enumerate(kinds) for line in _handbook(world, rng, number, kind)
    )


def _kinds(rng: np.random.Generator) -> list[str | None]:
    wrong: list[str | None] = [kind for kind in KINDS for _ in range(_PLANTED)]
    every = wrong + [None] * (HANDBOOKS - len(wrong))
    return [every[place] for place in rng.permutation(HANDBOOKS)]


def _handbook(world: World, rng: np.random.Generator, number: int, kind: str | None) -> list[_Line]:
    parties, commodities = world.parties, world.commodities
    operator = draw(rng, parties.importer_size, 1)[0]
    office = draw(rng, parties.office_size, 1)[0]
    extensions = int(rng.integers(3, 6)) if kind == "extended" else int(rng.choice([0, 0, 0, 1, 2]))
    age = int(rng.integers(10, 330))
    if kind == "overdue":
        age = _VALID_DAYS + extensions * _EXTENSION_DAYS + int(rng.integers(20, 60))
    elif extensions:
        age += extensions * _EXTENSION_DAYS
    opened_on = world.start_on - timedelta(age)
    office_code = str(parties.office_code[office])
    goods: Ints = draw(rng, commodities.weight, 2 * int(rng.integers(1, 4)))
    wrong_line = int(rng.integers(len(goods) // 2))
    return [
        _Line(
            handbook_no=f"C{office_code}6{number:06d}",
            line_no=place + 1,
            operator_id=str(parties.importer_id[operator]),
            office_code=office_code,
            material_hs6=str(commodities.hs6[goods[2 * place]]),
            product_hs6=str(commodities.hs6[goods[2 * place + 1]]),
            planned_quantity=float(np.round(rng.lognormal(9.5, 1.0), 0)),
            norm_consumption=float(np.round(rng.uniform(0.2, 3.0), 3)),
            wastage_pct=float(rng.choice([0, 1, 2, 3, 5])),
            opened_on=opened_on,
            due_on=opened_on + timedelta(_VALID_DAYS + extensions * _EXTENSION_DAYS),
            extensions=extensions,
            written_off_after=10_000 if kind == "overdue" else int(rng.integers(0, 20)),
            declared_share=float(
                1
                + (
                    rng.uniform(0.12, 0.3)
                    if is_wrong and kind == "over_norm"
                    else rng.normal(0, 0.01)
                )
            ),
            stock_error=float(
                -rng.uniform(0.1, 0.3)
                if is_wrong and kind == "unbalanced"
                else rng.normal(0, 0.009)
            ),
            kind=kind if is_wrong or kind in ("overdue", "extended") else None,
        )
        for place in range(len(goods) // 2)
        for is_wrong in [place == wrong_line]
    ]


def _state(line: _Line, day: date) -> dict[str, object]:
    """How a line stands: what came in, what went out, what should and does lie in stock."""
    validity = (line.due_on - line.opened_on).days
    progress = min(1.0, (day - line.opened_on).days / validity)
    imported = line.planned_quantity * min(1.0, 0.1 + 1.2 * progress)
    used = imported * (0.3 + 0.6 * progress)
    if line.kind == "fictitious_exports":
        used = imported * 1.4
    declared = line.norm_consumption * line.declared_share
    exported = used / (declared * (1 + line.wastage_pct / 100))
    stock = max(0.0, imported - used + line.stock_error * imported)
    is_closed = day > line.due_on + timedelta(line.written_off_after)
    return {
        "handbook_no": line.handbook_no,
        "line_no": line.line_no,
        "operator_id": line.operator_id,
        "office_code": line.office_code,
        "material_hs6": line.material_hs6,
        "product_hs6": line.product_hs6,
        "imported_quantity": round(imported, 2),
        "exported_quantity": round(exported, 2),
        "norm_consumption": line.norm_consumption,
        "declared_consumption": round(declared, 4),
        "wastage_pct": line.wastage_pct,
        "stock_quantity": 0.0 if is_closed else round(stock, 2),
        "opened_on": str(line.opened_on),
        "due_on": str(line.due_on),
        "extensions": line.extensions,
        "status": "written_off" if is_closed else "open",
        "reported_at": datetime.combine(day, time(8), _LOCAL).isoformat(),
    }


PUBLISHERS = (Publisher("processing_handbooks", processing_handbooks),)
