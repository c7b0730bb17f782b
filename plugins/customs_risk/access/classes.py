"""The confidentiality class of each column of the warehouse, as the models' YAML tells it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from customs_risk.settings import REPOSITORY

_PROJECT = REPOSITORY / "dbt_project"


@cache
def columns_of_class(*classes: str) -> dict[str, dict[str, str]]:
    """Return, for each table or view that has any, its columns of these classes and the class."""
    found: dict[str, dict[str, str]] = {}
    for name, columns in _described():
        chosen = {
            column["name"]: class_ for column in columns if (class_ := class_of(column)) in classes
        }
        if chosen:
            found.setdefault(name, {}).update(chosen)
    return found


def class_of(described: dict[str, Any]) -> str:
    """Return the class that a description tells; what tells none counts as secret."""
    meta = described.get("config", {}).get("meta") or described.get("meta") or {}
    return str(meta.get("class", "secret"))


def _described() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for folder in ("models", "seeds", "snapshots"):
        for path in sorted((_PROJECT / folder).rglob("*.yml")):
            content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            for kind in ("models", "seeds", "snapshots"):
                for node in content.get(kind) or ():
                    yield node["name"], node.get("columns") or []
