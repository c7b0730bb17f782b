"""Weeks of the loop with everybody acting: what treatment must show, each as one question.

The loop learns from history and then answers single days, about two weeks apart; people of the
house and parties act on each. Where a person would answer, the stated policy does.
"""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.catalogue.articles import order
from customs_risk.catalogue.tables import Manifest, tables
from customs_risk.sandbox.inspectors import report_days
from customs_risk.sandbox.simulation import let_people_act, providers, turn
from customs_risk.sandbox.treatment import FEEDS as HANDED_IN
from customs_risk.sandbox.world import FEEDS, World
from customs_risk.settings import Settings, settings
from customs_risk.treat import inspection_requests
from tests.integration.shown import LEFT_OUT, SHOWN

# it takes minutes
pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        not os.environ.get("SIMULATION"),
        reason="on demand: make test ONLY=tests/integration/test_simulation.py SIMULATION=1",
    ),
]

# business days, counted from the first live one
DAYS = (1, 9, 18, 27, 36, 45)
# of what is fetched, what says that animals are sick: measures of two kinds follow from it
FETCHED = ("wahis_events",)


def value(query: str, *parameters: object) -> Any:
    with doors.connect() as connection:
        return (connection.execute(query, parameters or None).fetchone() or (None,))[0]


@pytest.fixture(scope="module")
def world(standing_warehouse: Settings) -> World:
    return World(standing_warehouse.home, seed=7, declarations_per_day=400)


@pytest.fixture(scope="module")
def weeks_later(world: World) -> Iterator[date]:
    """Nine weeks of the sandbox's clock have passed; yield the last day."""
    days = [world.live_days(number)[-1] for number in DAYS]
    with pytest.MonkeyPatch.context() as patch, providers(world) as outside:
        patch.setenv("CUSTOMS_RISK_APPROVALS", "policy")
        settings.cache_clear()
        steps.initialize()
        world.deliver_history()
        turn(lambda _step: None)
        ask_for_inspections(days[0])
        for day in days:
            world.deliver_day(day)
            outside.publish(day, FETCHED)
            turn(lambda _step: None, feeds=(*FEEDS, *HANDED_IN), fetched=FETCHED, learns=False)
            let_people_act(world, day)
        steps.report()
        yield days[-1]
    settings.cache_clear()


def ask_for_inspections(day: date) -> None:
    """Ask for inspections of whom there is most to see: on single days others may not declare."""
    busiest = value(
        "select importer_id from core.declarations group by 1 order by count(*) desc, 1 limit 1"
    )
    inspection_requests.ask(
        "importer",
        busiest,
        domain="tax",
        words_en="it is to be known how the largest importer declares",
        words_zh="了解最大进口人的申报情况",
        ends_on=day + timedelta(days=90),
        most=20,
        asked_by="li.na",
    )


@pytest.mark.parametrize("shown", SHOWN)
def test_treatment_shows_it_all(shown: str, weeks_later: date) -> None:
    assert value(SHOWN[shown]) > 0, f"never happened: {shown}"


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_treatment_leaves_nothing_out(left_out: str, weeks_later: date) -> None:
    assert value(LEFT_OUT[left_out]) == 0, left_out


@pytest.mark.parametrize("article", [e.number for e in order().articles if e.asks_for_data])
def test_every_article_that_asks_for_data_has_rows(
    article: int, weeks_later: date, manifest: Manifest
) -> None:
    marts = [
        table.relation
        for table in tables(manifest).values()
        if article in table.articles and table.layer == "marts" and not table.is_helper
    ]
    counted = {mart: value(f"select count(*) from {mart}") for mart in marts}
    assert any(counted.values()), f"nothing of article {article}: {counted}"


def test_a_result_comes_for_every_instruction_that_anybody_carried_out(
    weeks_later: date, world: World
) -> None:
    with doors.connect() as connection:
        without = connection.execute(
            """select instruction_id, declaration_id, office_code, decided_on
            from treatment.hit_cards
            where
                result_id is null
                -- what an inspector has written wrongly waits for its repair
                and not exists (
                    select 1 from ops.quarantine
                    where
                        feed = 'inspection_results' and released_at is null
                        and "row" ->> 'declaration_id' = hit_cards.declaration_id
                )"""
        ).fetchall()
    columns = ["instruction_id", "declaration_id", "office_code", "decided_on"]
    asked = pd.DataFrame(without, columns=columns)
    is_due = report_days(world.seed, asked, world.conduct) <= np.datetime64(weeks_later)
    # the few others are what the sandbox's officers ignore or wave through
    unanswered = asked[is_due & world.conduct.is_answered(asked)]
    assert unanswered.empty, unanswered
