"""What a measure or a parameter did while it was in force: figures, with their intervals.

Inspections of hits are no fair sample of them: ranking, claims and draws chose them, each with a
probability that was stored. So shares are reweighted as impact analyses are (treat/parameters/
precision.py). What random inspections find at the same offices on the same days is what the hits
are held against; and the likelihood of whatever was passed over for them is what they cost.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import cache
from math import exp, log, sqrt
from pathlib import Path
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk.settings import settings
from customs_risk.treat.parameters.precision import Group, Precision, expected_precision

SubjectKind = Literal["measure", "parameter"]
# what is known of a group that nobody looked into
_NOBODY = Group(hits=0, completed=0, weight=0.0, squares=0.0, found=0.0, found_squares=0.0)
# Article 13: these stop trade, and succeed where there is none
_STOPS_TRADE = {"qualification", "entry_exit", "formalities"}
_TAKES_OFFICERS = {"inspection", "examination", "quarantine"}
# of these subjects declarations do not tell
_UNMEASURED = {"vessel", "container", "flight", "person", "declaration"}


@dataclass(frozen=True)
class Subject:
    """Who is reviewed, and what is known of it beside figures."""

    subject_kind: SubjectKind
    subject_id: str
    version: int | None
    risk_domain: str
    # of a parameter: inspection, …; of a measure: its kind of Article 13, and its action
    kind: str
    action: str | None
    value_after: dict[str, Any] | None
    key_kind: str | None
    needed_posts: list[str]
    escalates_to: str
    is_over: bool
    previous_review_id: str | None
    previous_verdict: str | None
    previous_outcome: str | None

    @property
    def name(self) -> str:
        """The subject as people call it."""
        return self.subject_id if self.version is None else f"{self.subject_id} v{self.version}"

    @property
    def traits(self) -> dict[str, int]:
        """What rules may ask of it: 1 or 0 each."""
        return {
            "is_over": self.is_over,
            "takes_officers": self.kind in _TAKES_OFFICERS,
            "stops_trade": self.kind in _STOPS_TRADE,
            "is_measurable": self.key_kind not in _UNMEASURED,
        }


@dataclass(frozen=True)
class Figures:
    """The figures of a review, under the names of the columns of ops.reviews."""

    from_on: date
    to_on: date
    days_in_force: int
    hits: int
    inspected: int
    findings: int
    expected_precision: float | None
    precision_low: float
    precision_high: float
    random_inspected: int
    random_findings: int
    random_rate: float | None
    random_rate_low: float
    random_rate_high: float
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    officer_hours: float
    revenue_cny: float
    claimed_inspections: int
    claimed_findings: int
    findings_displaced: float
    findings_gained_high: float
    before_from_on: date | None = None
    before_to_on: date | None = None
    hits_before: int | None = None
    inspected_before: int | None = None
    compliance_before: float | None = None
    compliance_before_low: float | None = None
    compliance_before_high: float | None = None
    compliance_after: float | None = None
    compliance_after_low: float | None = None
    compliance_after_high: float | None = None
    compliance_change: float | None = None
    compliance_change_low: float | None = None
    compliance_change_high: float | None = None


def gather(
    connection: Connection, month_on: date, moment: datetime, *, look_back_days: int
) -> list[tuple[Subject, Figures]]:
    """Return whatever was in force in the month that begins on a day, with its figures.

    The days of decisions looked at end with the month, and go ``look_back_days`` back at most.
    """
    told = {
        "month_on": month_on,
        "month_end": last_day(month_on),
        "look_back": look_back_days,
        "zone": settings().time_zone,
        "moment": moment,
    }
    connection.execute(
        b"create temporary table subjects on commit drop as " + _sql("subjects"), told
    )
    connection.execute("analyze subjects")
    # months are joined with months: the planner takes the steps of it for one row each, and would
    # compare each decision with each result
    connection.execute("set local enable_nestloop = off")
    rows = connection.cursor(row_factory=dict_row).execute(_sql("evidence"), told).fetchall()
    connection.execute("set local enable_nestloop = on")
    return [(_subject(row), figures(row)) for row in rows]


def last_day(month_on: date) -> date:
    """Return the last day of the month that begins on a day."""
    return (month_on + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def figures(row: dict[str, Any]) -> Figures:
    """Return the figures from the sums of one subject, as evidence.sql tells them."""
    after = [each for each in row["groups"] if each["is_after"]]
    found = expected_precision(*_groups(after))
    by_chance = _by_chance(row["random"])
    low, high = _group([row["random"]] if row["random"] else []).ends()
    lift = ratio(found, Precision(by_chance, low, high))
    return Figures(
        from_on=row["from_on"],
        to_on=row["to_on"],
        days_in_force=row["days_in_force"],
        hits=_total(after, "hits"),
        inspected=_total(after, "inspected"),
        findings=_total(after, "findings"),
        expected_precision=found.expected,
        precision_low=found.low,
        precision_high=found.high,
        random_inspected=row["random"]["completed"] if row["random"] else 0,
        random_findings=row["random"]["findings"] if row["random"] else 0,
        random_rate=by_chance,
        random_rate_low=low,
        random_rate_high=high,
        lift=lift[0],
        lift_low=lift[1],
        lift_high=lift[2],
        officer_hours=float(_total(after, "officer_hours")),
        revenue_cny=float(_total(after, "revenue_cny")),
        claimed_inspections=row["claimed_inspections"],
        claimed_findings=row["claimed_findings"],
        findings_displaced=row["findings_displaced"],
        findings_gained_high=_gained_at_most(row),
        **(_compliance(row, found) if row["before_from_on"] else {}),
    )


def ratio(share: Precision, other: Precision) -> tuple[float | None, float | None, float | None]:
    """Return one share over another with the ends of its interval; None where it is unknown.

    The ends are put together from those of the shares on a log scale (Zou and Donner 2008).
    """
    if share.expected is None or not other.expected:
        return None, None, None
    if share.expected == 0:
        # nothing has no logarithm: what may be found at most stands for the upper end
        return 0.0, 0.0, share.high / other.expected
    middle = share.expected / other.expected
    low, high = 0.0, None
    if share.low > 0:
        upward = log(other.high / other.expected)
        low = middle * exp(-sqrt(log(share.expected / share.low) ** 2 + upward**2))
    if other.low > 0:
        downward = log(other.expected / other.low)
        high = middle * exp(sqrt(log(share.high / share.expected) ** 2 + downward**2))
    return middle, low, high


def change(before: Precision, after: Precision) -> dict[str, float | None]:
    """Return how much compliance rose from one share of violations to another, with its ends."""
    names = ("compliance_change", "compliance_change_low", "compliance_change_high")
    if before.expected is None or after.expected is None:
        return dict.fromkeys(names)
    middle = before.expected - after.expected
    below = sqrt((before.expected - before.low) ** 2 + (after.high - after.expected) ** 2)
    above = sqrt((before.high - before.expected) ** 2 + (after.expected - after.low) ** 2)
    return dict(zip(names, (middle, middle - below, middle + above), strict=True))


def columns(of: Figures) -> dict[str, Any]:
    """Return figures as the columns of ops.reviews."""
    return asdict(of)


def _compliance(row: dict[str, Any], after: Precision) -> dict[str, Any]:
    earlier = [each for each in row["groups"] if not each["is_after"]]
    before = expected_precision(*_groups(earlier))
    told: dict[str, Any] = {
        "before_from_on": row["before_from_on"],
        "before_to_on": row["before_to_on"],
        "hits_before": _total(earlier, "hits"),
        "inspected_before": _total(earlier, "inspected"),
    }
    for name, share in (("before", before), ("after", after)):
        told |= {
            f"compliance_{name}": None if share.expected is None else 1 - share.expected,
            f"compliance_{name}_low": 1 - share.high,
            f"compliance_{name}_high": 1 - share.low,
        }
    return told | change(before, after)


def _gained_at_most(row: dict[str, Any]) -> float:
    """Return the most that claims may have found beyond what they took the place of."""
    trials, found = row["claimed_inspections"], row["claimed_findings"]
    group = Group(trials, trials, trials, trials, found, found)
    return (trials * group.ends()[1] if trials else 0.0) - float(row["findings_displaced"])


def _by_chance(random: dict[str, Any] | None) -> float | None:
    return _group([random]).rate if random else None


def _groups(rows: list[dict[str, Any]]) -> tuple[Group, Group]:
    """Return those that were sure to be inspected, and those that a draw decided on."""
    certain = [each for each in rows if each["is_certain"]]
    drawn = [each for each in rows if not each["is_certain"]]
    return _group(certain), _group(drawn)


def _group(rows: list[dict[str, Any]]) -> Group:
    if not rows:
        return _NOBODY
    return Group(
        hits=_total(rows, "hits") if "hits" in rows[0] else _total(rows, "completed"),
        completed=_total(rows, "completed"),
        **{
            name: float(_total(rows, name))
            for name in ("weight", "squares", "found", "found_squares")
        },
    )


def _total(rows: list[dict[str, Any]], name: str) -> Any:
    return sum(row[name] for row in rows)


def _subject(row: dict[str, Any]) -> Subject:
    names = Subject.__dataclass_fields__.keys() & row.keys()
    return Subject(**{name: row[name] for name in names}, is_over=row["ended_on"] is not None)


@cache
def _sql(name: str) -> bytes:
    # bytes: what is executed is a file beside this one, and nothing of anybody's
    return Path(__file__).with_name(f"{name}.sql").read_bytes()
