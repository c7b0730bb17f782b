"""Referrals after clearance: targeted audits, and cases for anti-smuggling investigation.

Once a week is a week past, an audit looks at some of what was released in it and never inspected:
most where likelihood × expected revenue is highest, a stated share drawn at random of the others.
So each declaration of the week had a known probability of being audited: 1 where it was targeted,
and what the draw gives each of the others. Results come back weeks later as the feed
``audit_results``, and count as labels from the day after they are known.

A case goes to anti-smuggling when what was found at a party is grave, or keeps being found.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.settings import settings
from customs_risk.treat import outbox


@dataclass(frozen=True)
class ReferralRule:
    """Every number that decides what is referred; stored with each referral as a hash."""

    # share of a week's released declarations that is audited, and the share of it that is drawn
    audit_rate: float = 0.002
    random_share: float = 0.25
    # at least so many audits of a week in which anything was released: one of each kind
    least_audits: int = 2
    # days that a week has passed, so that inspections under way are back
    wait_days: int = 7
    # weeks before the present that are looked through, if they were not
    weeks_back: int = 12
    audit_due_days: int = 60
    # a case: so much withheld by a party, or so many findings, within so many days, or one finding
    # of prohibited or restricted goods
    case_days: int = 180
    case_findings: int = 3
    case_revenue_cny: float = 200_000.0
    # the gravest cases first, so many a business day
    most_cases: int = 3
    case_due_days: int = 90

    def hash(self) -> str:
        """Return the SHA-256 of the numbers."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


# before anything was ever decided there is nothing to refer
_IS_DECIDED = "select to_regclass('treatment.decisions') is not null"

# the same number as the macro draw in dbt_project/macros/selection.sql
_DRAW = """
    (('x' || substr(md5(released.declaration_id || '|post-clearance audit|' || %(seed)s), 1, 8))
        ::bit(32)::bigint / 4294967296.0)::float8
"""

# weeks (Monday to Sunday) that are past, and were not looked through yet
_COHORTS = """
create temporary table due_cohorts on commit drop as
select
    monday::date as cohort_from,
    monday::date + 6 as cohort_to
from generate_series(
    date_trunc('week', %(today)s::date) - %(weeks_back)s * interval '7 days',
    %(today)s::date - %(wait_days)s - 7,
    interval '7 days'
) as monday
where
    not exists (select 1 from ops.audit_cohorts as drawn where drawn.cohort_from = monday::date)
    and exists (
        select 1 from treatment.decisions
        where decisions.decided_on between monday::date and monday::date + 6
    )
"""

# what was released and is not known to have been looked at by anybody, each in the one week of its
# decision
_RELEASED = """
create temporary table released on commit drop as
select
    due_cohorts.cohort_from,
    due_cohorts.cohort_to,
    decisions.importer_id,
    decisions.declaration_id,
    decisions.likelihood,
    decisions.expected_revenue_cny,
    decisions.likelihood * decisions.expected_revenue_cny as score
from due_cohorts
inner join treatment.decisions as decisions
    on decisions.decided_on between due_cohorts.cohort_from and due_cohorts.cohort_to
where
    decisions.selected_by = 'none'
    and not exists (
        select 1 from intermediate.int_inspections as inspections
        where
            inspections.importer_id = decisions.importer_id
            and inspections.declaration_id = decisions.declaration_id
    )
"""

# how many of a week are audited, and how many of them are drawn: all where nothing is scored
_CAPACITIES = """
insert into ops.audit_cohorts (
    cohort_from, cohort_to, drawn_at, declarations_in_cohort, audit_capacity, random_capacity,
    selection_seed, rule_hash
)
with

counted as (
    select
        due_cohorts.cohort_from,
        due_cohorts.cohort_to,
        count(released.declaration_id)::int as declarations_in_cohort,
        count(released.score)::int as scored
    from due_cohorts
    left join released using (cohort_from)
    group by due_cohorts.cohort_from, due_cohorts.cohort_to
),

audited as (
    select
        *,
        least(
            greatest(round(%(audit_rate)s::numeric * declarations_in_cohort), %(least_audits)s),
            declarations_in_cohort
        )::int as audit_capacity
    from counted
)

select
    cohort_from,
    cohort_to,
    %(moment)s,
    declarations_in_cohort,
    audit_capacity,
    -- one at least is drawn wherever one is audited: what is never drawn has no probability
    greatest(
        round(%(random_share)s::numeric * audit_capacity),
        least(1, audit_capacity),
        audit_capacity - scored
    )::int,
    %(seed)s,
    %(rule_hash)s
from audited
"""

# the best scored are taken with certainty; each of the others is drawn with the same probability
_AUDITS = f"""
insert into ops.referrals (
    referral_id, referral_kind, importer_id, declaration_id, selected_by, referred_at, due_at,
    reason_en, reason_zh, likelihood, expected_revenue_cny, cohort_from, cohort_to,
    declarations_in_cohort, audit_capacity, random_capacity, score_rank, random_draw,
    selection_probability, selection_seed, rule_hash
)
with

ranked as (
    select
        released.*,
        cohorts.declarations_in_cohort,
        cohorts.audit_capacity,
        cohorts.random_capacity,
        {_DRAW} as random_draw,
        row_number() over (
            partition by released.cohort_from
            order by released.score desc nulls last, md5(released.declaration_id)
        ) as score_rank
    from released
    inner join ops.audit_cohorts as cohorts using (cohort_from)
),

parted as (
    select
        *,
        score_rank <= audit_capacity - random_capacity as is_targeted
    from ranked
),

placed as (
    select
        *,
        row_number() over (
            partition by cohort_from, is_targeted order by random_draw, declaration_id
        ) as draw_place
    from parted
),

chosen as (
    select
        *,
        case
            when is_targeted then 1
            else random_capacity::float8
                / (declarations_in_cohort - (audit_capacity - random_capacity))
        end as selection_probability
    from placed
    where is_targeted or draw_place <= random_capacity
)

select
    'AU-' || to_char(cohort_from, 'YYYYMMDD') || '-'
    || upper(substr(md5(importer_id || '|' || declaration_id), 1, 12)),
    'audit',
    importer_id,
    declaration_id,
    case when is_targeted then 'targeted' else 'random' end,
    %(moment)s,
    %(moment)s + %(audit_due_days)s * interval '1 day',
    case
        when is_targeted
            then format(
                'Released without inspection; ranked %%s of %%s by likelihood and revenue',
                score_rank, declarations_in_cohort
            )
        else format(
            'Drawn at random with probability %%s %%%%, to measure what was missed',
            round(100 * selection_probability::numeric, 3)
        )
    end,
    case
        when is_targeted
            then format(
                '未经查验放行；按可能性与税款在%%s份中排第%%s位', declarations_in_cohort, score_rank
            )
        else format(
            '随机抽取，概率%%s%%%%，用于衡量遗漏', round(100 * selection_probability::numeric, 3)
        )
    end,
    likelihood,
    expected_revenue_cny,
    cohort_from,
    cohort_to,
    declarations_in_cohort,
    audit_capacity,
    random_capacity,
    score_rank,
    random_draw,
    selection_probability,
    %(seed)s,
    %(rule_hash)s
from chosen
on conflict (declaration_id) where declaration_id is not null do nothing
"""

# what was found at each party of late; one whose case was referred of late is being looked at
_CASES = """
insert into ops.referrals (
    referral_id, referral_kind, importer_id, selected_by, referred_at, due_at, reason_en, reason_zh,
    result_ids, expected_revenue_cny, rule_hash
)
with

findings as (
    select
        inspections.importer_id,
        count(*) as findings,
        count(*) filter (where inspections.finding_type = 'prohibited') as prohibited,
        sum(inspections.additional_duty_cny)::float8 as revenue_cny,
        array_agg(inspections.result_id order by inspections.known_at, inspections.result_id)
            as result_ids
    from intermediate.int_inspections as inspections
    where
        inspections.has_finding
        and inspections.known_on > %(today)s::date - %(case_days)s
        and inspections.known_at <= %(moment)s
    group by inspections.importer_id
),

grave as (
    select * from findings
    where
        (
            prohibited > 0
            or findings >= %(case_findings)s
            or revenue_cny >= %(case_revenue_cny)s
        )
        and not exists (
            select 1 from ops.referrals as earlier
            where
                earlier.referral_kind = 'case'
                and earlier.importer_id = findings.importer_id
                and earlier.referred_at > %(moment)s - %(case_days)s * interval '1 day'
        )
    order by prohibited > 0 desc, revenue_cny desc, findings desc, importer_id asc
    limit greatest(
        %(most_cases)s - (
            select count(*) from ops.referrals as today
            where today.referral_kind = 'case' and today.referred_at::date = %(today)s
        ),
        0
    )
)

select
    'CA-' || to_char(%(today)s::date, 'YYYYMMDD') || '-' || upper(substr(md5(importer_id), 1, 12)),
    'case',
    importer_id,
    'rule',
    %(moment)s,
    %(moment)s + %(case_due_days)s * interval '1 day',
    format(
        '%%s findings in %%s days, %%s of prohibited goods, CNY %%s withheld',
        findings, %(case_days)s::int, prohibited, round(revenue_cny::numeric)
    ),
    format(
        '%%s日内查获%%s次，其中禁限物%%s次，涉及税款及罚款%%s元',
        %(case_days)s::int, findings, prohibited, round(revenue_cny::numeric)
    ),
    result_ids,
    revenue_cny,
    %(rule_hash)s
from grave
on conflict (referral_id) do nothing
"""


def refer(rule: ReferralRule | None = None) -> int:
    """Refer what is due to audit and to anti-smuggling; return how many referrals are new.

    Run again on the same day it adds nothing but what became known meanwhile. The referrals stand
    in the outbox, and leave with the next dispatch.
    """
    rule = rule or ReferralRule()
    with warehouse.connect() as connection:
        if connection.execute(_IS_DECIDED).fetchone() != (True,):
            return 0
        # two at once would draw one week twice: the second waits, and finds it drawn
        connection.execute("select pg_advisory_xact_lock(hashtext('referrals'))")
        referred = _refer(connection, rule)
        outbox.enqueue(connection, "referral")
    return referred


def _refer(connection: Connection, rule: ReferralRule) -> int:
    moment = clock.present(connection)
    told = {
        **asdict(rule),
        "moment": moment,
        "today": clock.business_day(moment),
        "seed": settings().selection_seed,
        "rule_hash": rule.hash(),
    }
    for statement in (_COHORTS, _RELEASED, _CAPACITIES):
        connection.execute(statement, told)
    connection.execute("analyze released")
    return sum(connection.execute(statement, told).rowcount for statement in (_AUDITS, _CASES))
