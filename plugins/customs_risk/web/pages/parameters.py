"""Parameters: the list, and each with its impact analysis and what its officers may decide."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from customs_risk.web.charts import Chart
from customs_risk.web.forms import Own, back
from customs_risk.web.page import Page, Section, asked, show
from customs_risk.web.pages import parameter_views as views
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.words import Words

# who may decide on which parameter is the organisation's rule (ops.parameter_refusal)
_OFFICER = "parameter_officer"

# what may become of a version, and from which states
_EVENTS: dict[str, tuple[Words, frozenset[str]]] = {
    "approved": (Words("Approve", "批准"), frozenset({"proposed"})),
    "refused": (Words("Reject", "驳回"), frozenset({"proposed"})),
    "activated": (Words("Activate", "启用"), frozenset({"approved", "suspended"})),
    "suspended": (Words("Suspend", "暂停"), frozenset({"activated"})),
    "withdrawn": (
        Words("Withdraw: it ends now", "撤回（即时失效）"),
        frozenset({"proposed", "approved", "activated", "suspended"}),
    ),
}
_RATES = Chart(
    title=Words("Find rate of its examined hits", "已查验命中的查获率"),
    x="cohort_on",
    y="value",
    by="metric_code",
    low="low",
    high="high",
    x_title=Words("week of decision", "决定周"),
    y_title=Words("find rate", "查获率"),
    is_share=True,
)

router = APIRouter()


@router.get("/{parameter_id}")
def parameter(parameter_id: str, request: Request, reader: Reading) -> HTMLResponse:
    """Return one parameter with its versions, its impact and its history."""
    return _shown(parameter_id, request, reader)


@router.post("/{parameter_id}/impact")
def analyse(
    parameter_id: str,
    request: Request,
    reader: Reading,
    _: Own,
    version: Annotated[int, Form()],
) -> Response:
    """Run the impact analysis of a version."""
    from customs_risk.treat.parameters import impact
    from customs_risk.treat.parameters.store import UnusableParameter

    _may_act(reader)
    try:
        impact.analyse(parameter_id, version, by=reader.login)
    except UnusableParameter as refused:
        return _shown(parameter_id, request, reader, refused=str(refused), status=409)
    return back(f"parameters/{_quoted(parameter_id)}#parameter-impacts-title")


@router.post("/{parameter_id}/decide")
def decide(
    parameter_id: str,
    request: Request,
    reader: Reading,
    _: Own,
    version: Annotated[int, Form()],
    event: Annotated[Literal["approved", "refused", "activated", "suspended", "withdrawn"], Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Note what an officer decides on a version; the organisation's rule may refuse it."""
    from customs_risk.treat.parameters import store

    _may_act(reader)
    try:
        store.decide(event, parameter_id, version, by=reader.login, reason=reason)
    except (store.RefusedAct, store.UnusableParameter) as refused:
        return _shown(parameter_id, request, reader, refused=str(refused), status=409)
    return back(f"parameters/{_quoted(parameter_id)}")


def _may_act(reader: Reader) -> None:
    if not reader.is_any(_OFFICER):
        raise HTTPException(
            403, "only parameter officers decide on parameters · 仅参数维护员可办理"
        )


def _quoted(parameter_id: str) -> str:
    from urllib.parse import quote

    return quote(parameter_id, safe="")


def _shown(
    parameter_id: str,
    request: Request,
    reader: Reader,
    *,
    refused: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    given = {"parameter_id": parameter_id}
    with reader.connect() as connection:
        versions = views.VERSIONS.rows(connection, given)
        if not versions:
            raise HTTPException(404, f"{parameter_id}: no such parameter · 无此参数")
        charts = {views.RATES.name: (_RATES,)}
        sections = [
            asked(Section(each, charts.get(each.name, ())), connection, given)
            for each in views.VIEWS
        ]
    # what can be decided on is the version in force, and a newer one that waits
    open_versions = [
        (
            row,
            [
                (event, words)
                for event, (words, states) in _EVENTS.items()
                if row["state"] in states
            ],
        )
        for row in versions
    ]
    return show(
        request,
        reader,
        "parameter.html",
        parameter_id=parameter_id,
        view=views.VERSIONS,
        newest=versions[0],
        acts=[(row, acts) for row, acts in open_versions if acts],
        may_act=reader.is_any(_OFFICER),
        sections=sections,
        refused=refused,
        status=status,
    )


PAGE = Page(
    name="parameters",
    title=Words("Parameters", "风险参数"),
    about=Words(
        "Each risk parameter with its condition, place, owner, legal basis and life; what it hit "
        "and found; behind its number its impact analysis and what may be decided on it.",
        "风险参数的条件、适用范围、责任单位、法律依据、有效期与命中查获；点击编号查看影响分析并办理。",
    ),
    reads="treatment",
    sections=(Section(views.PARAMETERS), Section(views.WITHOUT_HIT)),
    router=router,
    also=views.VIEWS,
)
