"""Policy recommendations (政策建议): to whom, about what, on which evidence, and what came of it.

The effect is measured by what the recommendation named itself, before anybody knew the outcome:
``treatment.policy_recommendations`` holds it before and after the day on which it took effect.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, get_args

from customs_risk import clock, warehouse
from customs_risk.experts.vocabulary import Domain
from customs_risk.treat import outbox
from customs_risk.treat.numbers import numbered
from customs_risk.treat.scope import Scope

EffectMeasure = Literal[
    "declarations", "find_rate", "revenue_cny_per_inspection", "inspection_rate"
]
Direction = Literal["rise", "fall"]
Answer = Literal["accepted", "partly", "refused"]

_ISSUE = """
insert into ops.policy_recommendations (
    recommendation_id, addressee, subject_en, subject_zh, recommended_en, recommended_zh,
    risk_domain, evidence, effect_measure, effect_expected, effect_days, hs_prefixes,
    origin_countries, importer_ids, office_codes, issued_at, issued_by, due_at
)
values (
    %(recommendation_id)s, %(addressee)s, %(subject_en)s, %(subject_zh)s, %(recommended_en)s,
    %(recommended_zh)s, %(risk_domain)s, %(evidence)s, %(effect_measure)s, %(effect_expected)s,
    %(effect_days)s, %(hs_prefixes)s, %(origin_countries)s, %(importer_ids)s, %(office_codes)s,
    %(moment)s, %(by)s, %(due_at)s
)
on conflict (recommendation_id) do nothing
"""

_ANSWER = """
update ops.policy_recommendations
set
    answer = %(answer)s, answered_at = %(moment)s, answered_by = %(by)s, answer_words = %(words)s,
    effective_on = %(effective_on)s
where recommendation_id = %(recommendation_id)s and answered_at is null
"""


class UnusableRecommendation(ValueError):  # noqa: N818 - reads as what is wrong
    """A recommendation or an answer that says too little; the message says what is missing."""


def recommend(
    addressee: str,
    *,
    subject: tuple[str, str],
    recommended: tuple[str, str],
    domain: Domain,
    evidence: Sequence[str],
    effect_measure: EffectMeasure,
    effect_expected: Direction,
    scope: Scope,
    by: str,
    effect_days: int = 28,
    answer_within_days: int = 30,
) -> str:
    """Issue a recommendation and return its number; the same again on one day is the same.

    ``subject`` and ``recommended`` are told in English and Chinese. The effect is the change of
    ``effect_measure`` in ``scope`` from the ``effect_days`` before it takes effect to those after.

    Raises:
        UnusableRecommendation: words or evidence are missing, or the measure is none.
        UnusableScope: the scope names what is no code, or stands for all there is.
    """
    scope.check()
    if not all(word.strip() for word in (addressee, *subject, *recommended, by)) or not evidence:
        raise UnusableRecommendation(
            "a recommendation tells its addressee, subject and content in both languages, evidence"
            " and who issues it 建议须写明对象、主题、内容、依据与提出人"
        )
    measured = effect_measure in get_args(EffectMeasure) and effect_expected in get_args(Direction)
    if not measured or not 7 <= effect_days <= 730 or answer_within_days < 1:
        raise UnusableRecommendation(
            f"the effect is a rise or fall of {', '.join(get_args(EffectMeasure))}, over 7 to 730"
            f" days: {effect_measure} {effect_expected} {effect_days} 效果指标有误"
        )
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        number = numbered("PR", clock.business_day(moment), addressee, recommended[1])
        told = {
            "recommendation_id": number, "addressee": addressee, "subject_en": subject[0],
            "subject_zh": subject[1], "recommended_en": recommended[0],
            "recommended_zh": recommended[1], "risk_domain": domain, "evidence": list(evidence),
            "effect_measure": effect_measure, "effect_expected": effect_expected,
            "effect_days": effect_days, "moment": moment, "by": by,
            "due_at": moment + timedelta(answer_within_days),
        }  # fmt: skip
        connection.execute(_ISSUE, {**told, **scope.told()})
        outbox.enqueue(connection, "recommendation")
    return number


def answer(
    recommendation_id: str, given: Answer, words: str, *, by: str, effective_on: date | None = None
) -> bool:
    """Note the addressee's answer; return whether one was awaited.

    What is accepted, wholly or partly, says from which day on it takes effect.

    Raises:
        UnusableRecommendation: the day is missing, or told of what is refused; or no words.
    """
    takes_effect = given in ("accepted", "partly")
    if given not in get_args(Answer) or takes_effect != (effective_on is not None):
        raise UnusableRecommendation(
            f"{recommendation_id}: what is accepted says from when, what is refused does not"
            " 采纳须写明生效日，不采纳则无"
        )
    if not words.strip():
        raise UnusableRecommendation(f"{recommendation_id}: an answer says why 答复须说明理由")
    with warehouse.connect() as connection:
        told = {"recommendation_id": recommendation_id, "answer": given, "words": words, "by": by}
        moment = clock.present(connection)
        return (
            connection.execute(
                _ANSWER, {**told, "effective_on": effective_on, "moment": moment}
            ).rowcount
            == 1
        )
