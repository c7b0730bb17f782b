"""Measures of treatment (Article 13): to see, propose, adjust, lift; overrides. 处置措施。"""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.settings import settings
from customs_risk.treat.measures import Domain, Kind, SubjectKind
from customs_risk.treat.overrides import Handling

app = group("Measures of treatment (Article 13). 处置措施。")

Measure = Annotated[str, typer.Argument(help="Number of the measure. 措施编号")]
Why = Annotated[str, typer.Option("--reason", help="Why, in English. 英文理由")]
WhyZh = Annotated[str, typer.Option("--reason-zh", help="Why, in Chinese. 中文理由")]
Until = Annotated[
    datetime | None, typer.Option("--until", help="When it ends, in business time. 终止时间")
]


def as_value(text: str) -> dict[str, Any]:
    """Read a JSON object such as {"guarantee_pct_of_duty": 50}."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{text!r} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f'{text!r}: write an object, such as {{"quarantine": "usual"}}')
    return value


def as_moment(moment: datetime | None) -> datetime | None:
    """Take a moment told without a zone for one of the business's."""
    return moment.replace(tzinfo=settings().zone) if moment else None


@app.command(name="list")
def list_(
    *,
    all_: Annotated[bool, typer.Option("--all", help="Past ones too. 含已终止")] = False,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Key of the subject. 对象编号")
    ] = None,
) -> None:
    """List the measures that wait, are planned or are in force. 措施清单。"""
    from customs_risk import clock, warehouse

    table = Table(
        Column("measure", no_wrap=True),
        "kind",
        "action",
        "domain",
        "subject",
        "after",
        "until",
        "state",
        "why",
    )
    with warehouse.connect() as connection:
        told = {"moment": clock.present(connection), "all": all_, "subject": subject}
        for number, *words, after, until, state, why in connection.execute(_MEASURES, told):
            table.add_row(
                number, *map(escape, words), escape(json.dumps(after, ensure_ascii=False)),
                shown(until), state, escape(why),
            )  # fmt: skip
    console.print(table)


_MEASURES = """
    with told as (
        select states.*, ops.measure_state(states, %(moment)s) as state
        from ops.measure_states as states
    )
    select
        measure_id, kind, action, risk_domain, subject_kind || ' ' || subject_key, value_after,
        coalesce(effective_to, ends_at), state, reason_en || ' ' || reason_zh
    from told
    where
        (%(all)s or state in ('waiting', 'planned', 'in_force'))
        and coalesce(subject_key = %(subject)s, true)
    order by proposed_at desc, measure_id
"""


@app.command()
def propose(
    kind: Annotated[Kind, typer.Argument(help="One of the seven of Article 13. 措施种类")],
    action: Annotated[str, typer.Argument(help="Within the kind; `actions` lists them. 动作")],
    *,
    domain: Annotated[Domain, typer.Option("--domain", help="Risk domain. 风险领域")],
    on: Annotated[SubjectKind, typer.Option("--on", help="What the key names. 对象种类")],
    subject: Annotated[str, typer.Option("--subject", help="Key of the subject. 对象编号")],
    before: Annotated[str, typer.Option("--before", help="JSON: what holds now. 措施前")],
    after: Annotated[str, typer.Option("--after", help="JSON: what is to hold. 措施后")],
    evidence: Annotated[
        list[str], typer.Option("--evidence", help="Reference; may repeat. 证据出处")
    ],
    reason: Why,
    reason_zh: WhyZh,
    by: By,
    until: Until = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", help="When it starts; else now. 起始时间")
    ] = None,
    basis: Annotated[
        str | None, typer.Option("--basis", help="Legal basis; else that of its kind. 法律依据")
    ] = None,
) -> None:
    """Propose a measure; what needs an approval waits for it. 提出措施。"""
    from customs_risk.treat import measures

    number = measures.propose(
        measures.Proposal(
            kind=kind,
            action=action,
            risk_domain=domain,
            subject_kind=on,
            subject_key=subject,
            value_before=as_value(before),
            value_after=as_value(after),
            evidence={"references": evidence},
            reason_en=reason,
            reason_zh=reason_zh,
            starts_at=as_moment(from_),
            ends_at=as_moment(until),
            legal_basis=basis,
        ),
        by=by,
    )
    say(f"{number}: proposed 已提出")


@app.command()
def actions() -> None:
    """List what Article 13 allows, and what of it needs an approval. 措施目录。"""
    from customs_risk import warehouse

    table = Table("no", "kind", "action", "what", "approval by")
    with warehouse.connect() as connection:
        for row in connection.execute(_ACTIONS):
            table.add_row(*map(str, row))
    console.print(table)


_ACTIONS = """
    select
        kind_no, kind, action, action_en || ' ' || action_zh,
        case when needs_approval then array_to_string(needed_posts, ', ') else '' end
    from ops.measure_actions
    order by kind_no, action
"""


@app.command()
def adjust(
    measure: Measure,
    *,
    reason: Why,
    reason_zh: WhyZh,
    by: By,
    after: Annotated[
        str | None, typer.Option("--after", help="JSON: what is to hold. 调整后")
    ] = None,
    until: Until = None,
) -> None:
    """Adjust a measure: another one takes its place, and both stay on record. 调整。"""
    from customs_risk.treat import measures

    number = measures.adjust(
        measure, by=by, reason_en=reason, reason_zh=reason_zh,
        value_after=as_value(after) if after else None, ends_at=as_moment(until),
    )  # fmt: skip
    say(f"{number}: takes the place of {measure} 已提出调整")


@app.command()
def lift(measure: Measure, *, by: By, reason: Reason) -> None:
    """Lift a measure from now on. 解除。"""
    from customs_risk.treat import measures

    measures.lift(measure, by=by, reason=reason)
    say(f"{measure}: lifted by {by} 已解除")


@app.command()
def override(
    declaration: Annotated[str, typer.Argument(help="Number of the declaration. 报关单号")],
    handling: Annotated[Handling, typer.Argument(help="What is to be done instead. 处置方式")],
    *,
    by: By,
    reason: Why,
    reason_zh: WhyZh,
) -> None:
    """Ask for a declaration to be treated otherwise than the matrix says. 申请改变处置方式。"""
    from customs_risk.treat import overrides

    number = overrides.ask(declaration, handling, by=by, reason_en=reason, reason_zh=reason_zh)
    say(f"{number}: waits for an approval 待审批")
