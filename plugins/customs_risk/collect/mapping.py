"""A column mapping: how a foreign CSV's columns become the declarations contract's.

The YAML is described in `customs_risk.sandbox.replay`, which reads its other half, the labels.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from expectations.contract import Contract


class BrokenMapping(ValueError):  # noqa: N818 - reads as what is wrong
    """A mapping names a column that the contract does not have, or says it in an unknown way."""


@dataclass(frozen=True)
class Mapping:
    """Where each canonical column comes from; one that is not named is null.

    ``time_zone`` is that of times without an offset; without it, the business time zone.
    """

    sources: dict[str, str] = field(default_factory=dict)
    scales: dict[str, float] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    time_zone: str | None = None


def read_mapping(path: Path, contract: Contract) -> Mapping:
    """Read a mapping's YAML.

    Raises:
        BrokenMapping: it names an unknown column, or says where it comes from in an unknown way.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or "columns" not in content:
        raise BrokenMapping(f"{path.name}: it must name its columns under `columns:`")
    columns: dict[str, Any] = content["columns"]
    unknown = sorted(columns.keys() - contract.columns.keys())
    if unknown:
        raise BrokenMapping(f"{path.name}: {contract.feed} has no columns {', '.join(unknown)}")
    mapping = Mapping(time_zone=content.get("time_zone"))
    for name, origin in columns.items():
        match origin:
            case str():
                mapping.sources[name] = origin
            case {"column": str(column), **rest} if rest.keys() <= {"scale"}:
                mapping.sources[name] = column
                if "scale" in rest:
                    mapping.scales[name] = float(str(rest["scale"]))
            case {"constant": constant, **rest} if not rest:
                mapping.constants[name] = str(constant)
            case _:
                raise BrokenMapping(f"{path.name}: {name} must be a column, a scale or a constant")
    return mapping
