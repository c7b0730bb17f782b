"""A table of rivals: measured on the same draws, shown, and kept as CSV, JSON and Markdown."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from tests.benchmarks.models.measures import Figure, figure_of
from tests.benchmarks.models.rivals import NAMES

Floats = NDArray[np.float64]
Measured = dict[str, Floats]  # measure: its value on the sample, then on each resample

# key: English, Chinese
MEASURES = {
    "auc": ("AUC", "AUC"),
    "average_precision": ("AP", "平均精度"),
    "brier": ("Brier", "Brier"),
    "calibration_error": ("ECE", "校准误差"),
    "norm_precision": ("norm-prec.", "归一查准"),
    "norm_revenue": ("norm-rev.", "归一税款"),
    "norm_precision_last": ("n-p. last", "末13周"),
    "norm_revenue_last": ("n-r. last", "末13周"),
    **{
        f"{key}_{share}": (f"{english} {share}%", f"{chinese} {share}%")
        for key, english, chinese in (
            ("precision", "prec.", "查准"),
            ("recall", "recall", "查全"),
            ("revenue", "rev.", "税款"),
        )
        for share in (1, 2, 5, 10)
    },
}
# columns that fit a terminal together
_PARTS = [list(MEASURES)[:8], list(MEASURES)[8:16], list(MEASURES)[16:]]


@dataclass(frozen=True)
class Table:
    """What each row measured on one dataset; a measure that a row does not have is not there."""

    name: str
    title: str
    note: str
    rows: dict[str, dict[str, Figure]]

    @property
    def measures(self) -> list[str]:
        """The measures that some row has, in the order of `MEASURES`."""
        return [key for key in MEASURES if any(key in row for row in self.rows.values())]


def table(name: str, title: str, note: str, measured: dict[str, Measured], less: str) -> Table:
    """Make a table, with a last row for this system less one rival, draw by draw."""
    rows = {
        key: {name: figure_of(values) for name, values in measured[key].items()}
        for key in NAMES
        if key in measured
    }
    ours, theirs = measured["this"], measured[less]
    rows[f"this - {less}"] = {
        name: figure_of(values - theirs[name]) for name, values in ours.items() if name in theirs
    }
    return Table(name, title, note, rows)


def show(console: Console, shown: Table) -> None:
    """Print a table in parts that fit a terminal: value above, 95 % interval below."""
    console.print(f"\n{shown.title}", style="bold")
    for part in _PARTS:
        printed = RichTable(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1))
        printed.add_column("", no_wrap=True)
        measures = [key for key in part if key in shown.measures]
        for key in measures:
            printed.add_column("\n".join(MEASURES[key]), justify="right", no_wrap=True)
        for row, figures in shown.rows.items():
            cells = [_cell(figures.get(key), "\n") for key in measures]
            printed.add_row("\n".join(_named(row)), *cells)
        console.print(printed)
    console.print(shown.note, style="dim")


def keep(folder: Path, kept: Table) -> None:
    """Write the table as CSV (a column per value and per end), JSON and Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{kept.name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", *(f"{key}{end}" for key in kept.measures for end in _ENDS)])
        for row, figures in kept.rows.items():
            writer.writerow([row, *_ends(figures, kept.measures)])
    (folder / f"{kept.name}.json").write_text(
        json.dumps(asdict(kept), indent=1, ensure_ascii=False), encoding="utf-8"
    )
    (folder / f"{kept.name}.md").write_text("\n".join(_markdown(kept)), encoding="utf-8")


_ENDS = ("", "_low", "_high")


def _ends(figures: dict[str, Figure], measures: list[str]) -> Iterator[float | None]:
    for key in measures:
        figure = figures.get(key)
        yield from (figure.value, figure.low, figure.high) if figure else (None, None, None)


def _markdown(kept: Table) -> Iterator[str]:
    yield f"# {kept.title}\n"
    yield f"{kept.note}\n"
    yield "| | " + " | ".join(" ".join(MEASURES[key]) for key in kept.measures) + " |"
    yield "|---|" + "---:|" * len(kept.measures)
    for row, figures in kept.rows.items():
        cells = (_cell(figures.get(key), "<br>") for key in kept.measures)
        yield f"| {' '.join(_named(row))} | " + " | ".join(cells) + " |"
    yield ""


def _named(row: str) -> tuple[str, str]:
    ours, _, theirs = row.partition(" - ")
    if not theirs:
        return NAMES[row]
    return f"less {NAMES[theirs][0]}", f"{NAMES[ours][1]}减去前者"


def _cell(figure: Figure | None, between: str) -> str:
    if figure is None or np.isnan(figure.value):
        return "–"
    low, high = _short(figure.low), _short(figure.high)
    return f"{_short(figure.value)}{between}{low}–{high}"


def _short(number: float) -> str:
    written = f"{number:.3f}"
    return written.replace("0.", ".", 1) if abs(number) < 1 else written
