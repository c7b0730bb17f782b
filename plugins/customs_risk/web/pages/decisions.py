"""What waits for a person: open questions with their forms, and the history of answers."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request, Response
from psycopg import Connection

from customs_risk.codes import ANSWERED_AS, ANSWERS, MATTERS, POSTS
from customs_risk.web.forms import Own, back
from customs_risk.web.page import Page, Section
from customs_risk.web.readers import Reader, Reading
from customs_risk.web.views import Column, Filter, View
from customs_risk.words import Words

# who works on cases and parameters answers; management and auditors read
_ANSWERERS = ("analyst", "assessor", "parameter_officer")
_MATTER = Filter("matter", Words("Matter", "事项"), choices=MATTERS)

OPEN = View(
    name="approvals-open",
    title=Words("What waits for a person", "待决事项"),
    reads="treatment",
    note=Words(
        "What is asked for has no effect before the answer. When nobody answers in time it goes "
        "one post up.",
        "批复前不生效；逾期未批上报上一级岗位。",
    ),
    query="""
        select
            approval_id, matter, subject_id, question_en, question_zh, recommended, recommendation,
            asked_at, asked_by, needed_posts, escalates_to, due_at, escalated_at, status
        from treatment.approvals
        where
            status in ('open', 'overdue')
            and (%(matter)s::text is null or matter = %(matter)s)
        order by due_at, approval_id
        limit %(most)s
    """,
    filters=(_MATTER,),
    most=100,
    columns=(
        Column("approval_id", Words("Number", "编号")),
        Column("matter", Words("Matter", "事项"), codes=MATTERS),
        Column("subject_id", Words("Of", "对象")),
        Column("question", Words("Question", "请示内容"), is_bilingual=True),
        Column("recommended", Words("Recommended", "建议"), codes=ANSWERS),
        Column("recommendation", Words("because", "建议理由")),
        Column("asked_at", Words("Asked", "提出时间"), "time"),
        Column("asked_by", Words("by", "提出人")),
        Column("needed_posts", Words("Posts that may answer", "可批岗位"), "list", codes=POSTS),
        Column("escalates_to", Words("and above", "上级岗位"), codes=POSTS),
        Column("due_at", Words("Due", "期限"), "time"),
        Column("escalated_at", Words("Escalated", "上报时间"), "time"),
        Column("status", Words("State", "状态"), codes=ANSWERS),
    ),
)

ANSWERED = View(
    name="approvals-answered",
    title=Words("Answers", "批复记录"),
    reads="treatment",
    query="""
        select
            coalesce(answered_at, asked_at) as ended_at, approval_id, matter, subject_id,
            question_en, question_zh, status, answered_at, answered_by, answered_post, answered_as,
            reason, recommended, asked_at, asked_by, hours_waited
        from treatment.approvals
        where
            status in ('approve', 'refuse', 'withdrawn')
            and (%(matter)s::text is null or matter = %(matter)s)
        order by ended_at desc, approval_id
        limit %(most)s
    """,
    filters=(_MATTER,),
    most=200,
    columns=(
        Column("answered_at", Words("Answered", "批复时间"), "time"),
        Column("status", Words("Answer", "批复"), codes=ANSWERS),
        Column("matter", Words("Matter", "事项"), codes=MATTERS),
        Column("subject_id", Words("Of", "对象")),
        Column("question", Words("Question", "请示内容"), is_bilingual=True),
        Column("answered_by", Words("By", "批复人")),
        Column("answered_post", Words("from the post", "岗位"), codes=POSTS),
        Column("answered_as", Words("As", "批复方式"), codes=ANSWERED_AS),
        Column("reason", Words("Why", "理由")),
        Column("recommended", Words("Recommended", "建议"), codes=ANSWERS),
        Column("asked_at", Words("Asked", "提出时间"), "time"),
        Column("asked_by", Words("by", "提出人")),
        Column("hours_waited", Words("Hours waited", "等待小时"), "hours"),
        Column("approval_id", Words("Number", "编号")),
    ),
)


def _more(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    from customs_risk.treat import approvals

    may_answer = reader.is_any(*_ANSWERERS)
    return {
        "may_answer": may_answer,
        "posts": approvals.posts_of(reader.login) if may_answer else (),
        "post_names": POSTS,
    }


router = APIRouter()


@router.post("/{approval_id}")
def answer(
    approval_id: str,
    request: Request,
    reader: Reading,
    _: Own,
    answer: Annotated[Literal["approve", "refuse"], Form()],
    reason: Annotated[str, Form()] = "",
    post: Annotated[str, Form()] = "",
) -> Response:
    """Answer a question as a person, from a post that the reader holds."""
    from customs_risk.treat import approvals

    if not reader.is_any(*_ANSWERERS):
        raise HTTPException(403, "your roles do not answer questions · 您的角色无权批复")
    if post not in approvals.posts_of(reader.login):
        why = f"{approval_id}: {reader.login} does not hold the post {post!r} · 未任该岗位"
        return PAGE.shown(request, reader, refused=why, status=409)
    try:
        approvals.answer(approval_id, answer, by=reader.login, post=post, reason=reason)
    except approvals.Unanswerable as refused:
        return PAGE.shown(request, reader, refused=str(refused), status=409)
    return back("decisions")


PAGE = Page(
    name="decisions",
    title=Words("What waits for a person", "待决事项"),
    about=Words(
        "Measures that suspend, prohibit, cancel or publish, activations, promotions and changes "
        "of treatment: each waits for somebody else than who asked, from a post that may answer.",
        "暂停、禁止、取消、发布类措施，以及启用、上线与处置变更：须由提出人以外、具备权限岗位的人员批复。",
    ),
    reads="treatment",
    sections=(Section(OPEN), Section(ANSWERED)),
    template="decisions.html",
    more=_more,
    router=router,
)
