"""Auditors and investigators: they read referral files, and report weeks later what they find.

An audit has the books before it, not the goods: it proves a wrong price more often than goods that
are long gone. As with inspectors, what it finds depends on the seed and the referral alone.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import uniform
from customs_risk.sandbox.days import Days, local_times
from customs_risk.sandbox.inspectors import answers_noted
from customs_risk.sandbox.truth import read_truth

SENSITIVITY = {  # probability that an audit proves what is true
    "undervaluation": 0.85,
    "misclassification": 0.85,
    "false_origin": 0.8,
    "undeclared_quantity": 0.5,
    "ipr": 0.4,
    "prohibited": 0.4,
    "food_safety": 0.4,
}
DELAY = (10, 30)  # business days from the referral to the report: two to six weeks
CASES_FILED = 0.6  # share of case referrals of which a case is filed
REFERRAL = ["referral_id", "referral_kind", "importer_id", "declaration_id", "decided_on"]


def read_referrals(home: Path) -> pd.DataFrame:
    """All referrals in the outbox, one row each (`REFERRAL`), in order of their files."""
    files = sorted((home / "outbox" / "referrals").glob("referrals_*.csv"))
    if not files:
        return pd.DataFrame(columns=REFERRAL, dtype=object)
    read = [pd.read_csv(file, dtype=str, usecols=REFERRAL) for file in files]
    return pd.concat(read)[REFERRAL].drop_duplicates("referral_id", ignore_index=True)


def report_days(seed: int, referred: pd.DataFrame) -> Days:
    """The day on which each referral is answered."""
    first, last = DELAY
    share = uniform(seed, "audit delay", referred["referral_id"].to_numpy(dtype=object))
    decided = referred["decided_on"].to_numpy(dtype="datetime64[D]")
    days: Days = np.busday_offset(
        decided, first + np.floor(share * (last - first + 1)).astype(int), roll="backward"
    )
    return days


def audits_due(home: Path, seed: int, from_day: date, to_day: date) -> pd.DataFrame:
    """The results that a delivery for some days holds, with the contract's columns."""
    referred = read_referrals(home)
    referred = referred.assign(result_id="A-" + referred["referral_id"])
    due = referred[report_days(seed, referred) <= np.datetime64(to_day)]
    answered = answers_noted(home, to_day, due, "audited")
    if answered.empty:
        return answered
    reported_on = np.maximum(report_days(seed, answered), np.datetime64(from_day))
    ids = answered["declaration_id"].dropna().tolist()
    truth = pd.concat([read_truth(home, prefix, ids) for prefix in ("history", "live")])
    return audit(seed, answered, reported_on, truth)


def audit(
    seed: int, referred: pd.DataFrame, reported_on: Days, truth: pd.DataFrame
) -> pd.DataFrame:
    """One result per referral. `truth` holds declaration_id, offence and revenue_cny.

    Of a declaration that the truth does not hold, nothing is found.
    """
    known = referred.merge(truth[["declaration_id", "offence", "revenue_cny"]], how="left")
    ids = known["referral_id"].to_numpy(dtype=object)
    is_case = (known["referral_kind"] == "case").to_numpy()
    sensitivity = known["offence"].map(SENSITIVITY).fillna(0.0).to_numpy(dtype=np.float64)
    proved = ~is_case & (uniform(seed, "audit", ids) < sensitivity)
    filed = uniform(seed, "case filed", ids) < CASES_FILED
    hours = np.where(is_case, 120.0, 30.0) * (0.5 + uniform(seed, "audit hours", ids))
    return pd.DataFrame(
        {
            "result_id": known["result_id"],
            "referral_id": ids,
            "importer_id": known["importer_id"],
            "declaration_id": known["declaration_id"].where(~is_case, None),
            "auditor_id": np.where(is_case, "anti-smuggling", "audit"),
            **_times(seed, ids, reported_on),
            "outcome": np.select(
                [is_case & filed, is_case, proved],
                ["case_filed", "not_filed", "violation"],
                "no_violation",
            ),
            "finding_type": known["offence"].where(proved, None),
            "additional_duty_cny": np.where(proved, known["revenue_cny"].fillna(0.0), 0.0),
            "officer_hours": np.round(hours, 1),
        }
    )


def _times(seed: int, ids: np.ndarray, reported_on: Days) -> dict[str, np.ndarray]:
    reported = (5 * 3600 + uniform(seed, "audit report", ids) * 2 * 3600).astype(np.int64)
    return {
        "audited_at": local_times(reported_on, reported - 48 * 3600),
        "reported_at": local_times(reported_on, reported),
    }
