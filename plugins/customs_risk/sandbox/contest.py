"""A replay's outcome: this system beside a plain XGBoost and random selection, per month."""

from typing import Literal

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from customs_risk import warehouse
from customs_risk.settings import settings
from ml import baselines, evaluate, weekly

_LOOP = "this"
_RIVALS: tuple[Literal["plain", "random"], ...] = ("plain", "random")
_MEASURES = {
    "precision": "prec.\n查准",
    "recall": "rec.\n查全",
    "norm_precision": "n-pr.\n归一准",
    "norm_revenue": "n-rev.\n归一税",
}

_DECLARATIONS = f"""
select
    declarations.declaration_id,
    declarations.known_on as week,
    {", ".join((*baselines.CATEGORIES, *(f"{name}::float8" for name in baselines.NUMBERS)))},
    decisions.selected_by <> 'none' as selected
from intermediate.int_declarations as declarations
inner join (
    select declaration_id, selected_by from treatment.decisions
) as decisions using (declaration_id)
order by declarations.known_on, declarations.declaration_id
"""


def show(console: Console, truth: pd.DataFrame, warm_up: int) -> None:
    """Print precision, recall and their normalised forms per month for the three.

    Each rival chooses for itself, week by week, and learns only from what it chose. Declarations
    in quarantine were nobody's to choose. ``truth`` is what `LabelledFile.truth` gives.
    """
    rows = _with_truth(warehouse.read_arrow(_DECLARATIONS).to_pandas(), truth)
    results = {_LOOP: evaluate.by_month(rows)}
    for name in _RIVALS:
        chosen = weekly.rival(
            rows,
            name,
            inspection_rate=settings().inspection_rate,
            random_share=settings().random_share,
            capacity_of=settings().capacity_of,
            warm_up=warm_up,
        )
        results[name] = evaluate.by_month(chosen)
    console.print(_table(results))
    console.print(
        "this: this system 本系统; plain: XGBoost on raw columns 普通模型; random 随机. "
        "n-: what was caught over the most that as many inspections could have caught. Revenue is "
        "what the mapping says a finding brings."
    )


def _with_truth(rows: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    joined = rows.merge(truth, on="declaration_id", validate="one_to_one")
    return joined.assign(
        found=joined["has_finding"].astype(int),
        revenue_cny=joined["additional_duty_cny"].where(joined["has_finding"], 0.0),
        month=joined["declared_on"].astype(str).str[:7],
    )


def _table(results: dict[str, pd.DataFrame]) -> Table:
    table = Table(
        title="Month by month 逐月结果",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
    )
    table.add_column("", no_wrap=True)
    table.add_column("inspected\n查验", justify="right", no_wrap=True)
    for measure in _MEASURES.values():
        for name in results:
            table.add_column(f"{measure}\n{name}", justify="right", no_wrap=True)
    loop = results[_LOOP]
    for position, month in enumerate(loop["month"]):
        cells = [
            f"{result[measure].iloc[position]:.2f}"
            for measure in _MEASURES
            for result in results.values()
        ]
        table.add_row(str(month), str(loop["inspected"].iloc[position]), *cells)
    return table
