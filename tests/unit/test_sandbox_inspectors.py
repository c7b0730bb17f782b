"""Inspectors answer each instruction once, in time, and find what is there nine times in ten."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from customs_risk.sandbox.inspectors import (
    DETECTION_PROBABILITY,
    INSTRUCTION,
    LATE_SHARE,
    PROMPT_SHARE,
    inspect,
    read_instructions,
    report_days,
)
from customs_risk.sandbox.truth import read_truth, truth_leakage
from customs_risk.sandbox.world import World
from expectations.contract import contract_of

TUESDAY = date(2026, 6, 30)
WEEK = [TUESDAY, date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)]


def instruct(home: Path, declaration_ids: list[str], decided_on: date, name: str = "1") -> None:
    rows = pd.DataFrame({"declaration_id": declaration_ids})
    rows["message_id"] = "M-" + rows["declaration_id"]
    rows["instruction_id"] = "I-" + rows["declaration_id"]
    rows["office_code"] = rows["declaration_id"].str[:4]
    rows["decided_on"] = str(decided_on)
    rows["selected_by"] = "targeted"
    rows["what_to_examine"] = "价格"
    rows["reason"] = "rate_importer"
    (home / "outbox").mkdir(exist_ok=True)
    rows.to_csv(home / "outbox" / f"instructions_{decided_on:%Y%m%d}_{name}.csv", index=False)


def results(world: World, day: date) -> pd.DataFrame:
    path = world.deliver_day(day, feeds=["inspection_results"]).get("inspection_results")
    if path is None:
        return pd.DataFrame(columns=["result_id", "declaration_id", "reported_at"])
    return pd.read_csv(path, dtype={"declaration_id": str}).drop_duplicates()


def punctual(world: World) -> list[str]:
    """Return what is answered in time: all but what falls to the few who do not do their duty."""
    asked = read_instructions(world.home)
    in_time = world.conduct.is_answered(asked) & (world.conduct.late_days(asked) == 0)
    return sorted(asked.loc[in_time, "declaration_id"])


@pytest.fixture
def world(tmp_path) -> World:
    world = World(tmp_path, declarations_per_day=400)
    world.deliver_day(TUESDAY)
    return world


def test_each_instruction_is_answered_once_within_three_business_days(world):
    ids = read_truth(world.home)["declaration_id"].tolist()
    instruct(world.home, ids, TUESDAY)
    assert results(world, TUESDAY).empty
    answers = [results(world, day) for day in WEEK[1:]]
    assert all(len(answer) for answer in answers)
    # a delay of 0 or 1 is the next business day: half of all
    assert 0.4 < len(answers[0]) / len(ids) < 0.6
    told = pd.concat(answers)
    # a correction tells again what was told
    assert sorted(told["declaration_id"].unique()) == punctual(world)
    assert len(ids) * 0.9 < told["result_id"].nunique() < len(ids)
    assert set(results(world, date(2026, 7, 6))["result_id"]) <= set(told["result_id"])


def acknowledged(world: World, day: date) -> pd.DataFrame:
    feed = "instruction_receipts"
    path = world.deliver_day(day, feeds=[feed]).get(feed)
    if path is None:
        return pd.DataFrame(columns=["instruction_id", "acknowledged_at"])
    told = pd.read_csv(path, dtype=str)
    columns = contract_of(feed).columns
    assert [name for name in columns if name in told] == list(told)
    assert all(columns[name].nullable for name in columns.keys() - set(told))
    sent = pd.to_datetime(path.stem.rsplit("_", 1)[1]).tz_localize("Asia/Shanghai")
    assert (pd.to_datetime(told["acknowledged_at"]) <= sent).all()
    return told


def test_most_offices_acknowledge_at_once_some_late_and_a_few_never(world):
    ids = read_truth(world.home)["declaration_id"].tolist()
    assert acknowledged(world, TUESDAY).empty
    instruct(world.home, ids, TUESDAY)
    # the file of the day was told already
    assert acknowledged(world, TUESDAY).empty
    days = [acknowledged(world, day) for day in WEEK[1:]]
    assert abs(len(days[0]) / len(ids) - PROMPT_SHARE) < 0.04
    everything = pd.concat(days)
    assert everything["instruction_id"].is_unique
    assert abs(len(everything) / len(ids) - PROMPT_SHARE - LATE_SHARE) < 0.03
    assert len(everything) < len(ids)
    hours = pd.to_datetime(everything["acknowledged_at"]) - pd.Timestamp("2026-06-30T18:00+08:00")
    assert (hours > pd.Timedelta(0)).all() and (hours > pd.Timedelta(24, "h")).any()
    again = world.deliver_day(WEEK[1], feeds=["instruction_receipts"])["instruction_receipts"]
    assert len(pd.read_csv(again)) == len(days[0])


def test_answers_of_a_day_do_not_change_when_more_is_decided(world):
    ids = read_truth(world.home)["declaration_id"].tolist()
    instruct(world.home, ids[:200], TUESDAY)
    path = world.deliver_day(WEEK[1])["inspection_results"]
    before = path.read_bytes()
    # a late message, and one of the day itself
    instruct(world.home, ids[200:300], TUESDAY, "late")
    instruct(world.home, ids[300:], WEEK[1], "2")
    assert world.deliver_day(WEEK[1])["inspection_results"].read_bytes() == before
    later = pd.concat([results(world, day) for day in [*WEEK[2:], date(2026, 7, 6)]])
    first = pd.read_csv(path, dtype={"declaration_id": str}).drop_duplicates()
    assert sorted({*first["declaration_id"], *later["declaration_id"]}) == punctual(world)


def test_an_instruction_sent_twice_is_answered_once(world):
    ids = read_truth(world.home)["declaration_id"].tolist()[:50]
    instruct(world.home, ids, TUESDAY, "1")
    instruct(world.home, ids, TUESDAY, "2")
    assert len(read_instructions(world.home)) == 50


def test_detection_and_what_a_finding_tells():
    count = 5_000
    asked = pd.DataFrame({"declaration_id": [f"22002026100{n:07d}" for n in range(count)]})
    asked = asked.assign(
        instruction_id="I", office_code="2200", decided_on="2026-06-30", selected_by="random"
    )[INSTRUCTION]
    truth = asked[["declaration_id"]].assign(offence="ipr", revenue_cny=5_000.0)
    truth.loc[: count // 2 - 1, "offence"] = None
    answers = inspect(7, asked, report_days(7, asked), truth, {"2200": 40})
    clean, bad = answers.iloc[: count // 2], answers.iloc[count // 2 :]
    assert not clean["has_finding"].any()
    assert abs(bad["has_finding"].mean() - DETECTION_PROBABILITY) < 0.02
    assert (bad["additional_duty_cny"] == np.where(bad["has_finding"], 5_000.0, 0.0)).all()
    assert (bad["finding_type"].notna() == bad["has_finding"]).all()
    assert answers["officer_id"].nunique() == 40
    assert (pd.to_datetime(answers["inspected_at"]) < pd.to_datetime(answers["reported_at"])).all()
    decided = pd.Timestamp("2026-06-30T20:00+08:00")
    assert (pd.to_datetime(answers["inspected_at"]) >= decided).all()


def test_days_of_weekends_count_from_monday():
    asked = pd.DataFrame({"declaration_id": ["1", "2", "3", "4"], "decided_on": "2026-07-04"})
    assert report_days(7, asked).min() >= np.datetime64("2026-07-06")


def test_nothing_is_found_in_a_declaration_that_is_not_there(world):
    instruct(world.home, ["220020261009999999"], TUESDAY)
    answers = pd.concat([results(world, day) for day in WEEK[1:]])
    assert answers["has_finding"].tolist() == [False]


def test_leakage_is_what_was_never_inspected(world):
    world.deliver_day(WEEK[1])
    truth = read_truth(world.home)
    bad = truth[truth["offence"].notna()]
    assert truth_leakage(world.home, TUESDAY, WEEK[1], []) == (
        len(bad),
        pytest.approx(bad["revenue_cny"].sum()),
    )
    assert truth_leakage(world.home, TUESDAY, WEEK[1], bad["declaration_id"]) == (0, 0.0)
    first = (bad["declared_on"] == str(TUESDAY)).sum()
    assert truth_leakage(world.home, TUESDAY, TUESDAY, [])[0] == first
