"""Declarations: what was known of one at any moment, and what was, and would have been, decided."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from customs_risk.commands.shared import console, group, say
from customs_risk.settings import settings

if TYPE_CHECKING:
    from ml.replay import Replay

app = group("Declarations. 报关单。")

_FACTS = {
    "importer_id": "importer 进口人",
    "importer_name": "name 名称",
    "office_code": "office 关区",
    "hs6": "commodity 商品编码",
    "goods_name": "goods 品名",
    "origin_country": "origin 原产国",
    "departure_country": "departure 启运国",
    "net_mass_kg": "net mass, kg 净重（千克）",
    "declared_value_cny": "declared value, CNY 申报价值（元）",
    "known_at": "known at 获知时间",
}


@app.callback()
def declarations() -> None:
    """Declarations. 报关单。"""


@app.command()
def replay(
    declaration: Annotated[str, typer.Argument(help="Number of the declaration. 报关单号")],
    *,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"],
            help="Moment to look back from; else that of its assessment. 回溯时点",
        ),
    ] = None,
) -> None:
    """Tell what was known, and what would have been decided; say loudly if it differs. 复盘。"""
    from ml import replay as replays

    moment = at.replace(tzinfo=settings().zone) if at else None
    told = replays.replay(declaration, moment)
    _declared(told)
    _features(told)
    for part, title in (("conclusion", "conclusion 结论"), ("decision", "decision 决定")):
        if part in told.stored:
            _compared(told, part, title)
    _verdict(told, is_elsewhen=at is not None)


def _declared(told: "Replay") -> None:
    table = Table("declared 申报", told.declaration_id, title=f"as known on 截至 {told.as_of_on}")
    for name, title in _FACTS.items():
        table.add_row(title, _shown(told.declared.get(name)))
    console.print(table)


def _features(told: "Replay") -> None:
    from ml.features import BY_NAME, phrases

    table = Table("feature 特征", "stored 存档", "replayed 复算", "in words", "含义")
    stored = told.stored["features"]
    for name, value in told.replayed["features"].items():
        number = np.array([np.nan if value is None else value], dtype=float)
        english, chinese = phrases(BY_NAME[name], number)
        table.add_row(name, *_pair(stored[name], value), english[0], chinese[0])
    console.print(table)


def _compared(told: "Replay", part: str, title: str) -> None:
    table = Table(title, "stored 存档", "replayed 复算")
    for name, value in told.stored[part].items():
        again = told.replayed[part][name]
        if name == "hazard_factors":
            value, again = _words(value), _words(again)
        table.add_row(name, *_pair(value, again))
    if part == "conclusion":
        table.add_row("model 模型", told.model_version or "", told.model_version or "")
    console.print(table)


def _words(factors: list[dict[str, Any]]) -> str:
    return "\n".join(f"{each['en']} · {each['zh']}" for each in factors)


def _pair(stored: Any, replayed: Any) -> tuple[str, str]:
    one, other = _shown(stored), _shown(replayed)
    return (one, other) if stored == replayed else (one, f"[bold red]{other}[/]")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return escape(f"{value:.6g}" if isinstance(value, float) else str(value))


def _verdict(told: "Replay", *, is_elsewhen: bool) -> None:
    differences = told.differences
    if not differences:
        say("THE SAME: all is as it was stored, to the last bit. 完全一致。")
        return
    why = (
        "other things were known at that moment 该时点所知不同"
        if is_elsewhen
        else "THE PAST WAS CHANGED BEHIND THIS DECISION 该决定之后历史被改动"
    )
    say(f"DIFFERENT: {len(differences)} values; {why}:")
    for each in differences:
        if each.name != "hazard_factors":
            say(f"  {each.part}.{each.name}: {_shown(each.stored)} → {_shown(each.replayed)}")
    if not is_elsewhen:
        raise typer.Exit(1)
