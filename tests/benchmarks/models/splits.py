"""A past whose results are all known, a future of which nothing is, and what learned from the past.

Both go through the real pipeline: the past as a backfill with its results, the future as live
deliveries of a week each, without results. So the features of the future say what was known at the
end of the past, up to three months before. (In the living system results come back all the time;
the simulations measure that.)
"""

from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from customs_risk import steps
from customs_risk.sandbox.delivery import deliver, sent_on
from customs_risk.sandbox.home import fresh_home
from customs_risk.sandbox.inspectors import inspect
from customs_risk.sandbox.replay import SEED, LabelledFile
from customs_risk.warehouse import read_arrow
from ml import data, registry
from ml.baselines import CATEGORIES, NUMBERS
from ml.model import Model

Floats = NDArray[np.float64]

_SENT = time(23)
# one to one: the grain stays one row per declaration
_ROWS = f"""
select
    features.*,
    {", ".join(f"declarations.{name} as declared_{name}" for name in CATEGORIES)},
    {", ".join(f"declarations.{name}::float8 as declared_{name}" for name in NUMBERS)}
from intermediate.int_declaration_features as features
inner join intermediate.int_declarations as declarations using (importer_id, declaration_id)
where features.is_backfill = {{is_past}}
order by features.known_on, features.declaration_id
"""


@dataclass(frozen=True)
class Rows:
    """Declarations in the order in which they became known, and what is true of them."""

    values: Floats  # rows × ml.features.NAMES, as they were known when each was declared
    raw: pd.DataFrame  # as they were declared: the columns of ml.baselines
    found: Floats  # 0 or 1
    revenue_cny: Floats
    day: NDArray[np.object_]  # on which each was declared


@dataclass(frozen=True)
class Split:
    """What every row of a table learns from and is measured on, and this system's model."""

    past: Rows
    future: Rows
    model: Model


class AnsweredFile(LabelledFile):
    """A labelled file that is history: all of it was inspected, and every result is known."""

    def deliver_history(self) -> None:
        """Deliver the declarations and their results, each known a day after its declaration."""
        days = pd.to_datetime(self._declared_on).to_numpy(dtype="datetime64[D]") + 1
        asked = pd.DataFrame(
            {
                "declaration_id": self._source("declaration_id"),
                "office_code": self._source("office_code"),
                "instruction_id": None,
                "selected_by": "random",  # nobody chose: all were inspected
            }
        )
        results = inspect(SEED, asked, days, self._truth(), {}, detection=1.0)
        sent = sent_on(self._declared_on.max() + timedelta(days=1), _SENT)
        rows = self._rows.drop(columns=self._hidden)
        deliver(self.home, "declarations", rows, sent, backfill=True)
        deliver(self.home, "inspection_results", results, sent, backfill=True)


def split(home: Path, past: pd.DataFrame, future: pd.DataFrame, mapping: Path) -> Split:
    """Bring a past and a future (rows of a labelled file) through the pipeline; train on the past.

    ``home`` is deleted first, and keeps what was built. What ends in quarantine is nobody's to
    rank. Raises ValueError if the past is too small to train on.
    """
    with fresh_home(home, declarations_mapping=str(mapping)):
        history = AnsweredFile(home, _written(home / "past.csv", past), mapping)
        history.deliver_history()
        live = LabelledFile(home, _written(home / "future.csv", future), mapping)
        for number in range(len(live.weeks())):
            live.deliver_week(number)
        for feed in ("inspection_results", "declarations"):
            steps.collect(feed)
        steps.prepare()
        steps.train()
        trained = registry.active()
        if trained is None:
            raise ValueError("the past is too small to train on")
        return Split(
            past=_rows(history.truth(), is_past=True),
            future=_rows(live.truth(), is_past=False),
            model=trained.model,
        )


def _rows(truth: pd.DataFrame, *, is_past: bool) -> Rows:
    table = read_arrow(_ROWS.format(is_past=is_past))
    ids = table.select(["declaration_id"]).to_pandas()
    true = ids.merge(truth, validate="one_to_one")
    names = [*CATEGORIES, *NUMBERS]
    declared = table.select([f"declared_{name}" for name in names])
    return Rows(
        values=data.matrix(table),
        raw=declared.rename_columns(names).to_pandas(),
        found=true["has_finding"].to_numpy(float),
        revenue_cny=true["additional_duty_cny"].to_numpy(float),
        day=true["declared_on"].to_numpy(object),
    )


def _written(path: Path, rows: pd.DataFrame) -> Path:
    rows.to_csv(path, index=False)
    return path
