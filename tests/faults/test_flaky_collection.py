"""A provider that keeps failing, from its server to the rows in `raw`: none lost, none doubled."""

import json
from collections.abc import Iterator
from datetime import date

import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.collect.sources import SourceFailed, fetch
from customs_risk.sandbox.outside import PUBLISHERS
from customs_risk.sandbox.outside.servers import Outside
from customs_risk.sandbox.world import World
from customs_risk.settings import Settings
from expectations.contract import contract_of
from tests.faults.moody_server import (
    Handler,
    broken_chunks,
    cut,
    half_a_body,
    page_for_people,
    playing,
    relay_to,
    silent,
    status,
)

FEED = "enterprise_credit"  # a page of it holds fifty reports
DAYS = [date(2026, 6, day) for day in (22, 23, 24, 25, 26, 29, 30)]
NEXT = date(2026, 7, 1)
PASSING = (status(500), half_a_body, broken_chunks, cut, silent, status(429, Retry_After="0"))
STAYING = {
    "500": [status(500)] * 4,
    "half a body": [half_a_body] * 4,
    "silence": [silent] * 4,
    "a page for people": [page_for_people],
}


@pytest.fixture(scope="module")
def outside(warehouse: Settings) -> Iterator[Outside]:
    """The credit bureau's server behind one that lets only some answers through."""
    steps.initialize()
    with (
        Outside(World(warehouse.home, declarations_per_day=300)) as outside,
        pytest.MonkeyPatch.context() as patch,
    ):
        for day in DAYS:
            outside.publish(day, [FEED])
        name = "AIRFLOW_CONN_CREDIT_BUREAU"
        connection = json.loads(outside.connections()[name])
        upstream, _, root = connection["host"].rpartition("/")
        with playing(relay_to(upstream)) as url:
            connection["host"] = f"{url}/{root}"
            connection["extra"] |= {"timeout_seconds": 0.4, "backoff_seconds": 0.02}
            patch.setenv(name, json.dumps(connection))
            yield outside


def published(outside: Outside, days: list[date]) -> set[str]:
    given = [PUBLISHERS[FEED].publish(outside._world, day) for day in days]
    return {str(record["reportId"]) for each in given for record in each or []}


def collected() -> list[str]:
    """The reports in `raw` and in quarantine: each stands there as often as it was taken in."""
    steps.collect(FEED)
    with doors.connect() as database:
        rows = database.execute(
            """
            select report_id from raw.enterprise_credit
            union all
            select "row" ->> 'report_id' from ops.quarantine where feed = 'enterprise_credit'
            """
        )
        return sorted(str(report) for (report,) in rows)


def ledger_adds_up() -> bool:
    with doors.connect() as database:
        (row,) = database.execute(
            "select bool_and(received = loaded + quarantined + duplicate) from ops.batches"
        )
        return bool(row[0])


def test_a_provider_that_fails_now_and_then_is_collected_whole(outside: Outside) -> None:
    pages = len(published(outside, DAYS)) // 50 + 1
    # one page comes, the next never does: nothing is taken in halfway
    for acts in STAYING.values():
        Handler.acts = [Handler.usual, *acts]
        with pytest.raises(SourceFailed):
            fetch(contract_of(FEED))
        assert collected() == []

    # each page comes after some trouble
    Handler.acts = [act for trouble in PASSING[: pages + 1] for act in (trouble, Handler.usual)]
    fetch(contract_of(FEED))
    assert collected() == sorted(published(outside, DAYS))

    # and so it goes on
    outside.publish(NEXT, [FEED])
    for acts in STAYING.values():
        Handler.acts = list(acts)
        with pytest.raises(SourceFailed):
            fetch(contract_of(FEED))
    assert collected() == sorted(published(outside, DAYS))
    fetch(contract_of(FEED))
    fetch(contract_of(FEED))
    assert collected() == sorted(published(outside, [*DAYS, NEXT]))
    assert ledger_adds_up()
