"""What waits for a person: to see, and to answer. 待审批事项。"""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown

app = group("What waits for a person. 审批。")

Approval = Annotated[str, typer.Argument(help="Number of the question. 审批编号")]
Post = Annotated[str, typer.Option("--post", help="From which post it is answered. 岗位")]


@app.command(name="list")
def list_(
    *, all_: Annotated[bool, typer.Option("--all", help="Answered ones too. 含已批复")] = False
) -> None:
    """List what waits, the most urgent first. 待审批事项。"""
    from customs_risk import warehouse

    table = Table(
        Column("approval", no_wrap=True), "matter", "what", "asked by", "due", "posts", "answer"
    )
    with warehouse.connect() as connection:
        for number, matter, what, by, due_at, posts, answer in connection.execute(
            _APPROVALS, {"all": all_}
        ):
            table.add_row(
                number, matter, escape(what), escape(by), shown(due_at), posts, escape(answer)
            )
    console.print(table)


_APPROVALS = """
    select
        approval_id,
        matter,
        question_en || ' ' || question_zh,
        asked_by,
        due_at,
        array_to_string(needed_posts || escalates_to, ', ')
        || case when escalated_at is null then '' else ' (went up 已上报)' end,
        coalesce(
            answer || ' by ' || answered_by || ' (' || answered_as || '): ' || reason,
            'withdrawn by ' || withdrawn_by,
            ''
        )
    from ops.approvals
    where %(all)s or (answered_at is null and withdrawn_at is null)
    order by due_at, approval_id
"""


@app.command()
def approve(approval: Approval, *, by: By, post: Post, reason: Reason) -> None:
    """Approve: what was asked for has effect from now on. 批准。"""
    from customs_risk.treat import approvals

    approvals.answer(approval, "approve", by=by, post=post, reason=reason)
    say(f"{approval}: approved by {by} 已批准")


@app.command()
def refuse(approval: Approval, *, by: By, post: Post, reason: Reason) -> None:
    """Refuse: what was asked for never has effect. 不批准。"""
    from customs_risk.treat import approvals

    approvals.answer(approval, "refuse", by=by, post=post, reason=reason)
    say(f"{approval}: refused by {by} 不批准")
