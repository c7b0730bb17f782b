"""The page of the models, a model's card, and the forms that put a model in service."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from psycopg import Connection
from psycopg.errors import UndefinedTable
from psycopg.rows import dict_row

from customs_risk.web.charts import Chart
from customs_risk.web.forms import Own, back, filled, telling
from customs_risk.web.page import Page, Section
from customs_risk.web.pages.models import views
from customs_risk.web.readers import Reader, Reading
from customs_risk.words import Words

_WHO = "assessors and managers of all districts put models in service · 须由全国评估或管理人员决定"
_CARD = """
    select model_version, "role", since, card_en, card_zh
    from assessment.models
    where model_version = %s
"""
_ROLES = 'select model_version, "role" from assessment.models order by trained_at desc'


def _state(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return why training is due, and which models may be gone back to."""
    from ml.due import is_training_due

    try:
        with connection.transaction():
            models = connection.execute(_ROLES).fetchall()
    except UndefinedTable:
        models = []
    return {
        "due": is_training_due() if models else None,
        "others": [version for version, role in models if role != "active"],
        "may_decide": reader.decides_for_all,
    }


def _one(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a model with its card in both languages, as HTML."""
    cursor = connection.cursor(row_factory=dict_row)
    model = cursor.execute(_CARD, [given["model_version"]]).fetchone()
    if model is None:
        raise HTTPException(404, f"no model {given['model_version']} · 无此模型")
    return {
        "model": model,
        "roles": views.ROLES,
        "card": {"en": _as_html(model["card_en"]), "zh": _as_html(model["card_zh"])},
        "may_promote": model["role"] != "active" and reader.decides_for_all,
    }


def _as_html(card: str | None) -> Markup | None:
    """Return a card's Markdown as HTML without its first heading; HTML within it stays text."""
    from markdown_it import MarkdownIt

    if card is None:
        return None
    text = card.partition("\n")[2] if card.startswith("# ") else card
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


router = APIRouter()


@router.post("/roll-back")
def roll_back(
    reader: Reading,
    _: Own,
    reason: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Put an earlier model back in service; without a version, the one that served last before."""
    from ml import registry

    if not reader.decides_for_all:
        raise HTTPException(403, _WHO)
    decision = registry.Decision(reader.login, filled("reason", reason))
    with telling(registry.UnknownModel, registry.UnusableModel):
        registry.roll_back(decision, to or None)
    return back("models")


@router.post("/{model_version}/promote")
def promote(
    model_version: str, reader: Reading, _: Own, reason: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Put a model in service, whatever the policy says of it."""
    from ml import registry

    if not reader.decides_for_all:
        raise HTTPException(403, _WHO)
    decision = registry.Decision(reader.login, filled("reason", reason))
    with telling(registry.UnknownModel, registry.UnusableModel):
        registry.promote(model_version, decision)
    return back(f"models/{model_version}")


_SCORE = Section(
    views.SCORE_DRIFT,
    charts=(
        Chart(
            title=Words("Score: PSI against training", "评分分布：与训练期的PSI"),
            x="observed_on",
            y="value",
            by="model_version",
            x_title=Words("week to", "截至"),
            y_title=Words("PSI", "PSI"),
        ),
    ),
)
_NOVELTY = Section(
    views.NOVELTY,
    charts=(
        Chart(
            title=Words("Never learned of", "未学习对象占比"),
            x="observed_on",
            y="value",
            by="subject",
            x_title=Words("week to", "截至"),
            y_title=Words("share of declarations", "报关单占比"),
            is_share=True,
        ),
    ),
)
_FIND_RATE = Section(
    views.FIND_RATE,
    charts=(
        Chart(
            title=Words("Targeted over random find rate", "精准与随机查获率之比"),
            x="observed_on",
            y="value",
            by="model_version",
            x_title=Words("four weeks to", "截至（四周）"),
            y_title=Words("times", "倍"),
        ),
    ),
)

PAGE = Page(
    name="models",
    title=Words("Models", "模型"),
    about=Words(
        "Which model concludes and which are held against it, how far trade has moved away from "
        "what it learned, and what would make training due.",
        "现用与候选模型、同期比较、漂移情况及重新训练的触发条件。",
    ),
    reads="assessment",
    sections=(
        Section(views.REGISTRY),
        Section(views.COMPARISONS),
        Section(views.TRIGGERS),
        _SCORE,
        _NOVELTY,
        _FIND_RATE,
        Section(views.LIFE),
    ),
    template="models.html",
    more=_state,
    router=router,
    below=(
        Page(
            name="models/{model_version}",
            title=Words("Model", "模型"),
            about=Words("A model's card, life and drift.", "模型卡片、历程与漂移。"),
            reads="assessment",
            sections=(Section(views.LIFE), _SCORE, _NOVELTY, _FIND_RATE, Section(views.FEATURES)),
            template="model.html",
            more=_one,
        ),
    ),
)
