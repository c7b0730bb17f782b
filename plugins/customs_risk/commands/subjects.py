"""Subjects: who is meant by a name, where the methods leave it to a person."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say

app = group("Who is meant by a name. 主体识别。")


@app.command()
def review(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many. 至多条数")] = 50,
) -> None:
    """List the pairs that wait for a verdict, the likeliest first. 待人工复核。"""
    from customs_risk.resolve import queue

    table = Table("mention", "is named", "kind", "subject", "is named", "matched on", "score")
    for pair in queue(limit):
        table.add_row(
            pair.mention_id,
            escape(_named(pair.mention_names, pair.mention_country)),
            pair.subject_kind,
            escape(pair.subject_id),
            escape(_named(pair.subject_names, pair.subject_country)),
            escape(pair.matched_on),
            f"{pair.score:.2f}",
        )
    console.print(table)


def _named(names: list[str], country: str | None) -> str:
    return "; ".join(names) + (f" ({country})" if country else "")


@app.command()
def decide(
    mention: Annotated[str, typer.Argument(help="Number of the mention. 提及编号")],
    kind: Annotated[str, typer.Argument(help="Kind of the subject. 主体类别")],
    subject: Annotated[str, typer.Argument(help="Number of the subject. 主体编号")],
    *,
    same: Annotated[bool, typer.Option("--same/--different", help="The verdict. 结论")],
    by: By,
    reason: Reason,
) -> None:
    """Say whether a mention and a subject are the same; it overrules every method. 人工结论。"""
    from customs_risk import resolve

    resolve.review(mention, kind, subject, same, by, reason)
    say(f"{mention} and {kind} {subject}: {'the same' if same else 'different'}, says {by}")


@app.command()
def evaluate(
    sample: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Labelled CSV. 带标签的样本")
    ],
) -> None:
    """Measure on a labelled sample how well names are matched. 评估。"""
    from customs_risk import resolve

    table = Table("half", "difficulty", "mentions", "precision", "recall", "with review", "F1")
    for half, difficulty, figures in resolve.evaluate(sample).rows():
        table.add_row(
            half,
            difficulty,
            str(figures.mentions),
            f"{figures.precision:.3f}",
            f"{figures.recall:.3f}",
            f"{figures.recall_with_review:.3f}",
            f"{figures.f1:.3f}",
        )
    console.print(table)
