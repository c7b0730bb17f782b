"""Classes and years, before any server is asked."""

from typing import Any

import pytest

from customs_risk.access.classes import class_of, columns_of_class
from customs_risk.access.retention import years_of
from expectations.contract import CLASSES, contract_of

YEARS = {"public": 20, "internal": 20, "restricted": 10, "personal": 5, "secret": 2}


@pytest.mark.parametrize(
    ("described", "class_"),
    [
        ({"config": {"meta": {"class": "personal"}}}, "personal"),
        ({"meta": {"class": "public"}}, "public"),
        # forgetting a class must not open anything
        ({"config": {"meta": {}}}, "secret"),
        ({}, "secret"),
    ],
)
def test_what_tells_no_class_is_secret(described: dict[str, Any], class_: str) -> None:
    assert class_of(described) == class_


def test_every_column_of_the_warehouse_tells_a_known_class() -> None:
    told = {
        class_ for columns in columns_of_class(*CLASSES).values() for class_ in columns.values()
    }
    assert told <= set(CLASSES)
    # what tells none counts as secret, and nothing here is
    assert columns_of_class("secret") == {}


def test_whom_the_law_protects_is_personal() -> None:
    personal = columns_of_class("personal")
    assert personal["inspections"] == {"officer_id": "personal"}
    assert {"mention_name", "mention_identifiers", "matched_on"} <= set(personal["risk_signals"])


@pytest.mark.parametrize(
    ("feed", "years"),
    [
        # the class of its persons allows less than the feed
        ("inspection_results", {"row": 10, "personal": 5, "delivery": 5}),
        # the feed allows less than the class
        ("passenger_lists", {"row": 3, "personal": 3, "delivery": 3}),
        # a list says who is on it now
        ("ofac_sdn", {"row": 10, "personal": 10, "delivery": 10}),
        ("exchange_rates", {"row": 20, "delivery": 20}),
    ],
)
def test_the_shorter_of_feed_and_class_counts(feed: str, years: dict[str, int]) -> None:
    told = years_of(contract_of(feed), YEARS)
    assert {class_: told[class_] for class_ in years} == years
