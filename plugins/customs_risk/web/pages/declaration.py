"""One declaration: its story in order of time, and what was known of it at any moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from psycopg import Connection

from customs_risk.web.page import Page, Section
from customs_risk.web.pages.declaration_story import AT, STORY
from customs_risk.web.pages.declaration_views import CONCLUSION, DECISION, DECLARED, TABLES
from customs_risk.web.readers import Reader
from customs_risk.web.views import Column, View
from customs_risk.words import Words

# a figure, as it was stored and as it comes out of what was known then
Compared = tuple[Column, Any, Any]


def _told(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what was known at the moment asked for, if one is; the story is in the sections."""
    declaration_id = given["declaration_id"]
    # one of another district is as unknown as one that there is not
    if not DECLARED.rows(connection, {"declaration_id": declaration_id}):
        raise HTTPException(
            404, f"{declaration_id}: no such declaration of yours · 辖区内无此报关单"
        )
    moment: datetime | None = AT.read(given.get("at"))
    return {
        "declaration_id": declaration_id,
        "at": given.get("at") if moment else None,
        "then": _then(reader, declaration_id, moment) if moment else None,
    }


def _then(reader: Reader, declaration_id: str, moment: datetime) -> dict[str, Any]:
    """Return what was known then and would have been concluded from it, or why nothing is told.

    The replay runs as the pipeline: it is for who may see the declaration, and reads conclusions.
    """
    if "assessment" not in reader.reads:
        return {
            "refusal": Words("Your role does not read conclusions.", "您的角色无权查看评估结论。")
        }
    from ml.replay import UnknownDeclaration, replay

    try:
        told = replay(declaration_id, moment)
    except UnknownDeclaration:
        return {"refusal": Words("Nothing of it was known then.", "该时点尚未获知此报关单。")}
    return {
        "refusal": None,
        "as_of_on": told.as_of_on,
        "model_version": told.model_version,
        "parts": [
            (view.title, _compared(view, told.stored[part], told.replayed[part]))
            for part, view in _PARTS.items()
            if part in told.stored and part in told.replayed
        ],
        "features": _features(told.stored["features"], told.replayed["features"]),
        "differences": len(told.differences),
    }


_PARTS = {"conclusion": CONCLUSION, "decision": DECISION}


def _compared(view: View, stored: dict[str, Any], replayed: dict[str, Any]) -> list[Compared]:
    """Return each figure as it was stored and as it comes out, called as on the page of today."""
    return [
        (each, stored[each.name], replayed.get(each.name))
        for each in view.columns
        if each.name in stored
    ]


def _features(stored: dict[str, Any], replayed: dict[str, Any]) -> list[tuple[Words, Any, Any]]:
    """Return each feature in words, with its value as it was stored and as it was known then."""
    import numpy as np

    from ml.features import BY_NAME, phrases

    rows = []
    for name, value in replayed.items():
        number = np.array([np.nan if value is None else value], dtype=float)
        (english,), (chinese,) = phrases(BY_NAME[name], number)
        rows.append((Words(f"{name}: {english}", f"{name}：{chinese}"), stored[name], value))
    return rows


ONE = Page(
    name="declarations/{declaration_id}",
    title=Words("Declaration", "报关单"),
    about=Words(
        "Its story in order of time, and what was known of it at any moment.",
        "按时间顺序的全过程，以及任一时点的所知。",
    ),
    reads="core",
    sections=tuple(Section(each) for each in (*STORY, *TABLES)),
    template="declaration.html",
    more=_told,
)
