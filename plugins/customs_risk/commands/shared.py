"""What all commands print with, and what those ask for that a person answers for."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from customs_risk.collect import BatchOutcome
from customs_risk.settings import settings

# the tables have twelve columns: squeezed into fewer characters, they would show no figure
console = Console(width=max(Console().width, 120))


def group(help_: str) -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(help=help_, no_args_is_help=True, pretty_exceptions_enable=False)


def _said(value: str) -> str:
    if not value.strip():
        raise typer.BadParameter("it must not be empty")
    return value.strip()


Feed = Annotated[str, typer.Argument(help="Name of a declared feed. 数据源名")]
By = Annotated[str, typer.Option("--by", callback=_said, help="Who answers for it. 责任人")]
Reason = Annotated[str, typer.Option("--reason", callback=_said, help="Why it is right. 理由")]


def shown(moment: datetime | None) -> str:
    """Return a moment as people of the business's time zone write it."""
    return f"{moment.astimezone(settings().zone):%Y-%m-%d %H:%M}" if moment else ""


def tell(outcome: BatchOutcome) -> None:
    """Print what became of one delivery."""
    if outcome.status == "refused":
        say(f"{outcome.file_name}: refused: {outcome.reason}")
        return
    say(
        f"{outcome.file_name}: {outcome.received:,} rows received, {outcome.loaded:,} loaded, "
        f"{outcome.quarantined:,} quarantined, {outcome.duplicate:,} duplicate, "
        f"{outcome.corrected:,} corrected"
    )


@contextmanager
def interruptible(then: str = "run again to go on 再次运行即可继续") -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does: everything stops, and nobody sees a traceback.

    ``then`` says what becomes of the work, in both languages.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        say(f"stopped 已停止; {then}")
    finally:
        signal.signal(signal.SIGTERM, previous)


def say(line: str) -> None:
    """Print one line as it is: what others wrote is no markup, and is not cut."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
