"""A report as one HTML page that needs nothing else: no script, no font, no other file."""

from collections.abc import Mapping
from pathlib import Path

from customs_risk.treat.reports.content import Report

_FOLDER = Path(__file__).parent


def page(report: Report, charts: Mapping[str, str]) -> bytes:
    """Return the page; ``charts`` holds the SVG of each section that has one, by its key."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = {key: Markup(svg) for key, svg in charts.items()}
    text = templates.get_template("report.html").render(report=report, charts=drawn)
    return text.encode()
