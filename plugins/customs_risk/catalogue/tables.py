"""The warehouse as dbt's manifest tells it: tables, columns, what tests them, who reads them."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.contract import CLASSES

Manifest = Mapping[str, Any]

BETWEEN_LANGUAGES = " · "
# constraints reach a table's rows; of a view dbt checks names and types alone
_CONSTRAINED = {"table", "incremental"}
_TABLES = {"model", "seed", "snapshot"}
_TAKEN_AS_IT_IS = re.compile(r"^\s*([a-z_0-9]+),?$", re.MULTILINE)
_KNOWN_ON = {
    "name": "known_on",
    "description": "Business day on which it became known · 获知的业务日",
    "data_type": "date",
    "config": {"meta": {"class": "internal"}},
}
_LAYER_OF_KIND = {"seed": "reference", "snapshot": "history"}


@dataclass(frozen=True)
class Column:
    """One column: its meaning in both languages, its type and its class of confidentiality."""

    name: str
    meaning: str
    data_type: str
    confidentiality: str | None


@dataclass(frozen=True)
class Table:
    """One table or view of the warehouse, delivered, derived or written by the code."""

    unique_id: str
    name: str
    schema: str
    # what dbt calls it when its own name is taken
    alias: str
    # raw, written, staging, intermediate, marts, reference, history
    layer: str
    materialized: str
    meaning: str
    articles: tuple[int, ...]
    meta: Mapping[str, Any]
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    has_contract: bool
    constraints: tuple[str, ...]
    tests: tuple[str, ...]
    keys: tuple[str, ...]
    used_by: tuple[str, ...]

    @property
    def is_helper(self) -> bool:
        """Whether a mart is not for readers: a step on the way to others."""
        return self.name.startswith("int_") or self.materialized == "ephemeral"

    @property
    def relation(self) -> str:
        """Its name in the warehouse."""
        return f"{self.schema}.{self.alias}"


def read(path: Path) -> Manifest:
    """Return the manifest that dbt wrote."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def tables(manifest: Manifest) -> dict[str, Table]:
    """Return every table by its unique id; dead ends (analyses, operations) are left out."""
    manifest = with_staging(manifest)
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in _TABLES]
    tests, keys = _tests_of(manifest)
    readers = _readers_of(manifest)
    return {
        node["unique_id"]: _table(node, tests, keys, readers)
        for node in [*manifest["sources"].values(), *nodes]
    }


def with_staging(manifest: Manifest) -> Manifest:
    """Return the manifest with staging described as its feeds are.

    A feed is described once, in its declaration. A staging model describes only what it adds or
    renames; the columns that it takes as they are stand alone on a line of its select.
    """
    nodes = {
        unique_id: _staged(node, manifest) if _layer(node) == "staging" else node
        for unique_id, node in manifest["nodes"].items()
    }
    return {**manifest, "nodes": nodes}


def _staged(node: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    feeds = [manifest["sources"].get(each) for each in node["depends_on"]["nodes"]]
    if len(feeds) != 1 or not feeds[0]:
        return dict(node)
    columns = _staged_columns(node, feeds[0])
    meta = {
        "article": feeds[0]["config"]["meta"]["article"],
        "class": max(
            (each["config"]["meta"]["class"] for each in columns.values()), key=CLASSES.index
        ),
        "distribution": "reference",
        **node["config"]["meta"],
    }
    return {
        **node,
        "description": node["description"] or feeds[0]["description"],
        "config": {**node["config"], "meta": meta},
        "columns": columns,
    }


def _staged_columns(node: Mapping[str, Any], feed: Mapping[str, Any]) -> dict[str, Any]:
    taken = set(_TAKEN_AS_IT_IS.findall(node["raw_code"]))
    columns = {name: column for name, column in feed["columns"].items() if name in taken}
    if " as known_on" in node["raw_code"]:
        columns["known_on"] = _KNOWN_ON
    return columns | node["columns"]


def _table(
    node: Mapping[str, Any],
    tests: Mapping[str, list[str]],
    keys: Mapping[str, list[str]],
    readers: Mapping[str, list[str]],
) -> Table:
    unique_id, config = node["unique_id"], node["config"]
    layer = _layer(node)
    constraints = list(_constraints(node))
    key = [each for each in constraints if each.startswith(("primary_key", "unique"))]
    return Table(
        unique_id=unique_id,
        name=node["name"],
        schema=node["schema"],
        alias=node.get("alias") or node.get("identifier") or node["name"],
        layer=layer,
        materialized=config.get("materialized") or node["resource_type"],
        meaning=" ".join(node["description"].split()),
        articles=tuple(config["meta"].get("article", ())),
        meta=config["meta"],
        columns=tuple(_column(column) for column in node["columns"].values()),
        reads=tuple(node.get("depends_on", {}).get("nodes", ())),
        has_contract=bool((config.get("contract") or {}).get("enforced")),
        constraints=tuple(constraints),
        tests=tuple(sorted(tests[unique_id])),
        keys=(*key, *sorted(keys[unique_id])),
        used_by=tuple(sorted(readers[unique_id])),
    )


def _column(column: Mapping[str, Any]) -> Column:
    return Column(
        name=column["name"],
        meaning=column["description"],
        data_type=column.get("data_type") or "",
        confidentiality=column["config"]["meta"].get("class"),
    )


def _layer(node: Mapping[str, Any]) -> str:
    if node["resource_type"] == "source":
        return "raw" if node["source_name"] == "raw" else "written"
    return _LAYER_OF_KIND.get(node["resource_type"]) or Path(node["path"]).parts[0]


def _constraints(node: Mapping[str, Any]) -> Iterable[str]:
    """Yield in words what the database itself refuses, once a contract is enforced on a table."""
    if node["config"].get("materialized") not in _CONSTRAINED:
        return
    if not node["config"]["contract"]["enforced"]:
        return
    for constraint in node["constraints"]:
        told = constraint.get("expression") or ", ".join(constraint.get("columns") or ())
        yield f"{constraint['type']} ({told})"
    for column in node["columns"].values():
        for constraint in column["constraints"]:
            yield f"{constraint['type']} ({constraint.get('expression') or column['name']})"


def _tests_of(manifest: Manifest) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the tests of each table, and those of them that hold its key unique."""
    tests: dict[str, list[str]] = defaultdict(list)
    keys: dict[str, list[str]] = defaultdict(list)
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        attached = node.get("attached_node")
        for unique_id in [attached] if attached else node["depends_on"]["nodes"]:
            tests[unique_id].append(node["name"])
            if attached and node["test_metadata"]["name"].startswith("unique"):
                keys[unique_id].append(node["name"])
    for unique_id, source in manifest["sources"].items():
        if _layer(source) == "raw":
            tests[unique_id].append(f"{source['name']} (expectations at the gate)")
    for node in manifest["unit_tests"].values():
        for unique_id in node["depends_on"]["nodes"]:
            tests[unique_id].append(f"{node['name']} (unit test)")
    return tests, keys


def _readers_of(manifest: Manifest) -> dict[str, list[str]]:
    readers: dict[str, list[str]] = defaultdict(list)
    for exposure in manifest["exposures"].values():
        for unique_id in exposure["depends_on"]["nodes"]:
            readers[unique_id].append(exposure["label"] or exposure["name"])
    return readers
