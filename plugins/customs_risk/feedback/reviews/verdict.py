"""Which verdict follows from a review's figures: the first of the rules in rules.yml that holds."""

from dataclasses import dataclass
from functools import cache
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from customs_risk.feedback.reviews.evidence import Figures, Subject, columns

Word = Literal["keep", "change", "drop"]

_COMPARED = {"at_least": ge, "at_most": le, "above": gt, "below": lt}
# the last verdict on the same subject, and what came of it
_CAME_OF_IT = {
    None: ("nobody has answered it yet", "尚未答复"),
    "carried_out": ("it was carried out", "已落实"),
    "refused": ("it was refused", "未获批准"),
    "lapsed": ("its subject had ended before", "对象此前已终止"),
    "hindered": ("it could not be carried out", "未能落实"),
}
_VERDICTS = {"change": ("to change it", "调整"), "drop": ("to drop it", "停用")}


@dataclass(frozen=True)
class Verdict:
    """What a review recommends, by which rule, and why; ``change`` is what would take its place."""

    verdict: Word
    rule_code: str
    reason_en: str
    reason_zh: str
    change: dict[str, Any] | None = None


@cache
def rules() -> dict[str, Any]:
    """Return what rules.yml declares."""
    text = Path(__file__).with_name("rules.yml").read_text(encoding="utf-8")
    return cast("dict[str, Any]", yaml.safe_load(text))


def judge(subject: Subject, figures: Figures) -> Verdict:
    """Return the verdict on a subject.

    Raises:
        KeyError: a rule asks for a figure that there is not.
    """
    change = _change(subject)
    told = {**columns(figures), **subject.traits, "can_change": change is not None}
    for rule in rules()[subject.subject_kind]:
        if all(_holds(told, name, asked) for name, asked in rule["when"].items()):
            en, zh = _came_of_it(subject)
            return Verdict(
                rule["verdict"],
                rule["code"],
                rule["reason_en"].format_map(_words(told)) + en,
                rule["reason_zh"].format_map(_words(told)) + zh,
                change if rule["verdict"] == "change" else None,
            )
    raise LookupError(f"no rule speaks of {subject.name}: the last one has no condition 规则不全")


def _holds(told: dict[str, Any], name: str, asked: dict[str, Any]) -> bool:
    figure = told[name]
    for how, other in asked.items():
        if how == "is_known":
            if (figure is not None) != other:
                return False
            continue
        limit = told[other] if isinstance(other, str) else other
        if figure is None or limit is None or not _COMPARED[how](figure, limit):
            return False
    return True


def _change(subject: Subject) -> dict[str, Any] | None:
    """Return what would take the subject's place; None if no rule knows, or it is so already."""
    name = subject.kind if subject.action is None else f"{subject.kind}.{subject.action}"
    change = rules()["changes"][subject.subject_kind].get(name)
    if change and change.get("after", change) == subject.value_after:
        return None
    return cast("dict[str, Any] | None", change)


def _words(told: dict[str, Any]) -> dict[str, str]:
    """Return each figure in words, and as a percentage under its name with _pct."""
    shares = {name: value for name, value in told.items() if isinstance(value, float | None)}
    return {
        **{name: _figure(value) for name, value in told.items()},
        **{
            f"{name}_pct": "?" if value is None else f"{100 * value:.1f}%"
            for name, value in shares.items()
        },
    }


def _figure(value: Any) -> str:
    if value is None:
        return "?"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _came_of_it(subject: Subject) -> tuple[str, str]:
    """Return what the last review asked for and what came of it, if it asked for anything."""
    asked = _VERDICTS.get(subject.previous_verdict or "")
    if asked is None:
        return "", ""
    en, zh = _CAME_OF_IT[subject.previous_outcome]
    return f". The last review recommended {asked[0]}: {en}", f"。上次评价建议{asked[1]}：{zh}"
