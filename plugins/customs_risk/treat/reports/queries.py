"""What reports ask of the marts: each question once for all domains, small answers."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row

Rows = list[dict[str, Any]]

# weeks that charts show
WEEKS = 12

# of a week or a month, and of the one before
KEY_FIGURES: LiteralString = """
select
    definitions.metric_code,
    definitions.name_en,
    definitions.name_zh,
    definitions.unit,
    metrics.cohort_on,
    metrics.numerator,
    metrics.denominator,
    metrics.value,
    metrics.low,
    metrics.high
from feedback.metrics as metrics
inner join feedback.metric_definitions as definitions using (metric_code)
where
    metrics.cohort_kind = %(cohort_kind)s
    and metrics.dimension = 'all'
    and metrics.metric_code = any(%(headlines)s)
    and metrics.cohort_on in (%(from)s, %(before)s)
order by array_position(%(headlines)s, metrics.metric_code), metrics.cohort_on
"""

FIND_RATES: LiteralString = """
select dimension_value as selected_by, cohort_on, value, low, high
from feedback.metrics
where
    metric_code = 'find_rate'
    and cohort_kind = %(cohort_kind)s
    and dimension = 'selected_by'
    and dimension_value in ('targeted', 'random')
    and cohort_on between %(since)s and %(from)s
order by dimension_value desc, cohort_on asc
"""

_INSPECTIONS: LiteralString = """
select date_trunc('week', known_on)::date as week_on, count(*) as inspections
from core.inspections
where known_on between %(since)s and %(to)s
group by 1
order by 1
"""

# a finding that nobody coded is of no domain
_FINDINGS: LiteralString = """
select
    date_trunc('week', findings.known_on)::date as week_on,
    coalesce(findings.risk_domain, 'uncoded') as risk_domain,
    coalesce(findings.finding_type, 'uncoded') as finding_type,
    coalesce(types.name_en, 'not coded') as name_en,
    coalesce(types.name_zh, '未编码') as name_zh,
    count(*) as findings,
    coalesce(sum(findings.additional_duty_cny), 0)::float8 as revenue_cny
from core.findings as findings
left join reference.finding_types as types using (finding_type)
where findings.known_on between %(since)s and %(to)s
group by 1, 2, 3, 4, 5
order by 1, 2, 3
"""

_SIGNALS: LiteralString = """
select
    risk_domain,
    feed,
    count(*) filter (where known_on >= %(from)s) as signals,
    count(*) filter (where known_on >= %(from)s and severity = 'high') as severe,
    count(*) filter (where known_on < %(from)s) as signals_before
from intermediate.int_latest_signals
where is_adverse and known_on between %(from)s - 7 and %(to)s
group by risk_domain, feed
order by risk_domain, feed
"""

_FOCUS: LiteralString = """
select
    case measure when 'price' then 'tax' else 'other' end as risk_domain,
    detected_on,
    case when ended_on <= %(to)s then ended_on end as ended_on,
    en,
    zh
from assessment.focus
where
    measure in ('find_rate', 'volume', 'price')
    and is_adverse
    and (detected_on between %(from)s and %(to)s or ended_on between %(from)s and %(to)s)
order by strength desc, focus_id asc
"""

_WARNINGS: LiteralString = """
select
    risk_domain,
    release_class,
    count(*) filter (where drafted_at >= %(starts)s and drafted_at < %(ends)s) as drafted,
    count(*) filter (where issued_at >= %(starts)s and issued_at < %(ends)s) as issued,
    count(*) filter (where lifted_at >= %(starts)s and lifted_at < %(ends)s) as lifted,
    count(*) filter (
        where
            issued_at < %(ends)s
            and (lifted_at is null or lifted_at >= %(ends)s)
            and (superseded_at is null or superseded_at >= %(ends)s)
    ) as standing,
    coalesce(sum(recipients) filter (where issued_at >= %(starts)s and issued_at < %(ends)s), 0)
        as recipients,
    coalesce(sum(receipts) filter (where issued_at >= %(starts)s and issued_at < %(ends)s), 0)
        as receipts
from treatment.warnings
group by risk_domain, release_class
order by risk_domain, release_class
"""

# what waits for somebody now, whenever it came up
DECISIONS: LiteralString = """
select
    coalesce(warnings.risk_domain, 'none') as risk_domain,
    'approval:' || approvals.matter as what,
    count(*) as waiting,
    min(approvals.asked_at) as since,
    count(*) filter (where approvals.due_at < %(as_of)s) as overdue
from ops.approvals as approvals
left join treatment.warnings as warnings
    on approvals.subject_id = warnings.warning_id || ':' || warnings.version
where
    approvals.answered_at is null
    and (warnings.state is null or warnings.state not in ('lifted', 'superseded'))
group by 1, 2
union all
select risk_domain, 'warning_held', count(*), min(held_at), 0
from treatment.warnings
where state = 'held'
group by risk_domain
union all
select 'none', 'alarm:' || kind, count(*), min(raised_at), 0
from ops.alarms
where cleared_at is null
group by kind
union all
select 'none', 'match_review', count(distinct mention_id), min(resolved_at), 0
from ops.subject_matches
where status = 'review'
having count(*) > 0
order by 2, 1
"""

HEADLINES = [
    "inspection_rate", "random_share", "find_rate", "false_positive_share", "targeting_lift",
    "compliance_rate", "leakage_rate", "leaked_revenue_per_declaration", "revenue_per_inspection",
    "revenue_per_officer_hour", "findings_per_officer_hour", "answered_share",
    "coded_result_share", "brier_score", "feed_accurate_share", "feed_complete_share",
    "feed_timely_share",
]  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What the marts say of a week, as of a moment."""

    period_from: date
    as_of: datetime
    headlines: Rows
    find_rates: Rows
    inspections: Rows
    findings: Rows
    signals: Rows
    focus: Rows
    warnings: Rows
    decisions: Rows

    @property
    def period_to(self) -> date:
        """The Sunday."""
        return self.period_from + timedelta(days=6)

    @property
    def weeks(self) -> tuple[date, ...]:
        """The Mondays that charts show, the reported week last."""
        return tuple(self.period_from - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1))


def ask(connection: Connection, monday: date, as_of: datetime) -> Answers:
    """Ask the marts what they know of the week from a Monday on."""
    starts = datetime(monday.year, monday.month, monday.day, tzinfo=as_of.tzinfo)
    about = {
        "cohort_kind": "week",
        "from": monday,
        "before": monday - timedelta(weeks=1),
        "to": monday + timedelta(days=6),
        "since": monday - timedelta(weeks=WEEKS - 1),
        "starts": starts,
        "ends": starts + timedelta(days=7),
        "as_of": as_of,
        "headlines": HEADLINES,
    }

    def rows(query: LiteralString) -> Rows:
        return connection.cursor(row_factory=dict_row).execute(query, about).fetchall()

    return Answers(
        period_from=monday,
        as_of=as_of,
        headlines=rows(KEY_FIGURES),
        find_rates=rows(FIND_RATES),
        inspections=rows(_INSPECTIONS),
        findings=rows(_FINDINGS),
        signals=rows(_SIGNALS),
        focus=rows(_FOCUS),
        warnings=rows(_WARNINGS),
        decisions=rows(DECISIONS),
    )
