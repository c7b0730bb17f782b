"""Figures: printed as `figure NAME VALUE`, and kept as JSON under .cache/benchmarks."""

import json
from collections.abc import Callable, Iterator

import pytest

from customs_risk.settings import REPOSITORY

_KEPT = REPOSITORY / ".cache" / "benchmarks"


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Callable[[str, float], None]]:
    """Note one measured figure; those of a test are kept together."""
    figures: dict[str, float] = {}

    def note(name: str, value: float) -> None:
        figures[name] = round(value, 4)
        # on a line of its own, whatever pytest has written before it
        print(f"\nfigure {name} {value:.4g}")

    yield note
    _KEPT.mkdir(parents=True, exist_ok=True)
    path = _KEPT / f"{request.node.name}.json"
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
