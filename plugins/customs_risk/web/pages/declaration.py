"""One declaration: its story in order of time, and what was known of it at any moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from customs_risk.web.page import Section, asked, show
from customs_risk.web.pages.declaration_story import AT, STORY
from customs_risk.web.pages.declaration_views import DECLARED, FACTS, TABLES
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.views import Row, View
from customs_risk.web.words import Words

VIEWS: tuple[View, ...] = (*STORY, *FACTS, *TABLES)

router = APIRouter()


@router.get("/{declaration_id}")
def declaration(declaration_id: str, request: Request, reader: Reading) -> HTMLResponse:
    """Return one declaration; one of another district is as unknown as one that there is not."""
    told = request.query_params.get("at")
    moment: datetime | None = AT.read(told)
    given: Mapping[str, str] = {"declaration_id": declaration_id, **({"at": told} if told else {})}
    with reader.connect() as connection:
        if not DECLARED.rows(connection, {"declaration_id": declaration_id}):
            raise HTTPException(
                404,
                f"{declaration_id}: no such declaration in your jurisdiction · 辖区内无此报关单",
            )
        # looking back, what is known now is left out
        stories, facts, tables = (
            [asked(Section(each), connection, given) for each in views]
            for views in (STORY, () if moment else FACTS, () if moment else TABLES)
        )
    return show(
        request,
        reader,
        "declaration.html",
        declaration_id=declaration_id,
        at=told or "",
        story=_in_order([row for each in stories for row in each.rows]),
        unread=[each.section.view for each in stories if each.refusal],
        facts=[each for each in facts if each.rows],
        sections=[each for each in tables if each.rows],
        then=_then(reader, declaration_id, moment) if moment else None,
    )


def _in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["happened_at"], row["place"]))


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
            (title, _compared(told.stored[part], told.replayed[part]))
            for part, title in _PARTS.items()
            if part in told.stored and part in told.replayed
        ],
        "features": _features(told.stored["features"], told.replayed["features"]),
        "differences": len(told.differences),
    }


_PARTS = {
    "conclusion": Words("Conclusion", "结论"),
    "decision": Words("Selection", "选查"),
}


def _compared(stored: dict[str, Any], replayed: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "stored": value, "then": replayed.get(name)}
        for name, value in stored.items()
        if name != "hazard_factors"
    ]


def _features(stored: dict[str, Any], replayed: dict[str, Any]) -> list[dict[str, Any]]:
    import numpy as np

    from ml.features import BY_NAME, phrases

    rows = []
    for name, value in replayed.items():
        number = np.array([np.nan if value is None else value], dtype=float)
        (english,), (chinese,) = phrases(BY_NAME[name], number)
        rows.append(
            {"name": name, "stored": stored[name], "then": value, "words": Words(english, chinese)}
        )
    return rows
