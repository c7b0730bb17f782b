"""What emergency plans, scopes and rules say is checked before anything rests on it."""

import re
from dataclasses import replace
from datetime import date
from typing import get_args

import pytest

from customs_risk.experts.vocabulary import Domain
from customs_risk.treat import messages, outbox, plans
from customs_risk.treat.numbers import numbered
from customs_risk.treat.referrals import ReferralRule
from customs_risk.treat.scope import Scope, UnusableScope

PLANS = plans._written()["plans"]


@pytest.mark.parametrize("plan", PLANS, ids=[plan["plan_id"] for plan in PLANS])
def test_a_plan_can_be_carried_out(plan):
    assert plan["risk_domain"] in get_args(Domain)
    roles = {contact["role"] for contact in plan["contacts"]}
    assert len(roles) == len(plan["contacts"])
    assert {step["role"] for step in plan["steps"]} <= roles
    hours = [step["within_hours"] for step in plan["steps"]]
    assert hours == sorted(hours) and min(hours) > 0
    assert plan["measures"] and all(1 <= each["item"] <= 7 for each in plan["measures"])
    assert all(each["hours"] > 0 for each in plan["measures"])
    words = [plan["title"], plan["trigger"]]
    words += [each["what"] for each in (*plan["measures"], *plan["steps"])]
    assert all(word["en"] and re.search(r"[\u4e00-\u9fff]", word["zh"]) for word in words)


def test_nobody_whom_a_plan_names_is_told_in_a_drill():
    told = {contact["addressee"] for plan in PLANS for contact in plan["contacts"]}
    assert plans.drill_addressee() not in told
    assert "drill_addressee" in messages.ENQUEUE["drill"]
    assert "contact.told ->> 'addressee'" not in messages.ENQUEUE["drill"]


def test_every_kind_of_message_can_be_written():
    assert messages.ENQUEUE.keys() <= messages.TOLD.keys() <= outbox.KINDS.keys()
    assert outbox.KINDS["emergency"].files == "emergencies"


@pytest.mark.parametrize(
    "wrong",
    [
        Scope(),
        Scope(hs_prefixes=("2204219",)),
        Scope(hs_prefixes=("2",)),
        Scope(origin_countries=("France",)),
        Scope(hs_prefixes=("22",), office_codes=("221",)),
    ],
)
def test_a_scope_that_names_no_code_is_refused(wrong):
    with pytest.raises(UnusableScope):
        wrong.check()


def test_a_scope_of_codes_is_told_as_its_columns():
    scope = Scope(("2204",), ("FR",), (), ("22", "2201"))
    scope.check()
    assert scope.told() == {
        "hs_prefixes": ["2204"],
        "origin_countries": ["FR"],
        "importer_ids": [],
        "office_codes": ["22", "2201"],
    }


def test_another_number_in_the_rule_is_another_rule():
    rule = ReferralRule()
    assert rule.hash() == ReferralRule().hash()
    assert rule.hash() != replace(rule, case_findings=4).hash()


def test_a_number_follows_from_what_it_names():
    day = date(2026, 7, 1)
    assert numbered("JC", day, "a", "b") == numbered("JC", day, "a", "b")
    assert numbered("JC", day, "a", "b") != numbered("JC", day, "ab")
    assert re.fullmatch(r"JC-20260701-[0-9a-f]{10}", numbered("JC", day, "a"))
