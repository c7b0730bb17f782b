"""What is in a row, as people read it: shares in percent, yuan with separators, times at home."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from customs_risk.settings import settings
from customs_risk.web.views import Column, Row
from customs_risk.web.words import Language, Words

BASE = "/customs-risk"
_NOTHING = "–"


def templates() -> Environment:
    """Return the templates' environment."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"base": BASE, "cell": cell, "written": written, "moment": moment}
    environment.filters["embedded"] = embedded
    return environment


def cell(column: Column, row: Row, language: Language) -> Markup | str:
    """Return a row's cell in one language, with its link if it leads somewhere."""
    value = column.told(row, language)
    text = written(column, value, language)
    if column.link is None or value is None:
        return text
    return Markup('<a href="{}/{}">{}</a>').format(BASE, _address(column.link, row), text)


def written(column: Column, value: Any, language: Language) -> str:
    """Return a value as it is read."""
    if value is None:
        return _NOTHING
    match column.kind:
        case "count":
            return f"{value:,.0f}"
        case "share":
            return f"{100 * float(value):.2f} %"
        case "yuan":
            return f"¥{value:,.0f}"
        case "number" | "hours" | "days":
            return f"{float(value):,.3g}" if abs(float(value)) < 10 else f"{float(value):,.1f}"
        case "time":
            return moment(value)
        case "flag":
            return Words("yes", "是").said(language) if value else Words("no", "否").said(language)
        case "list":
            return "、".join(map(str, value)) if language == "zh" else ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def moment(value: datetime) -> str:
    """Return a time in the business zone, to the minute."""
    return value.astimezone(settings().zone).strftime("%Y-%m-%d %H:%M")


def embedded(value: Mapping[str, Any]) -> Markup:
    """Return JSON that can stand within a script element."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _address(link: str, row: Row) -> str:
    return link.format_map({name: quote(str(value), safe="") for name, value in row.items()})
