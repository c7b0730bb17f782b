"""Models: which serves, what it is, who put it there; promotion, roll-back, drift, verification."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import By, Reason, console, group, say, shown

app = group("Models: their cards, promotion, roll-back and drift. 模型管理。")

Version = Annotated[str, typer.Argument(help="Version of the model. 模型版本")]


@app.command(name="list")
def list_() -> None:
    """List the models, the newest first: which serves, which are compared with it. 模型一览。"""
    from customs_risk import warehouse

    table = Table("version", "role", "since", "labels", "AP", "decided by", "reason")
    with warehouse.connect() as connection:
        for version, role, since, labels, precision, by, reason in connection.execute(_MODELS):
            table.add_row(
                version,
                role,
                shown(since),
                f"{labels or 0:,}",
                "" if precision is None else f"{precision:.3f}",
                escape(by),
                escape(reason),
            )
    console.print(table)


_MODELS = """
    select
        models.model_version,
        roles."role",
        roles.since,
        (models.metrics ->> 'labels')::int,
        (models.metrics #>> '{rankings,model,average_precision}')::float8,
        latest.decided_by,
        latest.reason
    from ml.models as models
    inner join ml.model_roles as roles using (model_version)
    cross join lateral (
        select events.decided_by, events.reason
        from ml.model_events as events
        where events.model_version = models.model_version
        order by events.event_no desc
        limit 1
    ) as latest
    order by models.trained_at desc, models.model_version
"""


@app.command()
def card(version: Version) -> None:
    """Print a model's card in both languages, with its life and its drift. 模型卡片。"""
    from ml import card as cards

    say(cards.read(version))


@app.command()
def promote(version: Version, *, by: By, reason: Reason) -> None:
    """Put a model in service, whatever the policy says of it. 启用模型。"""
    from ml import registry

    registry.promote(version, registry.Decision(by, reason))
    say(f"{version}: in service, promoted by {by}")


@app.command()
def rollback(
    *,
    to: Annotated[
        str | None, typer.Option("--to", help="Version; without it the last before. 目标版本")
    ] = None,
    by: By,
    reason: Reason,
) -> None:
    """Put an earlier model back in service and retire the one that serves. 回退模型。"""
    from ml import registry

    say(f"{registry.roll_back(registry.Decision(by, reason), to)}: in service again, says {by}")


@app.command()
def drift(
    *, all_: Annotated[bool, typer.Option("--all", help="Every feature too. 含全部特征")] = False
) -> None:
    """Show how far the newest day lies from what the active model learned. 漂移。"""
    from customs_risk import warehouse
    from ml.due import is_training_due

    table = Table("day", "measure", "rows", "beyond", "observed")
    with warehouse.connect() as connection:
        for day, measure, rows, is_beyond, en, zh in connection.execute(_DRIFT, {"all": all_}):
            table.add_row(f"{day}", measure, f"{rows:,}", "yes" if is_beyond else "", f"{en} {zh}")
    console.print(table)
    say(f"training is due: {is_training_due() or 'no'}")


_DRIFT = """
    select observed_on, measure, "rows", is_beyond, words_en, words_zh
    from ml.drift
    where
        (model_version, observed_on) = (
            select newest.model_version, max(newest.observed_on)
            from ml.drift as newest
            inner join ml.models as models using (model_version)
            where models.is_active
            group by newest.model_version
        )
        and (%(all)s or is_beyond or measure <> 'feature')
    order by measure = 'feature', measure, value desc, subject
"""


@app.command()
def verify(
    version: Version,
    *,
    newest: Annotated[int, typer.Option(min=1, help="Conclusions to draw anew. 复算份数")] = 10_000,
) -> None:
    """Draw a model's newest conclusions anew from the register and compare bits. 逐位复核。"""
    from ml import registry

    told = registry.verify(version, newest)
    say(f"{version}: {told.declarations:,} conclusions drawn anew, {len(told.differing):,} differ")
    if told.differing:
        say(", ".join(told.differing[:20]))
        raise typer.Exit(1)
