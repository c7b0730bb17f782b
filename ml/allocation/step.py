"""The recommendation of a month: read from the warehouse, and written to ml.allocations."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.allocation.config import AllocationConfig, configured
from ml.allocation.evidence import COLUMNS, NothingToRankBy, arranged
from ml.allocation.recommend import Recommendation, recommend
from ml.allocation.words import cell_words, run_words

if TYPE_CHECKING:
    from psycopg import Connection

# the whole months before the one that is recommended for
LOOKS_BACK_MONTHS = 2

# counted by dbt: one row per office, day, bin of rank, way of selection and risk domain. What is
# counted of a month is complete but for results that are not back
_COUNTED = f"""
select {", ".join(COLUMNS)}
from intermediate.int_allocation_evidence
where decided_on >= '{{from_on}}' and decided_on < '{{to_on}}'
"""

_RUN = """
insert into ml.allocation_runs (
    allocation_id, month_on, from_on, to_on, decided_days, business_days, config, budget_hours,
    findings_at_present, findings_recommended, gain_findings_low, gain_findings_high,
    revenue_cny_at_present, revenue_cny_recommended, gain_revenue_cny_low, gain_revenue_cny_high,
    words_en, words_zh, computed_at
)
select
    %(allocation_id)s, %(month_on)s, %(from_on)s, %(to_on)s, %(decided_days)s, %(business_days)s,
    %(config)s, %(budget_hours)s, %(findings_at_present)s, %(findings_recommended)s,
    %(gain_findings_low)s, %(gain_findings_high)s, %(revenue_cny_at_present)s,
    %(revenue_cny_recommended)s, %(gain_revenue_cny_low)s, %(gain_revenue_cny_high)s,
    %(words_en)s, %(words_zh)s, %(moment)s
"""


@dataclass(frozen=True)
class Written:
    """A recommendation as it was written: its number, and the capacity of each office."""

    allocation_id: str
    month_on: date
    words_en: str
    words_zh: str
    is_gain_sure: bool
    present_rate: dict[str, float]
    recommended_rate: dict[str, float]


def recommend_month(
    connection: "Connection",
    month_on: date,
    moment: datetime,
    config: AllocationConfig | None = None,
) -> Written:
    """Recommend capacities for a month from the decided days before it, and write them.

    Each call is another recommendation, in the caller's transaction: the evidence may be newer.

    Raises:
        NothingToRankBy: no model has ranked declarations for long enough.
        NoAllocation: the bounds leave nothing.
    """
    from customs_risk.warehouse import append_text, read_arrow

    config = config or configured()
    from_on = earlier_month(month_on, LOOKS_BACK_MONTHS)
    counted = read_arrow(_COUNTED.format(from_on=from_on, to_on=month_on)).to_pandas()
    if counted.empty:
        raise NothingToRankBy(f"nothing was decided in the months before {month_on} 此前尚无决定")
    evidence = arranged(counted)
    days = business_days(month_on)
    made = recommend(evidence, days, config)
    written = _written(connection, made, month_on)
    gain = made.expected_gain()
    connection.execute(
        _RUN,
        {
            "allocation_id": written.allocation_id,
            "month_on": month_on,
            "from_on": evidence.days[0],
            "to_on": evidence.days[-1],
            "decided_days": len(evidence.days),
            "business_days": days,
            "config": json.dumps(config.as_dict()),
            "budget_hours": made.budget_hours,
            "findings_at_present": float(made.present.findings.sum()),
            "findings_recommended": float(made.recommended.findings.sum()),
            "gain_findings_low": gain["findings"][1],
            "gain_findings_high": gain["findings"][2],
            "revenue_cny_at_present": float(made.present.revenue_cny.sum()),
            "revenue_cny_recommended": float(made.recommended.revenue_cny.sum()),
            "gain_revenue_cny_low": gain["revenue_cny"][1],
            "gain_revenue_cny_high": gain["revenue_cny"][2],
            "words_en": written.words_en,
            "words_zh": written.words_zh,
            "moment": moment,
        },
    )
    append_text(connection, "ml", "allocations", cells(made, written.allocation_id))
    return written


def business_days(month_on: date) -> int:
    """Return how many days of a month are no weekends."""
    return int(np.busday_count(month_on, earlier_month(month_on, -1)))


def earlier_month(month_on: date, months: int) -> date:
    """Return the first day of the month so many months earlier."""
    number = month_on.year * 12 + month_on.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def next_business_day(day: date) -> date:
    """Return the first day after a day that is no weekend."""
    later = day + timedelta(days=1)
    return later + timedelta(days=max(0, 7 - later.weekday()) if later.weekday() > 4 else 0)


def cells(made: Recommendation, allocation_id: str) -> pa.Table:
    """Return a recommendation as ml.allocations keeps it: one row per office and risk domain."""
    offices, domains = len(made.offices), len(made.domains)
    told = [cell_words(made, o, d) for o in range(offices) for d in range(domains)]
    rows = {
        "allocation_id": [allocation_id] * (offices * domains),
        "office_code": np.repeat(made.offices, domains),
        "risk_domain": np.tile(made.domains, offices),
        "declarations": np.repeat(made.declarations, domains),
        "present_rate": np.repeat(made.present_rate, domains),
        "recommended_rate": np.repeat(made.recommended_rate, domains),
    }
    for name in ("inspections", "officer_hours", "findings", "revenue_cny"):
        rows[f"present_{name}"] = getattr(made.present, name).ravel()
        rows[f"recommended_{name}"] = getattr(made.recommended, name).ravel()
    for name in ("findings", "revenue_cny"):
        rows[f"present_{name}_per_hour"] = made.marginal_present[name].ravel()
        rows[f"recommended_{name}_per_hour"] = made.marginal_recommended[name].ravel()
        low, high = np.quantile(getattr(made, f"gain_{name}"), (0.025, 0.975), axis=0)
        rows[f"gain_{name}_low"] = low.ravel()
        rows[f"gain_{name}_high"] = high.ravel()
    rows["reason_en"] = [en for en, _ in told]
    rows["reason_zh"] = [zh for _, zh in told]
    return pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)


def _written(connection: "Connection", made: Recommendation, month_on: date) -> Written:
    (earlier,) = connection.execute(
        "select count(*) from ml.allocation_runs where month_on = %s", [month_on]
    ).fetchone() or (0,)
    words_en, words_zh = run_words(made, month_on)
    return Written(
        allocation_id=f"AL-{month_on:%Y%m}-{earlier + 1}",
        month_on=month_on,
        words_en=words_en,
        words_zh=words_zh,
        is_gain_sure=made.expected_gain()["findings"][1] > 0,
        present_rate=dict(zip(made.offices, map(float, made.present_rate), strict=True)),
        recommended_rate=dict(zip(made.offices, map(float, made.recommended_rate), strict=True)),
    )
