"""Charts as SVG: letters are drawn as shapes, so they look the same wherever they are read.

The same figures make the same bytes: no date, no name of a program, identifiers from a fixed salt.
"""

import io
import re
from functools import cache
from typing import Any

from customs_risk.treat.reports.content import Chart

FAMILY = "Noto Sans SC"
_COLOURS = ("#1f5fa8", "#c0562b", "#4d7f3d")
_SIZE = (7.2, 2.7)
_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}
_REFERENCES = re.compile(r'(\bid="|xlink:href="#|url\(#)')


def draw(chart: Chart, name: str) -> str:
    """Return a chart as an ``<svg>`` element; its identifiers begin with ``name``."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    _register()
    with rc_context({"font.family": FAMILY, "svg.hashsalt": "customs-risk", "font.size": 8}):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        (_lines if chart.kind == "lines" else _bars)(axes, chart)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        axes.grid(axis="y", linewidth=0.4, alpha=0.6)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata=_NOTHING)
    svg = written.getvalue()
    # several on one page must not share identifiers
    return _REFERENCES.sub(rf"\g<1>{name}_", svg[svg.index("<svg") :])


def _lines(axes: Any, chart: Chart) -> None:
    places = range(len(chart.labels))
    for series, colour in zip(chart.series, _COLOURS, strict=False):
        told = [i for i in places if series.values[i] is not None]
        axes.plot(
            told, [series.values[i] for i in told], marker="o", markersize=3, color=colour,
            label=str(series.name),
        )  # fmt: skip
        sure = [i for i in told if series.lows[i] is not None]
        axes.fill_between(
            sure, [series.lows[i] for i in sure], [series.highs[i] for i in sure], color=colour,
            alpha=0.15, linewidth=0,
        )  # fmt: skip
    axes.set_xticks(list(places), chart.labels)
    axes.legend(frameon=False)


def _bars(axes: Any, chart: Chart) -> None:
    (series,) = chart.series
    values = [value or 0 for value in series.values]
    below = [value - (low or 0) for value, low in zip(values, series.lows, strict=True)]
    above = [(high or 0) - value for value, high in zip(values, series.highs, strict=True)]
    ends = [[max(end, 0) for end in side] for side in (below, above)]
    axes.bar(range(len(values)), values, yerr=ends, color=_COLOURS[0], ecolor="#333", capsize=2)
    axes.set_xticks(range(len(values)), chart.labels)


@cache
def _register() -> None:
    from matplotlib import font_manager
    from pylopdf_fonts_zh_cn import sans_path

    font_manager.fontManager.addfont(str(sans_path()))
