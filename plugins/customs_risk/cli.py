"""The command line: what a person runs. `customs-risk --help` tells each command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from customs_risk.commands import (
    access,
    allocation,
    approvals,
    cases,
    declarations,
    docs,
    emergencies,
    experts,
    feeds,
    inspections,
    measures,
    models,
    operations,
    outbox,
    parameters,
    quarantine,
    rebuttals,
    reports,
    requests,
    reviews,
    subjects,
    supervision,
    warnings,
)
from customs_risk.commands.shared import Feed, console, interruptible, tell
from customs_risk.settings import settings

# what these packages raise is meant to be read by people; anything else is a defect
_OURS = {"customs_risk", "expectations", "ml"}
# the warehouse is not there, or was never initialised: nothing is wrong with the code
_NO_WAREHOUSE = (psycopg.OperationalError, psycopg.errors.UndefinedTable)

_ANEW = "the next run begins anew 再次运行将重新开始"

app = typer.Typer(
    help="Customs risk management in a closed loop. 海关风险管理闭环。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Seed = Annotated[int, typer.Option(min=0, help="Seed of the sandbox's world. 沙盒种子")]
Volume = Annotated[
    int,
    typer.Option("--declarations", min=100, max=79_999, help="Declarations a day. 日均报关单数"),
]


@app.command()
def run(
    *,
    days: Annotated[int, typer.Option(min=1, help="Live business days to answer. 工作日数")] = 5,
    seed: Seed = 7,
    declarations: Volume = 3000,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the table. 输出后退出")] = False,
) -> None:
    """Run the loop on an embedded PostgreSQL and Airflow; go on where the last run ended."""
    from customs_risk.sandbox import live

    with interruptible():
        live.run(console, days=days, seed=seed, declarations_per_day=declarations, stays=not exit_)


@app.command()
def simulate(
    *,
    weeks: Annotated[int, typer.Option(min=1, help="Weeks to simulate. 周数")] = 17,
    seed: Seed = 7,
    declarations: Volume = 3000,
) -> None:
    """Run the loop on the sandbox without Airflow, a week at a time."""
    from customs_risk.sandbox import simulation

    home = beside(f"simulate_seed{seed}")
    with interruptible(_ANEW):
        simulation.run(console, home, weeks=weeks, seed=seed, declarations_per_day=declarations)


@app.command()
def replay(
    declarations: Annotated[Path, typer.Argument(exists=True, help="CSV with labels. 带标签的CSV")],
    *,
    mapping: Annotated[Path, typer.Option(exists=True, help="Column mapping, YAML. 字段映射")],
    warm_up: Annotated[
        int, typer.Option(min=1, help="Weeks of random selection first. 预热周数")
    ] = 4,
) -> None:
    """Run the loop over a labelled file, showing it only the labels of what it inspects."""
    from customs_risk.sandbox import simulation

    home = beside("replay")
    with interruptible(_ANEW):
        simulation.run_replay(console, home, declarations, mapping.resolve(), warm_up=warm_up)


@app.command()
def pages(
    *,
    home: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="The run's home. 运行目录")
    ] = None,
) -> None:
    """Serve the pages on what a run has left, until Ctrl-C; nothing is collected or decided."""
    from customs_risk.sandbox import pages as standing

    with interruptible():
        standing.serve(console, (home or settings().home).resolve())


@app.command(name="settings")
def show_settings() -> None:
    """Print every setting: its variable, its value, its meaning."""
    table = Table("variable", "value", "meaning")
    for name, field in type(settings()).model_fields.items():
        value = getattr(settings(), name)
        shown = "(set)" if name == "database_url" and value else str(value)
        table.add_row(f"CUSTOMS_RISK_{name.upper()}", shown, field.description)
    console.print(table)


@app.command()
def sources() -> None:
    """Write dbt's sources anew from the feeds' declarations."""
    from expectations import sources as generator

    console.print(f"wrote {generator.write()}")


@app.command()
def collect(feed: Feed) -> None:
    """Fetch what is new and take in what waits in a feed's inbox, as its DAG would."""
    from customs_risk import steps

    for outcome in steps.bring_in(feed):
        tell(outcome)


@app.command()
def initialize() -> None:
    """Create the warehouse's first tables; harmless when they exist (a deployment's first step)."""
    from customs_risk import steps

    steps.initialize()


@app.command()
def psql() -> None:
    """Open the warehouse in psql."""
    from customs_risk import warehouse
    from customs_risk.embedded import postgres

    subprocess.run([str(postgres.program("psql")), warehouse.url()], check=False)


@app.command()
def clean() -> None:
    """End what a killed run left behind, and forget all state."""
    from customs_risk.sandbox.home import forget

    home = settings().home
    for each in [home, *(path for path in home.parent.glob(f"{home.name}_*") if path.is_dir())]:
        forget(each)
        console.print(f"forgot {os.path.relpath(each)}")


app.add_typer(feeds.app, name="feed")
app.add_typer(declarations.app, name="declaration")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(subjects.app, name="subjects")
app.add_typer(requests.app, name="requests")
app.add_typer(inspections.app, name="inspection")
app.add_typer(experts.app, name="expert")
app.add_typer(warnings.app, name="warning")
app.add_typer(reports.app, name="report")
app.add_typer(reviews.app, name="review")
app.add_typer(measures.app, name="measure")
app.add_typer(approvals.app, name="approval")
app.add_typer(allocation.app, name="allocation")
app.add_typer(rebuttals.app, name="rebuttal")
app.add_typer(models.app, name="model")
app.add_typer(parameters.app, name="parameter")
app.add_typer(emergencies.app, name="emergency")
app.add_typer(cases.app, name="case")
app.add_typer(operations.operation, name="operation")
app.add_typer(operations.recommendation, name="recommendation")
app.add_typer(operations.referral, name="referral")
app.add_typer(outbox.app, name="outbox")
app.add_typer(access.app, name="access")
app.add_typer(supervision.app, name="supervision")
app.command(name="alarms")(requests.alarms)
app.command(name="docs")(docs.docs)


@supervision.app.command(name="report")
def supervision_report() -> None:
    """Hold the hints against the sandbox's truth, rule by rule. 提示与沙盒真值对照。"""
    from customs_risk.sandbox import hint_report

    hint_report.show_hints(console, settings().home)


def beside(name: str) -> Path:
    """Return the home of a run that must not touch the standing one."""
    return settings().home.with_name(f"{settings().home.name}_{name}")


def main() -> None:
    """Run a command; tell an error of our own without a traceback."""
    try:
        app()
    except Exception as error:
        ours = type(error).__module__.split(".")[0] in _OURS
        if not ours and not isinstance(error, _NO_WAREHOUSE):
            raise
        Console(stderr=True).print(f"customs-risk: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
