"""The indicator system on the sandbox's world: every indicator of every domain has values."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from customs_risk import clock, resolve, steps
from customs_risk import warehouse as doors
from customs_risk.sandbox.days import business_days
from customs_risk.sandbox.outside.servers import Outside
from customs_risk.sandbox.world import World
from customs_risk.settings import Settings
from customs_risk.transform import PROJECT, dbt
from expectations.contract import contracts

pytestmark = pytest.mark.timeout(900)

DOMAINS = {
    "prohibited_restricted", "port_health", "biosecurity", "food_safety", "commodity_quality",
    "tax", "ipr", "other",
}  # fmt: skip
LIVE_DAYS = 3


def definitions() -> list[dict[str, str]]:
    with (PROJECT / "seeds" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(query: str) -> list[tuple]:
    with doors.connect() as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def sandbox(standing_warehouse: Settings) -> Iterator[date]:
    """Collect what every provider told in a fortnight, and the declarations; yield the last day."""
    steps.initialize()
    world = World(standing_warehouse.home, seed=7, declarations_per_day=400)
    world.deliver_history()
    days = world.live_days(LIVE_DAYS)
    told = business_days(world.history_end - timedelta(10), days[-1])
    with Outside(world) as outside, pytest.MonkeyPatch.context() as patch:
        for name, value in outside.connections().items():
            patch.setenv(name, value)
        patch.setattr(clock, "present", lambda _connection: outside.now)
        for day in told[:-1]:
            outside.publish(day)
        for day in days[:-1]:
            world.deliver_day(day)
        # rates come first: what is declared in another currency is worth nothing without one
        others = [contract.feed for contract in contracts() if contract.feed != "exchange_rates"]
        feeds = ("exchange_rates", *others)
        for feed in feeds:
            steps.bring_in(feed)
        # what is declared the day after is scored with what was known by then
        outside.publish(told[-1])
        world.deliver_day(days[-1])
        for feed in feeds:
            steps.bring_in(feed)
    steps.prepare()
    resolve.resolve_subjects()
    steps.prepare()
    yield days[-1]


def test_each_domain_has_at_least_five_indicators() -> None:
    told = Counter(each["risk_domain"] for each in definitions())
    assert set(told) == DOMAINS
    assert min(told.values()) >= 5


def test_each_indicator_is_fed_by_feeds_that_exist_and_has_a_weight() -> None:
    known = {contract.feed for contract in contracts()}
    for each in definitions():
        assert set(each["feeds"].split(";")) <= known, each["indicator_code"]
    with (PROJECT / "seeds" / "indicator_weights.csv").open(encoding="utf-8", newline="") as file:
        weights = list(csv.DictReader(file))
    for version in {row["weight_version"] for row in weights}:
        weighed = {row["indicator_code"] for row in weights if row["weight_version"] == version}
        assert weighed == {each["indicator_code"] for each in definitions()}


def test_each_indicator_has_values(sandbox: date) -> None:
    silent = rows(
        """
        select definitions.indicator_code, definitions.name_en
        from indicators.indicator_definitions as definitions
        left join indicators.indicator_values as known
            on definitions.indicator_code = known.indicator_code
            and definitions.version = known.version and known.value is not null
        group by 1, 2 having count(known.value) = 0 order by 1
        """
    )
    assert silent == []


def test_each_domain_scores_subjects_and_declarations(sandbox: date) -> None:
    for mart in ("declaration_scores", "subject_scores"):
        told = rows(f"select risk_domain, max(score) from indicators.{mart} group by 1")
        assert {domain for domain, _ in told} == DOMAINS, mart
        assert all(0 < highest <= 100 for _, highest in told), (mart, told)


def test_every_live_declaration_is_scored_in_every_domain(sandbox: date) -> None:
    (scored, live), *_ = rows(
        """
        select (select count(*) from indicators.declaration_scores),
            (select count(*) from core.declarations where not is_backfill)
        """
    )
    assert scored == 8 * live > 0


def test_the_data_tests_of_the_indicators_hold(sandbox: date) -> None:
    dbt(
        "test", "--select", "marts.indicators", "intermediate.indicators", "indicators",
        "indicator_weights",
    )  # fmt: skip
