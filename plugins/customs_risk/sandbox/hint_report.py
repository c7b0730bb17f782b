"""The hints of enforcement supervision held against the sandbox's truth, rule by rule."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from customs_risk import warehouse
from customs_risk.sandbox.truth import read_misconduct

_HINTS = "select rule_code, subject_type, subject_key from supervision.hints"
_RULES = "select rule_code, hint_class, name_en, name_zh from reference.hint_rules order by 1"


@dataclass(frozen=True)
class Measured:
    """How a rule's hints (or those of all rules) fare against what was planted.

    hints: how many there are; right: of them, those whose subject does what the rule looks for.
    planted: subjects who do; found: of them, those with a hint of the rule.
    """

    rule_code: str
    hint_class: str
    name: str
    hints: int
    right: int
    planted: int
    found: int

    @property
    def precision(self) -> float | None:
        """Right hints as a share of all; None without a hint."""
        return self.right / self.hints if self.hints else None

    @property
    def recall(self) -> float | None:
        """Found subjects as a share of the planted; None where none is planted."""
        return self.found / self.planted if self.planted else None


def measure(home: Path) -> list[Measured]:
    """Hold every rule's hints against the truth; the last row is of all rules together."""
    key = ["rule_code", "subject_type", "subject_key"]
    planted = read_misconduct(home)[key].drop_duplicates()
    with warehouse.connect() as connection:
        hints = pd.DataFrame(connection.execute(_HINTS).fetchall(), columns=key)
        rules = connection.execute(_RULES).fetchall()
    judged = hints.merge(planted, how="left", indicator="truth")
    met = planted.merge(hints.drop_duplicates(), how="left", indicator="told")
    measured = [
        _measured(
            judged[judged["rule_code"] == code], met[met["rule_code"] == code], code, of, name
        )
        for code, of, english, chinese in rules
        for name in [f"{english} {chinese}"]
    ]
    return [*measured, _measured(judged, met, "all", "", "all rules 全部规则")]


def _measured(
    judged: pd.DataFrame, met: pd.DataFrame, code: str, hint_class: str, name: str
) -> Measured:
    return Measured(
        rule_code=code,
        hint_class=hint_class,
        name=name,
        hints=len(judged),
        right=int((judged["truth"] == "both").sum()),
        planted=len(met),
        found=int((met["told"] == "both").sum()),
    )


def show_hints(console: Console, home: Path) -> None:
    """Print how many hints each rule gave, how many are right, and who was not found."""
    table = Table(
        title="hints against the sandbox's truth 执法监督提示与沙盒真值", box=box.SIMPLE_HEAD
    )
    for heading in (
        "rule\n规则", "", "hints\n提示", "right\n正确", "precision\n查准率", "planted\n预置",
        "found\n发现", "recall\n查全率",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if heading in ("rule\n规则", "") else "right")
    for each in measure(home):
        table.add_row(
            each.rule_code,
            each.name,
            str(each.hints),
            str(each.right),
            _share(each.precision),
            str(each.planted),
            str(each.found),
            _share(each.recall),
        )
    console.print(table)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
