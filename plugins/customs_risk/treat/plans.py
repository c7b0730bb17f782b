"""Emergency plans as they are written (emergency_plans.yml), published version by version."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from psycopg import Connection
from psycopg.types.json import Jsonb

_PLANS = Path(__file__).with_name("emergency_plans.yml")

_PUBLISH = """
insert into ops.emergency_plans (
    plan_id, plan_version, risk_domain, title_en, title_zh, trigger_en, trigger_zh, plan,
    plan_sha256
)
values (
    %(plan_id)s, %(plan_version)s, %(risk_domain)s, %(title_en)s, %(title_zh)s, %(trigger_en)s,
    %(trigger_zh)s, %(plan)s, %(plan_sha256)s
)
on conflict (plan_id, plan_version) do nothing
"""

_OTHERWISE = """
select published.plan_sha256
from ops.emergency_plans as published
where
    published.plan_id = %(plan_id)s
    and published.plan_version = %(plan_version)s
    and published.plan_sha256 <> %(plan_sha256)s
"""


class PlanWasChanged(ValueError):  # noqa: N818 - reads as what happened
    """A published version of a plan says something else now: its version must be raised."""


@cache
def drill_addressee() -> str:
    """Return who is told in a drill, whatever a plan says."""
    return str(_written()["drill_addressee"])


def publish(connection: Connection) -> int:
    """Publish the versions of plans that are new; return how many.

    Raises:
        PlanWasChanged: a published version says something else now.
    """
    published = 0
    for plan in _written()["plans"]:
        content = json.dumps(plan, ensure_ascii=False, sort_keys=True)
        told = {
            "plan_id": plan["plan_id"],
            "plan_version": plan["plan_version"],
            "risk_domain": plan["risk_domain"],
            "title_en": plan["title"]["en"],
            "title_zh": plan["title"]["zh"],
            "trigger_en": plan["trigger"]["en"],
            "trigger_zh": plan["trigger"]["zh"],
            # the whole of what the activation needs, should the file change meanwhile
            "plan": Jsonb({**plan, "drill_addressee": drill_addressee()}),
            "plan_sha256": hashlib.sha256(content.encode()).hexdigest(),
        }
        published += connection.execute(_PUBLISH, told).rowcount
        if connection.execute(_OTHERWISE, told).fetchone():
            raise PlanWasChanged(
                f"plan {plan['plan_id']} version {plan['plan_version']} was published otherwise:"
                " raise its version 已发布的预案版本内容不同，须提高版本号"
            )
    return published


@cache
def _written() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_PLANS.read_text(encoding="utf-8"))
    return content
