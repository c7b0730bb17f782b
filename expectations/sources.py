"""dbt's sources, written from the feeds' declarations; committed, and checked for drift in CI."""

from pathlib import Path
from typing import Any

import yaml

from customs_risk.settings import REPOSITORY
from expectations.contract import Column, Contract, contracts
from expectations.tables import METADATA

PATH = REPOSITORY / "dbt_project" / "models" / "staging" / "_sources.yml"

_HEADER = "# Written by `make sources` from expectations/feeds. Change the feed, not this file.\n"
_METADATA_MEANINGS = {
    "batch_id": "delivery that brought the row · 投递批次",
    "row_no": "line of the row in the delivered file · 文件行号",
    "is_backfill": "history: learned from, never assessed · 是否为历史回填",
    "known_at": "when the system came to know it · 获知时间",
    "loaded_at": "when it was loaded · 入库时间",
}


def write() -> Path:
    """Write the sources file and return its path."""
    PATH.write_text(render(), encoding="utf-8")
    return PATH


def render() -> str:
    """Return the sources file's text."""
    source = {
        "name": "raw",
        "schema": "raw",
        "description": "Deliveries that passed the gate · 通过质量闸门的投递数据.",
        "tables": [_table(contract) for contract in contracts()],
    }
    content = {"version": 2, "sources": [source]}
    return _HEADER + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)


def _table(contract: Contract) -> dict[str, Any]:
    columns = [_column(name, column) for name, column in contract.columns.items()]
    added = [
        {"name": name, "description": _METADATA_MEANINGS[name], "meta": {"class": "internal"}}
        for name in METADATA
    ]
    return {
        "name": contract.feed,
        "description": f"One row per {_bare(contract.grain)}. "
        f"{contract.title.en} · {contract.title.zh}.",
        "config": {
            "meta": {
                "article": [6] if contract.channel else [10],
                "channel": contract.channel_name,
                "owner": contract.owner,
            }
        },
        "columns": columns + [_configured(column) for column in added],
    }


def _column(name: str, column: Column) -> dict[str, Any]:
    unit = f" ({column.unit})" if column.unit else ""
    return _configured(
        {
            "name": name,
            "description": f"{column.meaning.en}{unit} · {column.meaning.zh}",
            "data_type": column.type,
            "meta": {"class": column.confidentiality},
        }
    )


def _configured(column: dict[str, Any]) -> dict[str, Any]:
    """Place meta where dbt reads it."""
    meta = column.pop("meta")
    return {**column, "config": {"meta": meta}}


def _bare(grain: str) -> str:
    return grain.removeprefix("one ")
