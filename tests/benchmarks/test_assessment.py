"""What training and scoring cost over bare XGBoost on a matrix that lies ready in memory.

Bare is the same booster, of the same settings and rounds, on the same rows: learning from a matrix,
predicting from XGBoost's own. The whole reads from the warehouse, validates, calibrates, estimates
what is not known, and writes. Each is done in turn, in one process, on one thread.

`LABELS=200000` and `LEARNED=1000000` measure fewer rows.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import xgboost

from customs_risk.settings import REPOSITORY, Settings, settings
from customs_risk.warehouse import connect
from ml import data, registry, score, train
from ml.config import configured
from ml.features import NAMES, directions
from ml.matrix import THREADS, as_matrix
from tests.benchmarks import assessed

Figure = Callable[[str, float], None]

LABELS = int(os.environ.get("LABELS", "1000000"))
LEARNED = int(os.environ.get("LEARNED", "10000000"))
_FEATURES = 60
_GIB = 2**30


@pytest.fixture
def newest(warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a model learn from so many labels."""

    def learn_from(rows: int) -> None:
        monkeypatch.setenv("CUSTOMS_RISK_NEWEST_LABELS", str(rows))
        settings.cache_clear()

    return learn_from


def test_assessment(newest: Callable[[int], None], figure: Figure) -> None:
    assessed.make(LABELS, is_inspected=True)
    newest(LABELS)
    whole = seconds_of(train.train)
    with connect() as connection:
        (rounds,) = connection.execute(
            "select (metrics ->> 'rounds')::int from ml.models where is_active"
        ).fetchone()
    labels = data.labelled(LABELS)
    bare = seconds_of(lambda: learn(labels.values, labels.found, rounds))
    figure("train_rounds", rounds)
    figure("train_seconds", whole)
    figure("train_bare_seconds", bare)
    figure("train_vs_bare", whole / bare)

    assessed.make(LABELS, is_inspected=False)
    model = registry.active().model
    ready = xgboost.DMatrix(labels.values, feature_names=list(NAMES), nthread=THREADS)
    bare = seconds_of(lambda: model.booster.predict(ready, output_margin=True))
    whole = seconds_of(score.assess)
    figure("score_rows_per_second", LABELS / whole)
    figure("score_bare_rows_per_second", LABELS / bare)
    figure("score_vs_bare", bare / whole)


def test_memory(newest: Callable[[int], None], figure: Figure) -> None:
    """Training in a process of its own; what it takes grows with the features, of which there are
    fewer than sixty: the figure is scaled up to as many.
    """
    assessed.make(LEARNED, is_inspected=True)
    newest(LEARNED)
    seconds = seconds_of(
        lambda: subprocess.run(
            [sys.executable, "-c", "from ml.train import train; assert train()"],
            check=True,
            cwd=REPOSITORY,
        )
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / _GIB
    figure("train_10m_minutes", seconds / 60)
    figure("train_10m_gib_as_is", peak)
    figure("train_10m_gib", peak * _FEATURES / len(NAMES))


def learn(values: np.ndarray, found: np.ndarray, rounds: int) -> xgboost.Booster:
    parameters = configured().booster.parameters() | {
        "objective": "binary:logistic",
        "monotone_constraints": str(directions(NAMES)),
    }
    return xgboost.train(parameters, as_matrix(values, found), rounds)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
