"""How often intervals of feedback hold the truth: a hundred sandbox seeds, two months each.

`WORLDS` and `DECLARATIONS` say how many seeds there are, and how many declarations a month has.
"""

import os
from collections.abc import Callable

from customs_risk.settings import Settings
from tests.benchmarks.sandbox_worlds import held, live_through

Figure = Callable[[str, float], None]

WORLDS = int(os.environ.get("WORLDS", "100"))
DECLARATIONS = int(os.environ.get("DECLARATIONS", "10000"))


def test_coverage(standing_warehouse: Settings, figure: Figure) -> None:
    live_through(WORLDS, DECLARATIONS)
    for name, told in held().items():
        assert told.intervals >= WORLDS
        figure(f"{name}_interval_holds", 100 * told.share)
        figure(f"{name}_estimate_to_truth", told.estimate_to_truth)
        figure(f"{name}_high_to_low", told.high_to_low)
