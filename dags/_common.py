"""Defaults that all DAGs share. This file makes no DAG for Airflow."""

from datetime import timedelta

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)

from customs_risk.settings import settings

# what a second attempt cannot mend, or what was tried often enough already; anything else
# (database, a killed worker) may pass
_FOR_GOOD = [
    "customs_risk.collect.RefusedDelivery",
    "customs_risk.collect.sources.failure.SourceFailed",
    "expectations.layout.BrokenMapping",
    "customs_risk.transform.TransformFailed",
]

TASK_DEFAULTS = {
    "owner": "risk-platform",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": ExceptionRetryPolicy(
        rules=[RetryRule(exception=_FOR_GOOD, action=RetryAction.FAIL)]
    ),
}


def landed(feed: str) -> Asset:
    """Return the asset that changes when rows of a feed are loaded."""
    return Asset(f"raw.{feed}")


def on_schedule(cron: str) -> CronTriggerTimetable | None:
    """Return a timetable in the business time zone; None when runs are triggered from outside."""
    if settings().schedules == "off":
        return None
    return CronTriggerTimetable(cron, timezone=settings().time_zone)


def after(asset: Asset, cron: str) -> AssetOrTimeSchedule | list[Asset]:
    """Return a schedule that follows an asset, and comes by in time should an event get lost."""
    timetable = on_schedule(cron)
    return AssetOrTimeSchedule(timetable=timetable, assets=[asset]) if timetable else [asset]
