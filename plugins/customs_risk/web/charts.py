"""A view's rows as a chart, in the form that Plotly draws in the browser.

Every chart stands above the table that it draws, so that whoever cannot see it reads the same.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from customs_risk.web.views import Row, View
from customs_risk.words import Language, Words

# eight colours that colour-blind readers tell apart (Okabe and Ito, 2008), the darker ones first,
# and marks that differ without colour
_COLOURS = ("#0072B2", "#D55E00", "#007A5A", "#A0527F", "#56B4E9", "#B37400", "#333333", "#8A8A00")
_MARKS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "hexagon")
# of more series than these nobody could tell the intervals apart: the table has them
_MOST_INTERVALS = 8
_FEW_DAYS = 8
_ABOVE = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
_BESIDE = {"orientation": "v", "x": 1.01, "y": 1}


@dataclass(frozen=True)
class Chart:
    """How columns become a picture: ``y`` over ``x``, one series for each value of ``by``.

    ``low`` and ``high`` are an interval's ends. ``is_share`` writes ``y`` in percent. ``diagonal``
    adds the line on which ``y`` equals ``x``.
    """

    title: Words
    x: str
    y: str
    x_title: Words
    y_title: Words
    form: Literal["line", "bar", "points"] = "line"
    by: str | None = None
    low: str | None = None
    high: str | None = None
    is_share: bool = False
    diagonal: bool = False

    def figure(self, view: View, rows: list[Row], language: Language) -> dict[str, Any]:
        """Return data and layout for ``Plotly.newPlot``."""
        series: dict[str, list[Row]] = {}
        for row in rows:
            if row.get(self.y) is not None:
                name = "" if self.by is None else str(view.by_name[self.by].told(row, language))
                series.setdefault(name, []).append(row)
        traces = [
            self._trace(name, mine, place, has_interval=len(series) <= _MOST_INTERVALS)
            for place, (name, mine) in enumerate(series.items())
        ]
        if self.diagonal:
            traces.append(
                {
                    "x": [0, 1], "y": [0, 1], "mode": "lines", "showlegend": False,
                    "hoverinfo": "skip", "line": {"dash": "dot", "color": "#5c6670", "width": 1},
                }
            )  # fmt: skip
        first = rows[0][self.x] if rows else None
        kind: dict[str, Any] = {}
        if isinstance(first, str):  # a code made of digits is no number
            kind = {"type": "category"}
        elif isinstance(first, date):
            kind = {"tickformat": "%Y-%m-%d"}
            days = sorted({row[self.x].isoformat() for row in rows if row[self.x]})
            if len(days) <= _FEW_DAYS:
                # left to itself, the axis would tell hours between them
                kind["tickvals"] = days
        tick = {"tickformat": ",.1%"} if self.is_share else {}
        return {
            "data": traces,
            "layout": {
                "title": {"text": self.title.said(language)},
                "xaxis": {
                    "title": {"text": self.x_title.said(language)}, "automargin": True, **kind
                },
                "yaxis": {
                    "title": {"text": self.y_title.said(language)}, "rangemode": "tozero", **tick
                },
                "showlegend": len(series) > 1,
                "legend": _BESIDE if len(series) > _MOST_INTERVALS else _ABOVE,
                "barmode": "group",
            },
        }  # fmt: skip

    def _trace(
        self, name: str, rows: list[Row], place: int, *, has_interval: bool
    ) -> dict[str, Any]:
        colour = _COLOURS[place % len(_COLOURS)]
        trace: dict[str, Any] = {
            "name": name,
            "x": [_plain(row[self.x]) for row in rows],
            "y": [_plain(row[self.y]) for row in rows],
            "marker": {"color": colour},
        }
        if self.form == "bar":
            trace["type"] = "bar"
        else:
            trace["type"] = "scatter"
            trace["mode"] = "lines+markers" if self.form == "line" else "markers"
            trace["marker"]["symbol"] = _MARKS[place % len(_MARKS)]
            trace["line"] = {"dash": ("solid", "dash", "dot")[place // len(_COLOURS) % 3]}
        if self.low and self.high and has_interval:
            trace["error_y"] = {
                "type": "data",
                "symmetric": False,
                "array": [_distance(row, self.y, self.high) for row in rows],
                "arrayminus": [_distance(row, self.low, self.y) for row in rows],
                "thickness": 1,
                "color": colour,
            }
        return trace


def _distance(row: Row, start: str, end: str) -> float:
    first, last = row[start], row[end]
    return 0.0 if first is None or last is None else max(float(last) - float(first), 0.0)


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
