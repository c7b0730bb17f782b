"""Risk parameters (the parameter centre): write, try out, approve, activate, retire."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown
from customs_risk.treat.parameters.store import Domain, Event, Measure

app = group("Risk parameters, from proposal to expiry. 风险参数管理。")

_DAY = ["%Y-%m-%d"]
Parameter = Annotated[str, typer.Argument(help="Number of the parameter. 参数编号")]
OfVersion = Annotated[
    int | None, typer.Option("--version", min=1, help="By default the newest. 版本号")
]


def _day_option(name: str, help_: str) -> Any:
    return typer.Option(name, formats=_DAY, help=help_)


@app.command()
def attributes() -> None:
    """List what a condition may speak of. 可用属性。"""
    from customs_risk.treat.parameters import attributes as told
    from customs_risk.treat.parameters import lexis

    table = Table("attribute", "type", "meaning", "含义")
    for attribute in told.attributes().values():
        table.add_row(
            attribute.name,
            attribute.type,
            escape(attribute.meaning_en),
            escape(attribute.meaning_zh),
        )
    console.print(table)
    say(
        "and or not = <> < <= > >= in (...) between like ilike is null is true + - * / · "
        f"{', '.join(f'{name}()' for name in lexis.FUNCTIONS)} · date '2026-07-01'"
    )


@app.command()
def check(
    condition: Annotated[str, typer.Argument(help="The condition. 条件")],
) -> None:
    """Check a condition, and show what would be executed. 检查条件。"""
    from customs_risk.treat.parameters.language import compile_condition

    compiled = compile_condition(condition)
    say(f"attributes 属性: {', '.join(compiled.attributes)}")
    say(compiled.sql)


@app.command()
def appoint(
    officer: Annotated[str, typer.Argument(help="Who. 人员")],
    unit: Annotated[str, typer.Argument(help="Unit of the organisation. 单位代码")],
    *,
    from_: Annotated[datetime, _day_option("--from", "First day. 起始日期")],
    by: By,
    until: Annotated[datetime | None, _day_option("--until", "Last day. 终止日期")] = None,
) -> None:
    """Note for which unit an officer acts: gacc, a sub-centre, a district, a post. 任职登记。"""
    from customs_risk.treat.parameters import store

    store.appoint(
        officer, unit, valid_from=from_.date(), valid_to=until.date() if until else None, by=by
    )
    say(f"{officer}: acts for {unit} from {from_:%Y-%m-%d} 已登记")


@app.command()
def propose(
    parameter: Parameter,
    condition: Annotated[str, typer.Argument(help="Over attributes. 条件")],
    *,
    domain: Annotated[Domain, typer.Option("--domain", help="Risk domain. 风险领域")],
    measure: Annotated[Measure, typer.Option("--measure", help="What is done. 处置措施")],
    examine: Annotated[str, typer.Option("--examine", help="What to examine. 英文要点")],
    examine_zh: Annotated[str, typer.Option("--examine-zh", help="In Chinese. 中文要点")],
    where: Annotated[
        list[str], typer.Option("--where", help="Unit; gacc: everywhere; may repeat. 适用范围")
    ],
    owner: Annotated[str, typer.Option("--owner", help="Unit that answers. 责任单位")],
    basis: Annotated[str, typer.Option("--legal-basis", help="Legal basis. 法律依据")],
    from_: Annotated[datetime, _day_option("--from", "First day. 生效日期")],
    until: Annotated[datetime, _day_option("--until", "Last day, within a year. 失效日期")],
    review: Annotated[datetime, _day_option("--review", "Reviewed by this day. 复核日期")],
    reason: Reason,
    reason_zh: Annotated[str, typer.Option("--reason-zh", help="In Chinese. 中文理由")],
    by: By,
) -> None:
    """Propose a version of a parameter. 提出参数。"""
    from customs_risk.treat.parameters import store

    version = store.propose(
        store.Proposal(
            parameter_id=parameter,
            condition=condition,
            risk_domain=domain,
            what_to_examine_en=examine,
            what_to_examine_zh=examine_zh,
            measure=measure,
            jurisdiction=tuple(where),
            owner_unit=owner,
            legal_basis=basis,
            starts_on=from_.date(),
            expires_on=until.date(),
            review_on=review.date(),
            reason_en=reason,
            reason_zh=reason_zh,
        ),
        by=by,
    )
    say(f"{parameter} version {version}: proposed by {by} 已提出")


@app.command()
def impact(
    parameter: Parameter,
    *,
    by: By,
    version: OfVersion = None,
    months: Annotated[int, typer.Option("--months", min=1, help="Looked back. 回溯月数")] = 6,
) -> None:
    """Analyse what a version would have done over past months. 影响分析。"""
    from customs_risk.treat.parameters import impact as analysis

    told = analysis.analyse(parameter, version, by=by, months=months)
    table = Table("what 事项", "figure 数值")
    for name, figure in (
        ("decisions looked at 回溯期", f"{told.from_on} – {told.to_on}, {told.decided_days} days"),
        ("declarations 报关单", f"{told.declarations:,}"),
        ("hits 命中", f"{told.hits:,} ({told.hits_per_day:.1f} a day)"),
        (
            "hits inspected, findings 已查验命中、查获",
            f"{told.inspected_hits:,}, {told.findings:,}",
        ),
        (
            "expected precision 预期查获率",
            f"{_share(told.expected_precision)} "
            f"[{_share(told.precision_low)}, {_share(told.precision_high)}]",
        ),
        ("of all declarations 全部报关单", _share(told.base_rate)),
        (
            "officer-hours a day 日均工时",
            "?"
            if told.officer_hours_per_day is None
            else f"{told.officer_hours_per_day:.1f} (mean of {told.officer_hours_of})",
        ),
        ("inspections displaced 被替代的查验", f"{told.displaced_inspections:,}"),
        ("hits beyond capacity 超出查验能力", f"{told.hits_beyond_capacity:,}"),
        ("sole hits 独立命中", f"{told.sole_hits:,}"),
    ):
        table.add_row(name, figure)
    console.print(table)
    offices = Table("office 关区", "hits/day", "capacity/day", "displaced", "beyond")
    for each in told.offices:
        offices.add_row(
            each["office_code"],
            f"{each['hits_per_day']:.1f}",
            f"{each['capacity_per_day']:.1f}",
            f"{each['displaced_inspections']:,}",
            f"{each['hits_beyond_capacity']:,}",
        )
    console.print(offices)
    for each in told.shared:
        say(
            f"shared with {each['parameter_id']} version {each['version']} 共同命中: "
            f"{each['shared_hits']:,}"
        )


def _share(value: float | None) -> str:
    return "unknown 未知" if value is None else f"{value:.1%}"


def _decide(event: Event, parameter: str, version: int | None, by: str, reason: str) -> None:
    from customs_risk.treat.parameters import store

    decided = store.decide(event, parameter, version, by=by, reason=reason)
    say(f"{parameter} version {decided}: {event} by {by} 已办理")


@app.command()
def approve(parameter: Parameter, *, by: By, reason: Reason, version: OfVersion = None) -> None:
    """Approve a proposed version; not one's own. 批准。"""
    _decide("approved", parameter, version, by, reason)


@app.command()
def refuse(parameter: Parameter, *, by: By, reason: Reason, version: OfVersion = None) -> None:
    """Refuse a proposed version. 驳回。"""
    _decide("refused", parameter, version, by, reason)


@app.command()
def activate(parameter: Parameter, *, by: By, reason: Reason, version: OfVersion = None) -> None:
    """Activate an approved version whose impact was analysed; it replaces earlier ones. 启用。"""
    _decide("activated", parameter, version, by, reason)


@app.command()
def suspend(parameter: Parameter, *, by: By, reason: Reason, version: OfVersion = None) -> None:
    """Suspend an active version; it can be activated again. 暂停。"""
    _decide("suspended", parameter, version, by, reason)


@app.command()
def withdraw(parameter: Parameter, *, by: By, reason: Reason, version: OfVersion = None) -> None:
    """Withdraw a version for good. 撤回。"""
    _decide("withdrawn", parameter, version, by, reason)


@app.command(name="list")
def list_(
    *,
    domain: Annotated[
        Domain | None, typer.Option("--domain", help="Of this risk domain. 风险领域")
    ] = None,
) -> None:
    """List the parameters: where they stand, what they hit, what is due. 参数清单。"""
    from customs_risk import warehouse

    table = Table(
        "parameter", "v", "state", "domain", "measure", "where", "to expiry", "review", "hits",
        "sole", "examined", "found",
    )  # fmt: skip
    with warehouse.connect() as connection:
        for row in connection.execute(_PARAMETERS, {"domain": domain}):
            table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    console.print(table)


_PARAMETERS = """
    select
        parameter_id, version, state, risk_domain, measure, array_to_string(jurisdiction, ' '),
        days_to_expiry || ' d',
        case when is_review_overdue then 'overdue 逾期' else review_on::text end,
        hits, sole_hits, examined_hits, findings
    from treatment.parameters
    where %(domain)s::text is null or risk_domain = %(domain)s
    order by parameter_id
"""


@app.command()
def show(parameter: Parameter) -> None:
    """Show a parameter's versions and what became of each. 参数档案。"""
    from customs_risk import warehouse

    versions = Table("v", "condition", "what to examine", "where", "owner", "basis", "lasts", "why")
    events = Table("when", "v", "what", "by", "for", "why")
    impacts = Table(
        "analysed", "v", "decisions", "hits", "precision", "interval", "beyond capacity"
    )
    with warehouse.connect() as connection:
        for told in connection.execute(_VERSIONS, [parameter]):
            versions.add_row(*(escape(str(cell)) for cell in told))
        for at, *cells in connection.execute(_EVENTS, [parameter]):
            events.add_row(shown(at), *(escape(str(cell)) for cell in cells))
        for at, *cells, precision, low, high, beyond in connection.execute(_IMPACTS, [parameter]):
            impacts.add_row(
                shown(at),
                *map(str, cells),
                _share(precision),
                f"{_share(low)} – {_share(high)}",
                str(beyond),
            )
    if not versions.row_count:
        say(f"{parameter}: there is no such parameter 无此参数")
        raise typer.Exit(1)
    for table in (versions, impacts, events):
        console.print(table)


_VERSIONS = """
    select
        version, "condition", what_to_examine_zh || ' / ' || what_to_examine_en,
        array_to_string(jurisdiction, ' '), owner_unit, legal_basis,
        starts_on || ' – ' || expires_on, reason_zh || ' / ' || reason_en
    from ops.parameter_versions
    where parameter_id = %s
    order by version desc
"""
_EVENTS = """
    select happened_at, version, "event", officer, unit_code, reason
    from ops.parameter_events
    where parameter_id = %s
    order by event_no desc
"""
_IMPACTS = """
    select
        analysed_at, version, from_on || ' – ' || to_on, hits, expected_precision, precision_low,
        precision_high, hits_beyond_capacity
    from ops.parameter_impacts
    where parameter_id = %s
    order by version desc, impact_no desc
"""
