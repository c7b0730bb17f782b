"""Intervals of feedback hold the truth as often as they say, on a few small sandbox worlds.

The figures of a hundred are told by tests/benchmarks/test_coverage.py.
"""

import pytest

from customs_risk.settings import Settings
from tests.benchmarks.sandbox_worlds import Held, held, live_through

pytestmark = pytest.mark.timeout(900)

WORLDS = 10


@pytest.fixture(scope="module")
def told(standing_warehouse: Settings) -> dict[str, Held]:
    live_through(WORLDS, 3000)
    return held()


@pytest.mark.parametrize(
    "name",
    ["find_rate", "raw_find_rate_of_random", "leakage", "leakage_revenue", "office_effect"],
)
def test_an_interval_holds_what_is_true(told: dict[str, Held], name: str) -> None:
    assert told[name].intervals >= WORLDS
    # 7 or fewer of 10 would be held by chance once in a hundred times
    assert told[name].share >= 8 / 10


def test_estimates_are_right_on_the_whole(told: dict[str, Held]) -> None:
    assert told["find_rate"].estimate_to_truth == pytest.approx(1, abs=0.4)
    assert told["leakage"].estimate_to_truth == pytest.approx(1, abs=0.5)
    assert told["office_effect"].estimate_to_truth == pytest.approx(1, abs=0.05)
