"""Customs' own credit register: each day's decisions, and once a week the first ones of all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.delivery import csv_bytes
from customs_risk.sandbox.names import importer_name
from customs_risk.sandbox.outside.basis import SPOILT, number_of
from customs_risk.sandbox.outside.publisher import Publisher
from customs_risk.sandbox.tiers import (
    DECIDED_ON,
    IN_FORCE_ON,
    ORDER_NO,
    Decision,
    a_week_before,
    is_registered,
)

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Row = dict[str, object]
_LOCAL = ZoneInfo("Asia/Shanghai")
_WEDNESDAY = 2
_REASONS = {-1: "认证复核通过，等级上调", 0: "复核，等级不变", 1: "违法违规，等级下调"}


def credit_ratings(world: World, day: date) -> bytes | None:
    """The decisions of the day before, those withdrawn since, and on Wednesdays the register."""
    rows = [_row(world, day, decision) for decision in world.tiers.decided(day)]
    earlier = a_week_before(day)
    if earlier >= world.start_on:
        rows += [
            _row(world, earlier, decision) | {"status": "withdrawn"}
            for decision in world.tiers.decided(earlier)
            if decision.is_withdrawn
        ]
    if day.weekday() == _WEDNESDAY:
        rows += [
            _first(world, party) for party in is_registered(world.seed, world.parties).tolist()
        ]
    rng = generator(world.seed, "spoilt ratings", number_of(world, day))
    table = pd.DataFrame(rows)
    # the register itself is clean: only the day's own decisions are spoilt now and then
    spoilt = table["rating_id"].str.startswith("CR2") & (rng.random(len(table)) < SPOILT)
    return csv_bytes(table.assign(tier_code=table["tier_code"].mask(spoilt, "AA")))


def _row(world: World, day: date, decision: Decision) -> Row:
    code = str(world.parties.importer_id[decision.party])
    offices = world.parties.office_code
    decided_at = datetime.combine(day - timedelta(1), time(16, decision.party % 60), _LOCAL)
    return {
        "rating_id": f"CR{day:%Y%m%d}{code[-10:]}",
        "subject_uscc": code,
        "enterprise_name": importer_name(code),
        "order_no": ORDER_NO,
        "tier_code": world.tiers.on(day)[code],
        "effective_from": str(max(day - timedelta(decision.days_back), IN_FORCE_ON)),
        "effective_to": None,
        "decided_by": str(offices[decision.party % len(offices)]),
        "decided_at": decided_at.isoformat(),
        "reason": _REASONS[decision.shift],
        "status": "active",
    }


def _first(world: World, party: int) -> Row:
    """How the register took a firm over when the order came into force."""
    code = str(world.parties.importer_id[party])
    return {
        "rating_id": f"CR-{ORDER_NO}-{code}",
        "subject_uscc": code,
        "enterprise_name": importer_name(code),
        "order_no": ORDER_NO,
        "tier_code": world.tiers.first(party),
        "effective_from": str(IN_FORCE_ON),
        "effective_to": None,
        "decided_by": None,
        "decided_at": datetime.combine(DECIDED_ON, time(10), _LOCAL).isoformat(),
        "reason": None,
        "status": "active",
    }


PUBLISHERS = (Publisher("credit_ratings", credit_ratings),)
