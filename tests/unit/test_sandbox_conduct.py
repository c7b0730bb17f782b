"""A few officers and handbooks of the sandbox go wrong, each in one way, and the rest do not."""

import io
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from customs_risk.sandbox import conduct as ways
from customs_risk.sandbox.days import next_business_days
from customs_risk.sandbox.examinations import corrections_of
from customs_risk.sandbox.inspectors import INSTRUCTION, inspect, report_days
from customs_risk.sandbox.outside import handbooks
from customs_risk.sandbox.truth import read_misconduct
from customs_risk.sandbox.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("home"), declarations_per_day=1_000, history_days=60)


@pytest.fixture(scope="module")
def told(world: World) -> dict[str, pd.DataFrame]:
    return {
        feed: pd.read_csv(
            path, dtype={"examined_hs6": str, "declaration_id": str, "office_code": str}
        )
        for feed, path in world.deliver_history().items()
        if feed in ("inspection_results", "enforcement_acts", "declarations")
    }


def who(world: World, kind: str) -> str:
    (officer,) = [each.officer_id for each in world.conduct.planted if each.kind == kind]
    return officer


def rates(hits: pd.Series, officers: pd.Series, officer: str) -> tuple[float, float]:
    """Return how often it is so of the officer, and of all the others."""
    return float(hits[officers == officer].mean()), float(hits[officers != officer].mean())


def test_the_truth_is_kept_and_every_kind_is_in_it(world: World, told: object) -> None:
    truth = read_misconduct(world.home)
    assert set(truth["kind"]) == set(ways.KINDS) | set(handbooks.KINDS)
    assert not truth.duplicated(["kind", "subject_key"]).any()
    officers = truth[truth["subject_type"] == "officer"]["subject_key"]
    assert officers.is_unique
    # rare: what most officers do is what all should
    assert len(officers) < 0.2 * sum(world.conduct.staff.values())


def test_another_seed_makes_others_go_wrong(world: World, tmp_path: Path) -> None:
    other = World(tmp_path, seed=8, declarations_per_day=1_000).conduct.planted
    assert {each.officer_id for each in other} != {
        each.officer_id for each in world.conduct.planted
    }


def test_inspections_are_done_otherwise_by_those_who_do(
    world: World, told: dict[str, pd.DataFrame]
) -> None:
    results = told["inspection_results"].drop_duplicates("result_id")
    declared = told["declarations"].drop_duplicates("declaration_id")
    by_id = declared.set_index("declaration_id")["hs6"].astype(str).str.zfill(6)
    started, ended = (pd.to_datetime(results[name]) for name in ("started_at", "ended_at"))
    reported = pd.to_datetime(results["reported_at"])
    assert (started < ended).all() and (ended <= reported).all()
    officers = results["officer_id"]
    short = (ended - started) < timedelta(minutes=10)
    foreign = results["examined_place"].str[:4] != results["office_code"]
    other = results["examined_hs6"] != results["declaration_id"].map(by_id)
    for kind, hits in (("hurries", short), ("elsewhere", foreign), ("other_goods", other)):
        bad, good = rates(hits, officers, who(world, kind))
        assert bad > 0.5 and 0 < good < 0.05, kind
    found = results["has_finding"]
    bad, good = rates(found, officers, who(world, "blind"))
    assert bad < 0.6 * good


def test_gaps_are_taxed_in_full_but_by_those_who_settle_cheap(world: World) -> None:
    cheat = who(world, "settles_cheap")
    office = cheat.partition("-")[0]
    ids = [f"{office}20261{number:09d}" for number in range(2_000)]
    asked = pd.DataFrame({"declaration_id": ids, "office_code": office, "selected_by": "random"})
    asked = asked.assign(instruction_id=None, decided_on="2026-06-29")[INSTRUCTION]
    truth = asked[["declaration_id"]].assign(
        offence="undervaluation", revenue_cny=9_000.0, importer_id="I", hs6="220421",
        tax_rate_pct=8.0, declared_value_cny=50_000.0,
    )  # fmt: skip
    conduct = world.conduct
    results = inspect(
        7, asked, report_days(7, asked), truth, conduct.staff, detection=1.0, conduct=conduct
    )
    owed = (results["assessed_value_cny"] - 50_000.0) * (1.08 * 1.13 - 1)
    cheap, others = rates(results["additional_duty_cny"] < 0.5 * owed, results["officer_id"], cheat)
    assert cheap > 0.5 and 0 < others < 0.05
    corrected = corrections_of(7, results, conduct).set_index("result_id")["additional_duty_cny"]
    assert 0 < len(corrected) < 0.1 * len(results)


def test_acts_lean_one_way_only_with_those_who_lean(
    world: World, told: dict[str, pd.DataFrame]
) -> None:
    acts = told["enforcement_acts"]
    values = acts[acts["act"] == "amend_value"]
    lowered = values["value_after_cny"] < values["value_before_cny"]
    bad, good = rates(lowered, values["officer_id"], who(world, "lowers_values"))
    assert bad > 0.7 and 0.4 < good < 0.6
    codes = acts[acts["act"] == "amend_classification"]
    saves = (codes["tax_rate_after_pct"] < codes["tax_rate_before_pct"]) & (
        pd.to_datetime(codes["released_at"]) < pd.to_datetime(codes["acted_at"])
    )
    bad, good = rates(saves, codes["officer_id"], who(world, "reclassifies"))
    assert bad > 0.5 and 0 < good < 0.2
    released = acts[acts["act"] == "release"]
    assert set(released["declaration_id"]) == set(told["inspection_results"]["declaration_id"])


def test_handbooks_add_up_but_for_those_that_do_not(world: World) -> None:
    days = next_business_days(date(2026, 6, 28), 5)
    published = [handbooks.processing_handbooks(world, day) for day in days]
    lines = pd.concat([pd.read_csv(io.BytesIO(each)) for each in published if each])
    assert not lines.duplicated(["handbook_no", "line_no"]).any()
    still = lines[lines["status"] == "open"]
    used = still["exported_quantity"] * still["declared_consumption"]
    used = used * (1 + still["wastage_pct"] / 100)
    missing = (still["imported_quantity"] - used - still["stock_quantity"]).abs()
    off = still[missing > 0.05 * still["imported_quantity"]]
    wrong = handbooks.planted(world).set_index("subject_key")["kind"]
    assert set(off["handbook_no"].map(wrong)) == {"unbalanced", "fictitious_exports"}
    above = still[still["declared_consumption"] > 1.05 * still["norm_consumption"]]
    assert set(above["handbook_no"].map(wrong)) == {"over_norm"}
    often = still[still["extensions"] > 2]
    assert set(often["handbook_no"].map(wrong)) == {"extended"}
    assert published == [handbooks.processing_handbooks(world, day) for day in days]
