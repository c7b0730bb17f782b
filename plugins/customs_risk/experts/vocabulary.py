"""The words that assessors' records, statements and refusals are made of."""

from typing import Literal

AssessorKind = Literal["internal", "external_expert", "external_body"]
Covers = Literal["internal", "restricted", "personal"]
Domain = Literal[
    "prohibited_restricted",
    "port_health",
    "biosecurity",
    "food_safety",
    "commodity_quality",
    "tax",
    "ipr",
    "other",
]
SubjectType = Literal["transport_means", "transport_equipment", "persons", "goods", "articles"]
Severity = Literal["minor", "moderate", "serious"]
Trend = Literal["rising", "steady", "falling", "unknown"]
Level = Literal["high", "medium", "low"]

_LACKING = {
    "assessor": ("registration as an assessor", "专家登记"),
    "undertaking": ("undertaking of confidentiality", "保密承诺"),
    "qualification": ("qualification in this risk domain", "该风险领域的资质"),
}
_STANDING = {
    "missing": ("there is no", "没有"),
    "not_yet": ("not yet valid:", "尚未生效："),
    "expired": ("expired:", "已过期："),
    "revoked": ("revoked:", "已撤销："),
}


def why_refused(code: str) -> str:
    """Return in both languages why an assessor may not assess (ops.assessor_refusal's codes)."""
    if code == "conflict_declared":
        return "a conflict of interest with a party is declared 已申报与当事人存在利益冲突"
    what, _, standing = code.partition("_")
    thing_en, thing_zh = _LACKING[what]
    state_en, state_zh = _STANDING[standing]
    return f"{state_en} {thing_en} {state_zh}{thing_zh}"
