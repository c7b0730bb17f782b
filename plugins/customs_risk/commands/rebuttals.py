"""Rebuttals (Article 15): what parties prove against measures, and its review. 反证。"""

import hashlib
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.measures import Until, Why, WhyZh, as_moment, as_value
from customs_risk.commands.shared import By, console, group, say, shown
from customs_risk.treat.rebuttals import Claim, Outcome

app = group("Rebuttals of measures (Article 15). 反证。")

Case = Annotated[str, typer.Argument(help="Number of the case. 反证编号")]


@app.command()
def receive(
    measure: Annotated[str, typer.Argument(help="Number of the measure. 措施编号")],
    party: Annotated[str, typer.Argument(help="Identifier of the party. 当事人代码")],
    *,
    claim: Annotated[Claim, typer.Option("--claim", help="The risk is absent or low. 主张")],
    statement: Annotated[str, typer.Option("--statement", help="What it says. 陈述")],
    document: Annotated[
        list[Path],
        typer.Option("--document", exists=True, dir_okay=False, help="Proof; may repeat. 证明材料"),
    ],
    by: By,
    kind: Annotated[str, typer.Option("--kind", help="Of the documents. 材料种类")] = "other",
) -> None:
    """Take in what a party hands in; the documents' digests are kept. 受理反证。"""
    from customs_risk.treat import rebuttals

    handed_in = tuple(
        rebuttals.Document(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), kind)
        for path in document
    )
    number = rebuttals.receive(
        measure, party, claim=claim, statement=statement, documents=handed_in, by=by
    )
    say(f"{number}: {len(handed_in)} documents taken in 已受理")


@app.command(name="list")
def list_(
    *, all_: Annotated[bool, typer.Option("--all", help="Reviewed ones too. 含已复核")] = False
) -> None:
    """List the cases that wait for a review, the most urgent first. 待复核。"""
    from customs_risk import warehouse

    table = Table(
        Column("case", no_wrap=True), "measure", "party", "claim", "documents", "due", "outcome"
    )
    with warehouse.connect() as connection:
        for *words, due_at, outcome in connection.execute(_CASES, {"all": all_}):
            table.add_row(*(escape(str(word)) for word in words), shown(due_at), escape(outcome))
    console.print(table)


_CASES = """
    select
        rebuttals.rebuttal_id, rebuttals.measure_id, rebuttals.party_id, rebuttals.claim,
        (
            select count(*) from ops.rebuttal_documents as documents
            where documents.rebuttal_id = rebuttals.rebuttal_id
        ),
        rebuttals.due_at,
        coalesce(
            'refused: ' || rebuttals.refusal,
            rebuttals.outcome || ' by ' || rebuttals.reviewed_by || ': ' || rebuttals.review_en,
            ''
        )
    from ops.rebuttals as rebuttals
    where %(all)s or (rebuttals.refusal is null and rebuttals.reviewed_at is null)
    order by rebuttals.due_at, rebuttals.rebuttal_id
"""


@app.command()
def show(case: Case) -> None:
    """Show a case: the measure, what the party says, and the documents. 案卷。"""
    from customs_risk import warehouse

    table = Table("what 事项", "told 内容")
    with warehouse.connect() as connection:
        for what, told in connection.execute(_CASE, {"case": case}):
            table.add_row(what, escape(told or ""))
    console.print(table)


_CASE = """
    select fact.key, fact.value #>> '{}'
    from ops.rebuttals as rebuttals
    left join ops.measures as measures using (measure_id)
    cross join lateral jsonb_each(
        jsonb_strip_nulls(to_jsonb(rebuttals)) || jsonb_build_object(
            'measure', concat_ws(' ', measures.kind, measures.action, measures.value_after),
            'measure rests on', concat_ws(' ', measures.reason_en, measures.reason_zh),
            'documents', (
                select string_agg(concat_ws(' ', document_kind, document_name, sha256), '; ')
                from ops.rebuttal_documents as documents
                where documents.rebuttal_id = rebuttals.rebuttal_id
            )
        )
    ) as fact
    where rebuttals.rebuttal_id = %(case)s
"""


@app.command()
def review(
    case: Case,
    outcome: Annotated[Outcome, typer.Argument(help="upheld, adjusted, lifted 维持、调整、解除")],
    *,
    by: By,
    reason: Why,
    reason_zh: WhyZh,
    after: Annotated[
        str | None, typer.Option("--after", help="JSON: what an adjustment sets. 调整后")
    ] = None,
    until: Until = None,
) -> None:
    """Say what becomes of the measure; the party is told. 复核。"""
    from customs_risk.treat import rebuttals

    adjusted = rebuttals.review(
        case, outcome, by=by, review_en=reason, review_zh=reason_zh,
        value_after=as_value(after) if after else None, ends_at=as_moment(until),
    )  # fmt: skip
    say(f"{case}: {outcome} {adjusted or ''}".rstrip())
