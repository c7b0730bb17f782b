"""What the monthly report asks of the feedback marts: a month, the one before, and a year back."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk.treat.reports import queries
from customs_risk.treat.reports.queries import Rows

# months that charts show
MONTHS = 12
# offices that stand out come first; a page holds so many
OFFICES = 40

# how inspections that were selected in different ways did, each against that of the month before
_BY_METHOD: LiteralString = """
select
    metrics.metric_code,
    definitions.unit,
    metrics.dimension_value as selected_by,
    metrics.cohort_on,
    metrics.numerator,
    metrics.denominator,
    metrics.value,
    metrics.low,
    metrics.high
from feedback.metrics as metrics
inner join feedback.metric_definitions as definitions using (metric_code)
where
    metrics.cohort_kind = 'month'
    and metrics.dimension = 'selected_by'
    and metrics.metric_code in ('find_rate', 'revenue_per_officer_hour')
    and metrics.cohort_on in (%(from)s, %(before)s)
order by
    metrics.metric_code,
    array_position(
        array['targeted', 'parameter', 'analyst', 'mandatory', 'exploration', 'random'],
        metrics.dimension_value
    ),
    metrics.dimension_value,
    metrics.cohort_on
"""

_LEAKAGE: LiteralString = """
select *
from feedback.leakage
where period_kind = 'month' and period_from between %(since)s and %(from)s
order by period_from
"""

_CALIBRATION: LiteralString = """
select
    likelihood_from, likelihood_to, inspections, mean_likelihood, find_rate, find_rate_low,
    find_rate_high
from feedback.calibration
where period_kind = 'month' and period_from = %(from)s
order by bin
"""

_OFFICES: LiteralString = """
select
    office_code, inspections, findings, expected_as_selected, relative_find_rate,
    relative_find_rate_low, relative_find_rate_high, standing
from feedback.office_comparison
where month_on = %(from)s
order by standing = 'as_expected', relative_find_rate desc, office_code
limit %(offices)s
"""

_REVIEWED: LiteralString = """
select subject_kind, verdict, status, count(*) as reviews
from feedback.reviews
where month_on = %(from)s
group by subject_kind, verdict, status
order by subject_kind, verdict, status
"""

# what is not as it was, or was not to stay so
_REVIEWS: LiteralString = """
select
    subject_kind, subject_id, version, verdict, reason_en, reason_zh, status, hits, inspected,
    findings, expected_precision, precision_low, precision_high, random_rate
from feedback.reviews
where month_on = %(from)s and (verdict <> 'keep' or previous_verdict <> 'keep')
order by verdict desc, subject_kind desc, subject_id, version
"""

_FEEDS: LiteralString = """
select
    dimension_value as feed,
    max(value) filter (where metric_code = 'feed_accurate_share') as accurate,
    max(value) filter (where metric_code = 'feed_complete_share') as complete,
    max(value) filter (where metric_code = 'feed_timely_share') as timely,
    max(denominator) filter (where metric_code = 'feed_accurate_share') as rows
from feedback.metrics
where
    cohort_kind = 'month'
    and dimension = 'feed'
    and metric_code in ('feed_accurate_share', 'feed_complete_share', 'feed_timely_share')
    and cohort_on = %(from)s
group by dimension_value
order by dimension_value
"""


@dataclass(frozen=True)
class MonthAnswers:
    """What the feedback marts say of a month, as of a moment."""

    period_from: date
    as_of: datetime
    headlines: Rows
    find_rates: Rows
    by_method: Rows
    leakage: Rows
    calibration: Rows
    offices: Rows
    reviewed: Rows
    reviews: Rows
    feeds: Rows
    decisions: Rows

    @property
    def period_to(self) -> date:
        """The last day of the month."""
        return following(self.period_from) - timedelta(days=1)

    @property
    def months(self) -> tuple[date, ...]:
        """The first days of the months that charts show: a year, or as far back as is known."""
        told = [row["cohort_on"] for row in self.find_rates]
        told += [row["period_from"] for row in self.leakage]
        first = min(told, default=self.period_from)
        year = (_back(self.period_from, months) for months in range(MONTHS - 1, -1, -1))
        return tuple(month for month in year if month >= first)


def ask(connection: Connection, month_on: date, as_of: datetime) -> MonthAnswers:
    """Ask the marts what they know of the month that begins on a day."""
    about = {
        "cohort_kind": "month",
        "from": month_on,
        "before": _back(month_on, 1),
        "since": _back(month_on, MONTHS - 1),
        "as_of": as_of,
        "headlines": queries.HEADLINES,
        "offices": OFFICES,
    }

    def rows(query: LiteralString) -> list[dict[str, Any]]:
        return connection.cursor(row_factory=dict_row).execute(query, about).fetchall()

    return MonthAnswers(
        period_from=month_on,
        as_of=as_of,
        headlines=rows(queries.KEY_FIGURES),
        find_rates=rows(queries.FIND_RATES),
        by_method=rows(_BY_METHOD),
        leakage=rows(_LEAKAGE),
        calibration=rows(_CALIBRATION),
        offices=rows(_OFFICES),
        reviewed=rows(_REVIEWED),
        reviews=rows(_REVIEWS),
        feeds=rows(_FEEDS),
        decisions=rows(queries.DECISIONS),
    )


def following(month_on: date) -> date:
    """Return the first day of the month after."""
    return (month_on + timedelta(days=31)).replace(day=1)


def _back(month_on: date, months: int) -> date:
    number = 12 * month_on.year + month_on.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
