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
from customs_risk.web.views import Column, Kind, Row
from customs_risk.words import Language, Words

BASE = "/customs-risk"
# a document holds its own drawings and styles, runs nothing, loads nothing and leads nowhere
DOCUMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
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
    text = _written(column.kind_in(row), value, language)
    address = _address(column.link, row)
    if address is None or value is None:
        return text
    return Markup('<a href="{}/{}">{}</a>').format(BASE, address, text)


def written(column: Column, value: Any, language: Language) -> str:
    """Return a column's value as it is read."""
    return _written(column.kind, value, language)


def _written(kind: Kind, value: Any, language: Language) -> str:
    if value is None:
        return _NOTHING
    match kind:
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
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_NOTHING if v is None else v}" for name, v in value.items())
    return value.isoformat() if isinstance(value, date) else str(value)


def moment(value: datetime) -> str:
    """Return a time in the business zone, to the minute."""
    return value.astimezone(settings().zone).strftime("%Y-%m-%d %H:%M")


def embedded(value: Mapping[str, Any]) -> Markup:
    """Return JSON that can stand within a script element."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _address(link: str | None, row: Row) -> str | None:
    """Return where a link leads for a row; one that is a column alone holds the whole address."""
    if link is None:
        return None
    if link[1:-1] in row:
        return row[link[1:-1]]
    values = {name: quote("" if each is None else str(each), safe="") for name, each in row.items()}
    return link.format_map(values)
