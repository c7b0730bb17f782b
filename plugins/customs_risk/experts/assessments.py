"""What assessors say of a case: hazard factors and causes, severity, likelihood, trend, level.

A statement is never changed: what an assessor says later of the same subject and risk domain takes
its place, and both stay.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.experts import yardstick
from customs_risk.experts.refusals import Question, importer_of, refusal
from customs_risk.experts.vocabulary import Domain, Level, Severity, SubjectType, Trend
from ml import pooling
from ml.pooling import PoolingRule

_WORDS = (
    "subject_key", "hazard_factors_en", "hazard_factors_zh", "causes_en", "causes_zh", "method",
)  # fmt: skip

_ACCEPT = """
    insert into ops.expert_assessments (
        assessment_id, assessor_id, subject_type, subject_kind, subject_key, importer_id,
        risk_domain, likelihood_low, likelihood_high, likelihood, severity, trend, "level",
        hazard_factors_en, hazard_factors_zh, causes_en, causes_zh, evidence, method, base_rate,
        made_at, recorded_by
    )
    values (
        %(assessment_id)s, %(assessor_id)s, %(subject_type)s, %(subject_kind)s, %(subject_key)s,
        %(importer_id)s, %(risk_domain)s, %(likelihood_low)s, %(likelihood_high)s, %(likelihood)s,
        %(severity)s, %(trend)s, %(level)s, %(hazard_factors_en)s, %(hazard_factors_zh)s,
        %(causes_en)s, %(causes_zh)s, %(evidence)s, %(method)s, %(base_rate)s,
        %(made_at)s, %(recorded_by)s
    )
    on conflict (assessment_id) do nothing
"""


class UnusableAssessment(ValueError):  # noqa: N818 - reads as what is wrong
    """A statement that says too little or cannot be so; the message says why."""


@dataclass(frozen=True)
class Statement:
    """What one assessor says of one subject in one risk domain.

    The likelihood is that of an inspection finding a violation of the domain: a number, if both
    ends are the same. Of anything but a declaration, ``subject_kind`` says what the key names, in
    the words of the indicators (party, vessel, container, flight, …).
    """

    assessor_id: str
    subject_key: str
    risk_domain: Domain
    likelihood_low: float
    likelihood_high: float
    severity: Severity
    trend: Trend
    level: Level
    hazard_factors_en: str
    hazard_factors_zh: str
    causes_en: str
    causes_zh: str
    evidence: tuple[str, ...]
    method: str
    subject_type: SubjectType = "goods"
    subject_kind: str = "declaration"


def assess(statement: Statement, *, recorded_by: str) -> str:
    """Accept a statement as of the present moment and return its number.

    The number follows from the statement and its day: handing in the same again adds nothing.

    Raises:
        Refused: the assessor has no valid undertaking or no valid qualification in the domain, or
            an interest in a party; it is noted in ops.expert_refusals.
        UnknownDeclaration: there is no such declaration.
        UnusableAssessment: the statement says too little, or its likelihood is none.
    """
    _check(statement)
    question = Question(
        statement.assessor_id, statement.subject_key, statement.risk_domain, statement.subject_kind
    )
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        importer_id = importer_of(connection, question)
        refused = refusal(connection, question, "assessment", moment=moment, asked_by=recorded_by)
        if refused is None:
            return _accept(connection, statement, importer_id, moment, recorded_by)
    raise refused


def _check(statement: Statement) -> None:
    low, high = statement.likelihood_low, statement.likelihood_high
    if not 0 <= low <= high <= 1:
        raise UnusableAssessment(
            f"a likelihood lies between 0 and 1, its lower end first: {low} to {high}"
            " 可能性须在0与1之间，且下限在前"
        )
    empty = [name for name in _WORDS if not getattr(statement, name).strip()]
    if empty or not statement.evidence:
        raise UnusableAssessment(f"{', '.join(empty or ['evidence'])} must be told 不得为空")


def _accept(
    connection: Connection,
    statement: Statement,
    importer_id: str | None,
    moment: datetime,
    recorded_by: str,
) -> str:
    rule = PoolingRule()
    day = clock.business_day(moment)
    ends = np.array([statement.likelihood_low]), np.array([statement.likelihood_high])
    content = json.dumps([asdict(statement), str(day)], ensure_ascii=False)
    number = f"EA-{day:%Y%m%d}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"
    known = yardstick.known_before(connection, day, rule)
    connection.execute(
        _ACCEPT,
        {
            **asdict(statement),
            "assessment_id": number,
            "importer_id": importer_id,
            "likelihood": float(pooling.middle(*ends, rule)[0]),
            "evidence": list(statement.evidence),
            "base_rate": known.base_rate(statement.risk_domain),
            "made_at": moment,
            "recorded_by": recorded_by,
        },
    )
    return number
