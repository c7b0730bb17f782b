"""The texts of a new feed's files: they explain themselves to who fills them in."""

import csv
import io
import json
from typing import Any

import yaml

from customs_risk.scaffold.proposal import Proposed

DECLARATION = """\
# {name}. Say here what a row is, whom it is about, and how it comes.
title: {title}
version: 1  # raise it whenever deliveries are read or judged otherwise
{origin}grain: {grain}
owner: {owner}
recipient: {recipient}  # whom an alarm is for
# dropped into the inbox; a source that is asked is a mapping, with credentials in Airflow:
#   {{told: whose it is, kind: http | sftp | storage | postgres, connection: ..., path: ...}}
source: {source}
{reading}schedule: "0 * * * *"  # cron, in the business time zone
# the same key with another content is a correction: it supersedes what was known, and both stay
key: {key}
{known_at}volume: {{min: 1, max: 100000}}  # rows of a usual delivery; fewer or more is a warning
freshness_hours: 72
retention_years: 10
# type: text (if none is said), numeric, boolean, date, timestamptz, jsonb
# class: public, internal, restricted, personal, secret (Order 271, Article 5)
# what values must be: nullable, max_length, values: [...], code_list: country | currency | hs6,
#   minimum, maximum, above; `unit`; `from`: where it stands in a delivery, if not under its name
columns:
{columns}
"""

_STAGING = """\
with

deliveries as (select * from {{{{ source('raw', '{feed}') }}}}),

renamed as (
    select
{columns}
        batch_id,
        row_no,
        is_backfill,
        known_at,
        {{{{ business_day('known_at') }}}} as known_on
    from deliveries
)

select * from renamed
"""


def flow(value: object) -> str:
    """Return a value as YAML on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    return text.removesuffix("...\n").strip()


def staging(feed: str, columns: list[str]) -> str:
    """Return the staging model: the delivered columns, to be renamed where a better name is."""
    listed = "\n".join(f"        {name}," for name in columns)
    return _STAGING.format(feed=feed, columns=listed)


def sample(kind: str, columns: list[Proposed]) -> str:
    """Return a delivery of two made-up rows, in a format that is text."""
    rows = [{each.name: _example(each, number) for each in columns} for number in (1, 2)]
    if kind == "ndjson":
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    if kind == "json":
        return f"{json.dumps({'records': rows}, ensure_ascii=False, indent=2)}\n"
    if kind == "xml":
        return f"<records>\n{''.join(_element(row) for row in rows)}</records>\n"
    return _as_csv(rows)


def _example(column: Proposed, number: int) -> str:
    if column.type == "timestamptz":
        return f"2026-06-30T10:0{number}:00+08:00"
    return f"{column.name} {number}"


def _element(row: dict[str, Any]) -> str:
    cells = "".join(f"<{name}>{value}</{name}>" for name, value in row.items())
    return f"  <record>{cells}</record>\n"


def _as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
