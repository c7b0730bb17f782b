"""Expert assessments (Article 11): who may assess, what they are handed, what they say."""

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.experts.vocabulary import (
    AssessorKind,
    Covers,
    Domain,
    Level,
    Severity,
    SubjectType,
    Trend,
    why_refused,
)

app = group("Expert assessments (Article 11). 专家评估。")

_DAY = ["%Y-%m-%d"]
Assessor = Annotated[str, typer.Argument(help="Number of the assessor. 专家编号")]
InDomain = Annotated[Domain, typer.Option("--domain", help="Risk domain. 风险领域")]
From = Annotated[
    datetime, typer.Option("--from", formats=_DAY, help="First day of validity. 生效日期")
]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=_DAY, help="Last day of validity. 失效日期")
]


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@app.command()
def add(
    assessor: Assessor,
    *,
    kind: Annotated[AssessorKind, typer.Option("--kind", help="Internal or not. 类别")],
    name: Annotated[str, typer.Option("--name", help="Of the person or body. 姓名或名称")],
    organisation: Annotated[str, typer.Option("--organisation", help="Where from. 所属单位")],
    from_: From,
    by: By,
    post: Annotated[str | None, typer.Option("--post", help="Post held. 岗位")] = None,
    until: Until = None,
) -> None:
    """Register an assessor, or a change of post from a day on. 登记专家。"""
    from customs_risk.experts import assessors

    assessors.add(
        assessor,
        kind,
        name=name,
        organisation=organisation,
        post=post,
        valid_from=from_.date(),
        valid_to=_day(until),
        by=by,
    )
    say(f"{assessor}: registered from {from_:%Y-%m-%d} 已登记")


@app.command()
def undertaking(
    assessor: Assessor,
    *,
    document: Annotated[
        Path, typer.Option("--document", exists=True, dir_okay=False, help="As signed. 承诺书文件")
    ],
    signed_on: Annotated[
        datetime, typer.Option("--signed-on", formats=_DAY, help="Day of signature. 签署日期")
    ],
    until: Annotated[
        datetime, typer.Option("--until", formats=_DAY, help="Last day of validity. 失效日期")
    ],
    by: By,
    covers: Annotated[
        Covers, typer.Option("--covers", help="Highest class that may be shown. 涵盖的最高级别")
    ] = "restricted",
) -> None:
    """Note a signed undertaking of confidentiality; the document's digest is kept. 保密承诺。"""
    from customs_risk.experts import assessors

    number = assessors.undertake(
        assessor,
        covers=covers,
        document_sha256=hashlib.sha256(document.read_bytes()).hexdigest(),
        signed_on=signed_on.date(),
        valid_to=until.date(),
        by=by,
    )
    say(f"{number}: undertaking of {assessor} until {until:%Y-%m-%d} 保密承诺已登记")


@app.command()
def qualify(
    assessor: Assessor,
    *,
    domain: Annotated[
        list[str], typer.Option("--domain", help="Risk domain; may repeat. 风险领域")
    ],
    title: Annotated[str, typer.Option("--title", help="Of the qualification. 资质名称")],
    issuer: Annotated[str, typer.Option("--issuer", help="Who issued it. 颁发机构")],
    number: Annotated[str, typer.Option("--number", help="Its number there. 证书编号")],
    from_: From,
    by: By,
    until: Until = None,
) -> None:
    """Note a qualification in one or several risk domains. 登记资质。"""
    from customs_risk.experts import assessors

    noted = assessors.qualify(
        assessor,
        tuple(domain),
        title=title,
        issuer=issuer,
        issued_number=number,
        valid_from=from_.date(),
        valid_to=_day(until),
        by=by,
    )
    say(f"{noted}: {assessor} is qualified in {', '.join(sorted(set(domain)))} 资质已登记")


@app.command()
def conflict(
    assessor: Assessor,
    party: Annotated[str, typer.Argument(help="Identifier of the party. 当事人代码")],
    *,
    interest: Annotated[str, typer.Option("--interest", help="What it is. 利益关系")],
    from_: From,
    by: By,
    until: Until = None,
) -> None:
    """Declare an assessor's interest in a party, whose cases go to others. 利益冲突申报。"""
    from customs_risk.experts import assessors

    number = assessors.declare_conflict(
        assessor, party, interest=interest, valid_from=from_.date(), valid_to=_day(until), by=by
    )
    say(f"{number}: {assessor} has an interest in {party} 利益冲突已登记")


@app.command()
def revoke(
    number: Annotated[
        str, typer.Argument(help="Of an assessor, undertaking, qualification, conflict. 编号")
    ],
    *,
    by: By,
    reason: Reason,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=_DAY, help="First day without it; else today. 撤销生效日"),
    ] = None,
) -> None:
    """End a registration, an undertaking, a qualification or a conflict. 撤销。"""
    from customs_risk.experts import assessors

    if not assessors.revoke(number, on=_day(on), by=by, reason=reason):
        say(f"{number}: nothing of that number stands 无此有效编号")
        raise typer.Exit(1)
    say(f"{number}: revoked by {by} 已撤销")


@app.command()
def case(
    declaration: Annotated[str, typer.Argument(help="Number of the declaration. 报关单号")],
    *,
    assessor: Annotated[str, typer.Option("--for", help="Who is handed it. 专家编号")],
    domain: InDomain,
    by: By,
    to: Annotated[
        Path | None, typer.Option("--to", dir_okay=False, help="File to write. 输出文件")
    ] = None,
) -> None:
    """Hand out a case file: what the assessor's undertaking covers; it is logged. 提供案卷。"""
    from customs_risk.experts import cases
    from customs_risk.experts.refusals import Question

    file = cases.hand_out(Question(assessor, declaration, domain), asked_by=by)
    if to:
        to.write_bytes(file.document())
        say(f"{to}: sha256 {hashlib.sha256(file.document()).hexdigest()}")
        return
    for mart, facts in cases.FACTS.items():
        table = Table("fact 事项", *(str(n) for n in range(1, len(file.shown[mart]) + 1)))
        for name, title in facts.items():
            told = ["***" if name in file.withheld[mart] else row[name] for row in file.shown[mart]]
            table.add_row(title, *(escape("" if fact is None else str(fact)) for fact in told))
        console.print(table)


@app.command()
def assess(
    assessor: Assessor,
    subject: Annotated[str, typer.Argument(help="Number of the declaration. 报关单号或对象编号")],
    *,
    domain: InDomain,
    likelihood: Annotated[
        str, typer.Option("--likelihood", help="0.3, or an interval: 0.2-0.5. 可能性")
    ],
    severity: Annotated[Severity, typer.Option("--severity", help="If it comes true. 危害程度")],
    level: Annotated[Level, typer.Option("--level", help="Level of risk. 风险等级")],
    factors: Annotated[str, typer.Option("--factors", help="Hazard factors. 英文危害因素")],
    factors_zh: Annotated[str, typer.Option("--factors-zh", help="In Chinese. 中文危害因素")],
    causes: Annotated[str, typer.Option("--causes", help="Their causes. 英文原因")],
    causes_zh: Annotated[str, typer.Option("--causes-zh", help="In Chinese. 中文原因")],
    evidence: Annotated[
        list[str], typer.Option("--evidence", help="Reference; may repeat. 证据出处")
    ],
    method: Annotated[str, typer.Option("--method", help="How it was found. 评估方法")],
    by: By,
    trend: Annotated[Trend, typer.Option("--trend", help="Where it goes. 发展态势")] = "unknown",
    type_: Annotated[SubjectType, typer.Option("--type", help="Of Article 2. 对象类型")] = "goods",
    kind: Annotated[
        str, typer.Option("--kind", help="What the number names. 对象种类")
    ] = "declaration",
) -> None:
    """Accept what an assessor says of a case, and combine it with the model's. 受理专家评估。"""
    from customs_risk.experts import assessments, combination

    low, high = _interval(likelihood)
    number = assessments.assess(
        assessments.Statement(
            assessor_id=assessor,
            subject_key=subject,
            risk_domain=domain,
            likelihood_low=low,
            likelihood_high=high,
            severity=severity,
            trend=trend,
            level=level,
            hazard_factors_en=factors,
            hazard_factors_zh=factors_zh,
            causes_en=causes,
            causes_zh=causes_zh,
            evidence=tuple(evidence),
            method=method,
            subject_type=type_,
            subject_kind=kind,
        ),
        recorded_by=by,
    )
    combination.combine()
    say(f"{number}: accepted 已受理")


def _interval(text: str) -> tuple[float, float]:
    """Read a number, or two with a dash between them."""
    low, _, high = text.partition("-")
    try:
        return float(low), float(high or low)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}: write 0.3 or 0.2-0.5", param_hint="--likelihood"
        ) from None


@app.command(name="list")
def list_(
    *,
    domain: Annotated[
        Domain | None, typer.Option("--domain", help="Qualified in it. 风险领域")
    ] = None,
) -> None:
    """List the assessors, how they stand today, and how well they foresaw results. 专家名录。"""
    from customs_risk import warehouse

    table = Table(
        "assessor", "kind", "name", "organisation", "standing", "undertaking", "domains", "said",
        "cases", "skill",
    )  # fmt: skip
    with warehouse.connect() as connection:
        for row in connection.execute(_ASSESSORS, {"domain": domain}):
            *told, undertaken_to, domains, said, cases, skill = row
            table.add_row(
                *map(escape, told),
                str(undertaken_to or "–"),
                ", ".join(domains),
                str(said),
                str(cases),
                "" if skill is None else f"{skill:.2f}",
            )
    console.print(table)


_ASSESSORS = """
    select
        assessor_id, kind, assessor_name, concat_ws(', ', organisation, post), standing,
        undertaken_to, risk_domains, assessments, cases, brier_skill
    from assessment.assessors
    where %(domain)s::text is null or %(domain)s = any(risk_domains)
    order by assessor_id
"""


@app.command()
def show(assessor: Assessor) -> None:
    """Show an assessor's credentials, statements and refusals. 专家档案。"""
    from customs_risk import warehouse

    credentials = Table("number", "credential", "from", "until", "revoked")
    said = Table("made", "assessment", "subject", "domain", "likelihood", "level", "came true")
    refused = Table("refused", "act", "subject", "domain", "why", "asked by")
    with warehouse.connect() as connection:
        for cells in connection.execute(_CREDENTIALS, {"assessor": assessor}):
            credentials.add_row(*(escape(str(cell or "")) for cell in cells))
        for made_at, *told in connection.execute(_SAID, {"assessor": assessor}):
            said.add_row(shown(made_at), *map(escape, told))
        for at, act, subject, domain, code, by in connection.execute(
            _REFUSED, {"assessor": assessor}
        ):
            refused.add_row(shown(at), act, escape(subject), domain, why_refused(code), escape(by))
    for table in (credentials, said, refused):
        console.print(table)


_CREDENTIALS = """
    with told as (
        select
            assessor_id as number, concat_ws(', ', kind, organisation, post) as credential,
            valid_from, valid_to, revoked_on, revoke_reason
        from ops.assessors where assessor_id = %(assessor)s
        union all
        select
            undertaking_id, 'undertaking up to ' || covers || ' ' || left(document_sha256, 10),
            valid_from, valid_to, revoked_on, revoke_reason
        from ops.assessor_undertakings where assessor_id = %(assessor)s
        union all
        select
            qualification_id,
            concat_ws(', ', title, issuer, issued_number, array_to_string(risk_domains, ' ')),
            valid_from, valid_to, revoked_on, revoke_reason
        from ops.assessor_qualifications where assessor_id = %(assessor)s
        union all
        select
            conflict_id, concat_ws(': ', 'conflict', party_id, interest),
            valid_from, valid_to, revoked_on, revoke_reason
        from ops.assessor_conflicts where assessor_id = %(assessor)s
    )
    select number, credential, valid_from, valid_to, concat_ws(' ', revoked_on, revoke_reason)
    from told
    order by valid_from, number
"""

_SAID = """
    select
        made_at, assessment_id, concat_ws(' ', nullif(subject_kind, 'declaration'), subject_key),
        risk_domain,
        round(likelihood_low::numeric, 3)::float8
        || case when likelihood_high > likelihood_low
            then '-' || round(likelihood_high::numeric, 3)::float8 else '' end,
        "level",
        coalesce(came_true::text, '')
    from assessment.expert_assessments
    where assessor_id = %(assessor)s
    order by made_at desc, assessment_id
"""

_REFUSED = """
    select
        refused_at, act, concat_ws(' ', nullif(subject_kind, 'declaration'), subject_key),
        risk_domain, reason, asked_by
    from ops.expert_refusals
    where assessor_id = %(assessor)s
    order by refused_at desc, refusal_id desc
"""
