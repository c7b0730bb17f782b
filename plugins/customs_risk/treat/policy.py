"""The stated policy that answers in the embedded run, where no person does (all of it is here).

It speaks only where ``CUSTOMS_RISK_APPROVALS=policy``; in service nobody answers but people.
Whatever it answers is marked as the policy's (``answered_as``, ``reviewed_as``).

Questions (ops.approvals):

1. What the asker's own rule recommends is answered so: a back-test that was passed, a drill.
2. A measure that a standing rule proposed is approved if it can be taken back: it restricts or
   suspends, and ends by itself within ``LONGEST_DAYS``. What adjusts it counts as its rule's, too.
3. All else waits for a person, here too: what prohibits, cancels or publishes, and what a person
   asks for. It goes up when it is overdue, and stays an alarm.

Rebuttals (ops.rebuttals) are held against what inspections found of the party in the measure's
domain within ``LOOK_BACK_DAYS``, beside what they found of all others, each party's rate drawn
towards it by ``PRIOR`` inspections:

4. Up to ``USUAL`` times the rate of all others the measure is lifted.
5. Up to ``RAISED`` times it is adjusted: figures are halved; what has none ends in half the time.
6. Above that it stands. So does what is not about a party: one party's proof is no proof of all
   goods of its kind.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.settings import settings
from customs_risk.treat import approvals, rebuttals
from customs_risk.treat.rebuttals import Outcome

# the two parts of it: neither answers what it asked for itself
ANSWERS, REVIEWS = "policy:approvals", "policy:rebuttals"
LONGEST_DAYS = 90
LOOK_BACK_DAYS = 90
PRIOR = 8.0
USUAL = 1.5
RAISED = 3.0

# each open question that the rules above answer, with the answer and why
_ANSWERS = """
    select
        approvals.approval_id,
        case when approvals.recommended is null then 'approve' else approvals.recommended end
            as answer,
        case
            when approvals.recommended is not null then approvals.recommendation
            when states.supersedes is not null
                then '按复核结论调整既有措施 / it adjusts a measure as its review concluded'
            else '规则提出、可以撤回且自行到期 / a standing rule proposed it, and it ends by itself'
        end as reason
    from ops.approvals as approvals
    left join ops.measure_states as states
        on approvals.matter = 'measure' and approvals.subject_id = states.measure_id
    where
        approvals.answered_at is null
        and approvals.withdrawn_at is null
        and (
            approvals.recommended is not null
            or (
                states.rule_code is not null
                and states.action in ('restrict', 'suspend')
                and states.ends_at <= states.proposed_at + make_interval(days => %(longest)s)
            )
        )
    order by approvals.approval_id
"""

_HAS_CASES = "select 1 from ops.rebuttals where refusal is null and reviewed_at is null limit 1"

# one row per open case, with what inspections found in the measure's domain of the party and of all
_CASES = """
    with

    cases as (
        select
            rebuttals.rebuttal_id,
            rebuttals.party_id,
            states.risk_domain,
            states.subject_kind,
            states.value_after,
            states.ends_at,
            ops.measure_state(states, %(moment)s) as state
        from ops.rebuttals as rebuttals
        inner join ops.measure_states as states using (measure_id)
        where rebuttals.refusal is null and rebuttals.reviewed_at is null
    ),

    results as (
        select
            inspections.importer_id,
            inspections.declaration_id,
            bool_or(inspections.has_finding and finding_types.risk_domain = cases_of.risk_domain)
                as has_finding,
            cases_of.risk_domain
        from intermediate.int_inspections as inspections
        cross join (select distinct risk_domain from cases) as cases_of
        left join reference.finding_types as finding_types using (finding_type)
        where
            inspections.known_on > %(day)s::date - %(days)s::int
            and inspections.known_at <= %(moment)s
        group by inspections.importer_id, inspections.declaration_id, cases_of.risk_domain
    ),

    counted as (
        select
            importer_id as party_id,
            risk_domain,
            count(*) as inspections,
            count(*) filter (where has_finding) as findings
        from results
        group by importer_id, risk_domain
    ),

    everybody as (
        select
            risk_domain,
            sum(inspections)::bigint as inspections,
            sum(findings)::bigint as findings
        from counted
        group by risk_domain
    )

    select
        cases.*,
        coalesce(counted.inspections, 0) as inspections,
        coalesce(counted.findings, 0) as findings,
        coalesce(everybody.inspections - coalesce(counted.inspections, 0), 0) as other_inspections,
        coalesce(everybody.findings - coalesce(counted.findings, 0), 0) as other_findings
    from cases
    left join counted using (party_id, risk_domain)
    left join everybody using (risk_domain)
    order by cases.rebuttal_id
"""


@dataclass(frozen=True)
class Weighed:
    """What the policy makes of a rebuttal: the outcome, and how many times the others' rate."""

    outcome: Outcome
    times: float


def speaks() -> bool:
    """Tell whether the policy answers here, or people do."""
    return settings().approvals == "policy"


def answer_waiting() -> int:
    """Answer what the policy answers (rules 1 to 3); return how many questions that was."""
    if not speaks():
        return 0
    with warehouse.connect() as connection:
        answers = connection.execute(_ANSWERS, {"longest": LONGEST_DAYS}).fetchall()
        for approval_id, answer, reason in answers:
            approvals.take(
                connection, approval_id, answer, by=ANSWERS, reason=reason, answered_as="policy"
            )
        return len(answers)


def review_waiting() -> int:
    """Review the rebuttals that wait (rules 4 to 6); return how many that was."""
    if not speaks():
        return 0
    with warehouse.connect() as connection:
        if connection.execute(_HAS_CASES).fetchone() is None:
            return 0
        moment = clock.present(connection)
        told = {
            "moment": moment,
            "day": clock.business_day(moment),
            "days": LOOK_BACK_DAYS,
        }
        cases = connection.cursor(row_factory=dict_row).execute(_CASES, told).fetchall()
        for case in cases:
            _review(connection, case, moment)
        return len(cases)


def weigh(findings: int, inspections: int, other_findings: int, other_inspections: int) -> Weighed:
    """Hold what was found of a party against what was found of all others (rules 4 to 6)."""
    # half a finding in one inspection is known of everybody: nobody's rate is nought
    usual = (other_findings + 0.5) / (other_inspections + 1)
    rate = (findings + PRIOR * usual) / (inspections + PRIOR)
    times = rate / usual
    if times <= USUAL:
        return Weighed("lifted", times)
    return Weighed("adjusted" if times <= RAISED else "upheld", times)


def milder(
    value: dict[str, Any], moment: datetime, ends_at: datetime | None
) -> tuple[dict[str, Any] | None, datetime | None]:
    """Return what a measure is adjusted to: halved figures, or else an end in half the time."""
    halved = {
        name: figure / 2 if isinstance(figure, int | float) else figure
        for name, figure in value.items()
    }
    if halved != value:
        return halved, None
    left = ends_at - moment if ends_at else timedelta(days=LONGEST_DAYS)
    return None, moment + left / 2


def _review(connection: psycopg.Connection, case: dict[str, Any], moment: datetime) -> None:
    weighed = weigh(
        case["findings"], case["inspections"], case["other_findings"], case["other_inspections"]
    )
    is_of_party = case["subject_kind"] == "party"
    outcome: Outcome = weighed.outcome if is_of_party else "upheld"
    found = f"{case['findings']}/{case['inspections']}"
    en = f"{found} inspections of the party found something, {weighed.times:.1f} times the usual"
    zh = f"对该当事人查验查获{found}，为其他当事人的{weighed.times:.1f}倍"
    if not is_of_party:
        en = "one party's proof does not speak for all goods that the measure concerns"
        zh = "单个当事人的证明不足以说明措施所涉全部货物"
    if case["state"] != "in_force":
        outcome, en, zh = "upheld", "the measure has ended meanwhile", "措施已终止"
    after, until = None, None
    if outcome == "adjusted":
        after, until = milder(case["value_after"], moment, case["ends_at"])
    rebuttals.decide(
        connection, case["rebuttal_id"], outcome, by=REVIEWS, review_en=en, review_zh=zh,
        value_after=after, ends_at=until, reviewed_as="policy",
    )  # fmt: skip
