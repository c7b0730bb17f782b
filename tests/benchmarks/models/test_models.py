"""`make benchmark-models`: one table per dataset, this system beside its rivals.

`ONLY` names one (kcs_headline, kcs_disjoint, kcs_simulation, sandbox). `KCS` is the folder of the
Korean files (tests/benchmarks/models/kcs.py); without it their tables are skipped. `SEEDS`, `WEEKS`
and `DAILY` (declarations) say which worlds the sandbox's table is made of; the code was tuned on
none of these seeds. Tables are kept under .cache/benchmarks/models as CSV, JSON and Markdown.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from customs_risk.sandbox import simulation
from customs_risk.sandbox.home import forget
from customs_risk.sandbox.replay import LabelledFile
from customs_risk.settings import REPOSITORY, settings
from tests.benchmarks.models import compare, kcs, loops, splits
from tests.benchmarks.models.table import Measured, keep, show, table

Note = Callable[[str, float], None]

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "101,102").split(",")]
WEEKS = int(os.environ.get("WEEKS", "12"))
DAILY = int(os.environ.get("DAILY", "1500"))
WARM_UP = 4
KEPT = REPOSITORY / ".cache" / "benchmarks" / "models"

SPLIT = (
    "Learned from the past with all its results; of the future nothing was known, up to three "
    "months long. Intervals: 95 %, days drawn again. 以全部历史结果训练，测试期结果均未知。"
)
LOOP = (
    "Each in its own loop: a label shows only where it inspected. Precision at k % is that of each "
    "week's best k %; norms are what was caught over the most that as many inspections could have "
    "caught. Intervals: 95 %, weeks drawn again. 各自循环，仅见其查验结果。"
)
ALL_OFFICES = (
    "One capacity of all offices together; of it 5 % drawn and 5 % explored. "
    "各关区合用查验能力，5% 随机、5% 探索。"
)
console = Console(width=124)


@pytest.fixture(autouse=True)
def environment_of_its_own() -> Iterator[None]:
    """Take back what a run sets for itself and its children."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Yield the home of a run, and leave nothing of it."""
    yield tmp_path / "home"
    forget(tmp_path / "home")


@pytest.fixture
def korean() -> Path:
    """Return the folder of the Korean files."""
    folder = Path(os.environ.get("KCS") or ".cache/kcs")
    if not kcs.is_in(folder):
        pytest.skip(f"the three Korean files are not in {folder}: set KCS to their folder")
    return folder


def test_kcs_headline(korean: Path, home: Path, figure: Note) -> None:
    data = splits.split(home, *kcs.published(korean), kcs.MAPPING)
    measured = compare.on_split(data, apart=[])
    told(
        "kcs_headline",
        "Korean declarations, split as published 韩国报关单，公开划分",
        f"{SPLIT} Most test rows repeat a row of the past: memory does it. 多数测试行与历史重复。",
        measured,
    )
    figure("kcs_headline_p5", measured["this"]["precision_5"][0])


def test_kcs_disjoint(korean: Path, home: Path, figure: Note) -> None:
    data = splits.split(home, *kcs.disjoint(korean), kcs.MAPPING)
    measured = compare.on_split(data, apart=list(kcs.TUPLE))
    told(
        "kcs_disjoint",
        "Korean declarations, no tuple of the test in the past 韩国报关单，元组不重叠划分",
        f"{SPLIT} What shares its tuple with a test row was removed from it. 已剔除重复元组。",
        measured,
    )
    figure("kcs_disjoint_auc", measured["this"]["auc"][0])
    figure("kcs_disjoint_auc_tuned_xgb", measured["xgb_tuned"]["auc"][0])


def test_kcs_simulation(korean: Path, home: Path, tmp_path: Path, figure: Note) -> None:
    # as published for these weeks: a tenth of all that is declared, wherever, is inspected; and a
    # tenth of that is not chosen by rank (half of it drawn, half explored)
    os.environ["CUSTOMS_RISK_CAPACITY_OF"] = "country"
    os.environ["CUSTOMS_RISK_RANDOM_SHARE"] = "0.05"
    settings.cache_clear()
    path = tmp_path / "declarations.csv"
    kcs.everything(korean).to_csv(path, index=False)
    simulation.run_replay(console, home, path, kcs.MAPPING, warm_up=WARM_UP)
    truth = loops.labelled_truth(LabelledFile(home, path, kcs.MAPPING))
    contest = compare.contest(*loops.this_loop(home, truth))
    measured = compare.on_loops([contest], places=[])
    told(
        "kcs_simulation",
        f"Korean declarations week by week, ranked by {settings().ranking} 韩国报关单逐周模拟",
        f"{LOOP} {ALL_OFFICES}",
        measured,
    )
    figure("kcs_sim_norm_precision_10", measured["this"]["norm_precision_last"][0])


def test_sandbox(home: Path, figure: Note) -> None:
    contests = []
    for seed in SEEDS:
        world = home.with_name(f"home_{seed}")
        simulation.run(console, world, weeks=WEEKS, seed=seed, declarations_per_day=DAILY)
        contests.append(compare.contest(*loops.this_loop(world, loops.sandbox_truth(world, seed))))
        forget(world)
    measured = compare.on_loops(contests, places=["office_code"])
    told(
        "sandbox",
        f"Sandbox, seeds {SEEDS}, {DAILY} declarations a day, ranked by {settings().ranking} 沙盒",
        LOOP,
        measured,
    )
    this = measured["this"]
    figure("sandbox_revenue_vs_oracle", this["norm_revenue"][0])
    figure("sandbox_revenue_vs_raw", this["norm_revenue"][0] / measured["xgb"]["norm_revenue"][0])
    figure("sandbox_ece", this["calibration_error"][0])


def told(name: str, title: str, note: str, measured: dict[str, Measured]) -> None:
    """Show a table and keep it."""
    made = table(name, title, note, measured, less="xgb_tuned")
    show(console, made)
    keep(KEPT, made)
