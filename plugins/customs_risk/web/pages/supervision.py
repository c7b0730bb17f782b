"""Enforcement supervision, for auditors alone: hints with their evidence, and who read what."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse
from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk.codes import HINT_CLASSES
from customs_risk.web.charts import Chart
from customs_risk.web.forms import Own, back, filled, telling
from customs_risk.web.page import Page, Section
from customs_risk.web.pages import supervision_views as views
from customs_risk.web.readers import Reader, Reading
from customs_risk.words import Words

_HINT = """
    select hints.*, units.name_en as office_en, units.name_zh as office_zh
    from supervision.hints as hints
    left join reference.customs_units as units
        on units.unit_code = hints.office_code and units.valid_to is null
    where hints.hint_id = %s
    limit 1
"""


def _one(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a hint with the numbers that it rests on; its source rows are a section."""
    cursor = connection.cursor(row_factory=dict_row)
    hint = cursor.execute(_HINT, [given["hint_id"]]).fetchone()
    if hint is None:
        raise HTTPException(404, f"no hint {given['hint_id']} · 无此提示")
    numbers = {key: value for key, value in hint["evidence"].items() if key != "sources"}
    return {
        "hint": hint,
        "numbers": numbers,
        "classes": HINT_CLASSES,
        "subjects": views.SUBJECTS,
        "verdicts": views.VERDICTS,
    }


router = APIRouter()


@router.post("/{hint_id}/review")
def review(
    hint_id: str,
    reader: Reading,
    _: Own,
    verdict: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Note what an auditor made of a hint; a later review takes an earlier one's place."""
    from customs_risk.supervision import reviews

    if not reader.is_any("auditor"):
        raise HTTPException(403, "auditors review hints · 提示须由审计员核查")
    match verdict:
        case "confirmed" | "explained" | "dismissed":
            with telling(reviews.UnknownHint):
                reviews.review(hint_id, verdict, by=reader.login, reason=filled("reason", reason))
        case _:
            raise HTTPException(422, f"{verdict!r} is no verdict · 核查结论无效")
    return back(f"supervision/{hint_id}")


PAGE = Page(
    name="supervision",
    title=Words("Supervision", "执法监督"),
    about=Words(
        "What is unlike what it should be, and who read what. A hint is no accusation: it says "
        "where to look. For auditors alone; that it was read is noted, too.",
        "与应有情形不符的提示，以及查阅记录。提示并非定论，仅指明应核查之处。仅供审计员查看，查阅本页亦留痕。",
    ),
    reads="supervision",
    sections=(
        Section(views.HINTS),
        Section(
            views.BY_RULE,
            charts=(
                Chart(
                    title=Words("Hints by rule", "各规则提示数"),
                    x="rule_code",
                    y="hints",
                    by="hint_class",
                    x_title=Words("rule", "规则"),
                    y_title=Words("hints", "提示数"),
                    form="bar",
                ),
            ),
        ),
        Section(views.READERS),
        Section(views.READS),
    ),
    router=router,
    below=(
        Page(
            name="supervision/{hint_id}",
            title=Words("Hint", "监督提示"),
            about=Words("A hint with its evidence.", "提示及其证据。"),
            reads="supervision",
            sections=(Section(views.SOURCES), Section(views.REVIEWS)),
            template="hint.html",
            more=_one,
        ),
    ),
)
