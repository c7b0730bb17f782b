"""Parameters: the list, and each with its impact analysis and what its officers may decide."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request, Response
from psycopg import Connection

from customs_risk.web.charts import Chart
from customs_risk.web.forms import Own, back
from customs_risk.web.page import Page, Section
from customs_risk.web.pages import parameter_views as views
from customs_risk.web.readers import Reader, Reading
from customs_risk.words import Words

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
        return ONE.shown(request, reader, refused=str(refused), status=409)
    return back(f"parameters/{quote(parameter_id, safe='')}#parameter-impacts-title")


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
        return ONE.shown(request, reader, refused=str(refused), status=409)
    return back(f"parameters/{quote(parameter_id, safe='')}")


def _may_act(reader: Reader) -> None:
    if not reader.is_any(_OFFICER):
        raise HTTPException(
            403, "only parameter officers decide on parameters · 仅参数维护员可办理"
        )


def _told(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the newest version, and what this reader may decide on each."""
    versions = views.VERSIONS.rows(connection, views.VERSIONS.values(given))
    if not versions:
        raise HTTPException(404, f"{given['parameter_id']}: no such parameter · 无此参数")
    acts = [
        (row, [(event, words) for event, (words, of) in _EVENTS.items() if row["state"] in of])
        for row in versions
    ]
    return {
        "parameter_id": given["parameter_id"],
        "newest": versions[0],
        "acts": [(row, events) for row, events in acts if events and reader.is_any(_OFFICER)],
    }


ONE = Page(
    name="parameters/{parameter_id}",
    title=Words("Parameter", "风险参数"),
    about=Words(
        "Its versions, what they would do and did, and what may be decided on them.",
        "参数的版本、影响与成效，以及可办理的事项。",
    ),
    reads="treatment",
    sections=tuple(Section(each, (_RATES,) if each is views.RATES else ()) for each in views.VIEWS),
    template="parameter.html",
    more=_told,
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
    below=(ONE,),
)
