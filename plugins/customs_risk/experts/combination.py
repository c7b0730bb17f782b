"""What the model and the experts say together of a declaration, by the rule in ml/pooling.py.

A combination is drawn when an expert has said something new, when the model concludes anew, and
when an expert's word ceases to count; it keeps all that went into it, and the latest stands. Once
a result is known there is nothing to combine any more.
"""

import json
from typing import Any

import numpy as np
from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.experts import yardstick
from customs_risk.experts.yardstick import Record, Yardstick
from ml import pooling
from ml.config import configured
from ml.pooling import Pooled, PoolingRule

Row = dict[str, Any]

# one row per declaration and domain whose inputs are not those of its latest combination
_TO_COMBINE = """
with

-- what each assessor said last of each declaration and domain, while it speaks
newest as (
    select distinct on (subject_key, risk_domain, assessor_id) *
    from ops.expert_assessments
    where
        subject_kind = 'declaration'
        and made_at > %(moment)s::timestamptz - make_interval(days => %(speaks_days)s)
    order by subject_key, risk_domain, assessor_id, made_at desc, recorded_at desc
),

spoken as (
    select
        importer_id,
        subject_key as declaration_id,
        risk_domain,
        jsonb_agg(
            jsonb_build_object(
                'assessment_id', assessment_id,
                'assessor_id', assessor_id,
                'likelihood', likelihood,
                'level', "level",
                'refusal', ops.assessor_refusal(
                    assessor_id, risk_domain, subject_kind, subject_key, %(day)s
                )
            )
            order by assessor_id
        ) as statements
    from newest
    where
        not exists (
            select 1 from intermediate.int_inspections as results
            where
                results.importer_id = newest.importer_id
                and results.declaration_id = newest.subject_key
                and results.known_on < %(day)s
        )
    group by importer_id, subject_key, risk_domain
),

-- one to the latest conclusion or none: before a declaration is scored the experts speak alone
heard as (
    select
        spoken.*,
        conclusions.model_version,
        conclusions.as_of as model_as_of,
        conclusions.likelihood as model_likelihood,
        conclusions.level as model_level,
        md5(concat_ws(
            '|', %(rule_hash)s::text, spoken.statements, conclusions.model_version,
            conclusions.as_of, conclusions.likelihood
        )) as inputs_hash
    from spoken
    left join lateral (
        select model_version, as_of, likelihood, "level"
        from ml.conclusions
        where
            conclusions.importer_id = spoken.importer_id
            and conclusions.declaration_id = spoken.declaration_id
        order by as_of desc, assessed_at desc
        limit 1
    ) as conclusions on true
),

latest as (
    select distinct on (importer_id, declaration_id, risk_domain) *
    from ml.combined_conclusions
    where declaration_id in (select heard.declaration_id from heard)
    order by importer_id, declaration_id, risk_domain, combination_no desc
)

select heard.*, coalesce(latest.combination_no, 0) + 1 as combination_no
from heard
left join latest using (importer_id, declaration_id, risk_domain)
where latest.inputs_hash is distinct from heard.inputs_hash
"""

_RECORDS = """
    select assessor_id, cases, brier_score, reference_brier_score from assessment.assessors
"""

_WRITE = """
    insert into ml.combined_conclusions
    select * from jsonb_populate_recordset(null::ml.combined_conclusions, %s::jsonb)
    on conflict do nothing
"""

_MODEL = ""  # no assessor has this number
_LEVELS = ("low", "medium", "high")


def combine() -> int:
    """Combine what experts and the model say wherever that changed; return how many times.

    What was said up to the present moment counts; records and base rates are those known on
    earlier days. Running it again adds nothing.
    """
    rule = PoolingRule()
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        day = clock.business_day(moment)
        told = {
            "moment": moment,
            "day": day,
            "speaks_days": rule.speaks_days,
            "rule_hash": rule.hash(),
        }
        cases = connection.cursor(row_factory=dict_row).execute(_TO_COMBINE, told).fetchall()
        if not cases:
            return 0
        known = yardstick.known_before(connection, day, rule)
        rows = combined(cases, known, _records(connection), rule)
        moments = {"combined_at": moment, "rule_hash": rule.hash()}
        document = json.dumps([{**row, **moments} for row in rows], default=str)
        return connection.execute(_WRITE, [document]).rowcount


def combined(
    cases: list[Row], known: Yardstick, records: dict[str, Record], rule: PoolingRule
) -> list[Row]:
    """Return what the sources of each case say together.

    Each case holds the model's conclusion and the experts' statements, each of these with its
    likelihood, its level and, if it does not count, why not.
    """
    weights = _weights({**records, _MODEL: known.model}, rule)
    spoken, concluded = [], []
    for number, case in enumerate(cases):
        for statement in case["statements"]:
            statement["weight"] = 0.0 if statement["refusal"] else weights[statement["assessor_id"]]
            spoken.append((number, statement["likelihood"], statement["weight"]))
        part = known.of_domain(case["model_likelihood"], case["risk_domain"])
        case["model_domain_likelihood"] = part
        case["model_weight"] = None if part is None else weights[_MODEL]
        case["base_rate"] = known.base_rate(case["risk_domain"])
        if part is not None:
            concluded.append((number, part, weights[_MODEL]))
    experts = _pool(spoken, len(cases), rule)
    together = _pool([*spoken, *concluded], len(cases), rule)
    base_rate = np.array([case["base_rate"] for case in cases], dtype=float)
    level = pooling.levels(together.likelihood, base_rate, configured())
    agreement = pooling.agreement(together, rule)
    return [
        {
            **case,
            "expert_statements": case["statements"],
            "experts": int(experts.sources[number]),
            "expert_likelihood": _null(experts.likelihood[number]),
            "likelihood": _null(together.likelihood[number]),
            "likelihood_low": _null(together.low[number]),
            "likelihood_high": _null(together.high[number]),
            "level": level[number] if case["base_rate"] else _highest_stated(case["statements"]),
            "disagreement": _null(together.spread[number]),
            "agreement": agreement[number],
        }
        for number, case in enumerate(cases)
    ]


def _records(connection: Connection) -> dict[str, Record]:
    return {assessor_id: Record(*record) for assessor_id, *record in connection.execute(_RECORDS)}


def _weights(records: dict[str, Record], rule: PoolingRule) -> dict[str, float]:
    figures = [(r.cases, r.brier_score, r.reference_brier_score) for r in records.values()]
    cases, brier_score, reference = np.array(figures, dtype=float).T
    weights = pooling.weights(cases, brier_score, reference, rule)
    return dict(zip(records, weights.tolist(), strict=True))


def _pool(said: list[tuple[int, float, float]], cases: int, rule: PoolingRule) -> Pooled:
    case, likelihood, weight = np.array(said, dtype=float).reshape(-1, 3).T
    return pooling.pool(likelihood, weight, case.astype(np.intp), cases, rule)


def _highest_stated(statements: list[Row]) -> str:
    """Return the highest level that an expert states, where results tell nothing of the domain."""
    stated = [_LEVELS.index(each["level"]) for each in statements if each["weight"]]
    return _LEVELS[max(stated)] if stated else "unknown"


def _null(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
