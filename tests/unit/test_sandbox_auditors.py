"""Auditors answer each referral once, weeks later, and prove less of what is long gone."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from customs_risk.sandbox.auditors import DELAY, SENSITIVITY, audit, report_days
from customs_risk.sandbox.days import as_days, business_days
from customs_risk.sandbox.truth import read_truth
from customs_risk.sandbox.world import World
from expectations.contract import contract_of

TUESDAY = date(2026, 6, 30)


@pytest.fixture
def world(tmp_path) -> World:
    world = World(tmp_path, declarations_per_day=300)
    world.deliver_day(TUESDAY)
    return world


def refer(home: Path, rows: pd.DataFrame, on: date) -> None:
    folder = home / "outbox" / "referrals"
    folder.mkdir(parents=True)
    told = rows.assign(decided_on=str(on), message_id=rows["referral_id"], reason="r")
    told.to_csv(folder / f"referrals_{on:%Y%m%d}_1.csv", index=False)


def referrals(ids: list[str], kind: str = "audit") -> pd.DataFrame:
    rows = pd.DataFrame({"referral_id": [f"AU-{n}" for n in range(len(ids))], "importer_id": "P"})
    rows["referral_kind"] = kind
    rows["declaration_id"] = ids if kind == "audit" else None
    return rows


def test_each_referral_is_answered_once_two_to_six_weeks_later(world):
    ids = read_truth(world.home)["declaration_id"].tolist()[:80]
    cases = referrals(["", ""], "case").assign(referral_id=["CA-1", "CA-2"])
    refer(world.home, pd.concat([referrals(ids), cases]), TUESDAY)
    answers = []
    for day in business_days(TUESDAY + timedelta(1), TUESDAY + timedelta(50)):
        path = world.deliver_day(day, feeds=["audit_results"]).get("audit_results")
        if path:
            before = path.read_bytes()
            assert world.deliver_day(day, feeds=["audit_results"])["audit_results"] == path
            assert path.read_bytes() == before
            rows = pd.read_csv(path, dtype={"declaration_id": str})
            assert list(rows.columns) == list(contract_of("audit_results").columns)
            assert (rows["reported_at"].str[:10] == str(day)).all()
            answers.append((day, rows))
    told = pd.concat([rows for _, rows in answers])
    assert sorted(told["referral_id"]) == sorted([*referrals(ids)["referral_id"], "CA-1", "CA-2"])
    first, last = (np.busday_offset(TUESDAY, days).astype(object) for days in DELAY)
    assert first <= answers[0][0] and answers[-1][0] <= last
    assert set(told.loc[told["referral_id"].str.startswith("CA"), "outcome"]) <= {
        "case_filed", "not_filed"
    }  # fmt: skip


def test_an_audit_proves_what_is_true_with_its_sensitivity_and_nothing_else():
    count = 4000
    ids = [f"D{n}" for n in range(count)]
    offences = np.array(["undervaluation", "ipr", None], dtype=object)[np.arange(count) % 3]
    truth = pd.DataFrame({"declaration_id": ids, "offence": offences, "revenue_cny": 100.0})
    rows = referrals([*ids, "unknown"]).assign(result_id="A", decided_on=str(TUESDAY))
    results = audit(7, rows, as_days(TUESDAY, len(rows)), truth)
    proved = results["outcome"] == "violation"
    assert not proved[~results["declaration_id"].isin(truth.dropna()["declaration_id"])].any()
    for kind in ("undervaluation", "ipr"):
        of_kind = results["declaration_id"].isin(truth.loc[offences == kind, "declaration_id"])
        assert abs(proved[of_kind].mean() - SENSITIVITY[kind]) < 0.04
        assert set(results.loc[of_kind & proved, "finding_type"]) == {kind}
    assert (results["additional_duty_cny"] == np.where(proved, 100.0, 0.0)).all()
    days = report_days(7, rows)
    assert days.min() > np.datetime64(TUESDAY) and len(np.unique(days)) > 10
