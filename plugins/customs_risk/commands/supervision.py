"""Enforcement supervision: the hints that there are, and what auditors make of them."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.supervision.reviews import HintClass, Verdict

app = group("Enforcement supervision: hints for auditors. 执法监督提示。")

HintNumber = Annotated[str, typer.Argument(help="Number of the hint, or its beginning. 提示编号")]


@app.command(name="list")
def list_(
    *,
    hint_class: Annotated[
        HintClass | None, typer.Option("--class", help="One class only. 仅一类")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Reviewed ones as well. 含已核查")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many. 条数")] = 50,
) -> None:
    """List hints that nobody has reviewed, the newest and strongest first. 提示列表。"""
    from customs_risk.supervision import reviews

    table = Table(
        "hint 编号", "rule 规则", "subject 对象", "what 内容", "seen 首见", "q", "verdict 结论"
    )
    for hint in reviews.hints(hint_class, with_reviewed=all_, limit=limit):
        table.add_row(
            hint.hint_id[:10],
            f"{hint.rule_code} {hint.name_en} {hint.name_zh}",
            escape(f"{hint.subject_type} {hint.subject_key}"),
            f"{hint.words_en}\n{hint.words_zh}",
            str(hint.first_seen_on),
            "" if hint.q_value is None else f"{hint.q_value:.1e}",
            hint.verdict or "",
        )
    console.print(table)


@app.command()
def show(hint: HintNumber) -> None:
    """Show a hint with its numbers, source rows and reviews. 提示详情。"""
    from customs_risk.supervision import reviews

    case = reviews.case(hint)
    say(f"{case.hint.hint_id} {case.hint.rule_code} {case.hint.name_en} {case.hint.name_zh}")
    say(f"{case.hint.subject_type} {case.hint.subject_key}, {case.hint.first_seen_on}")
    say(f"{case.hint.words_en}\n{case.hint.words_zh}")
    say(json.dumps(case.evidence, ensure_ascii=False, indent=1))
    for verdict, reason, reviewed_at, reviewed_by in case.reviews:
        say(f"{shown(reviewed_at)} {reviewed_by}: {verdict}: {reason}")


@app.command()
def review(
    hint: HintNumber,
    verdict: Annotated[Verdict, typer.Argument(help="What it turned out to be. 核查结论")],
    *,
    by: By,
    reason: Reason,
) -> None:
    """Say what became of a hint: confirmed, explained or dismissed. 核查提示。"""
    from customs_risk.supervision import reviews

    hint_id = reviews.review(hint, verdict, by=by, reason=reason)
    say(f"{hint_id}: {verdict} by {by} 已核查")
