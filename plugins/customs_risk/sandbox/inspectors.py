"""Inspectors: they read instruction files, acknowledge them, and report what they find.

Most acknowledge within hours, some a day or more late, a few never. An inspection finds what is
there with a stated probability. Whether it does, how long it takes and who does it depend on the
seed and the declaration alone, so an answer written twice is the same. How the few behave who do
not do as they should is told in conduct.py.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Ints, uniform
from customs_risk.sandbox.conduct import Conduct, assigned
from customs_risk.sandbox.days import Days, local_times
from customs_risk.sandbox.delivery import csv_bytes, write_whole
from customs_risk.sandbox.examinations import with_examination

DETECTION_PROBABILITY = 0.9
LONGEST_DELAY = 3  # business days
# what inspectors know of the goods in front of them, and of what was declared
_TRUTH = [
    "declaration_id", "offence", "revenue_cny", "importer_id", "hs6", "tax_rate_pct",
    "declared_value_cny",
]  # fmt: skip
INSTRUCTION = ["instruction_id", "declaration_id", "office_code", "decided_on", "selected_by"]
ACKNOWLEDGEMENT = [
    "instruction_id", "office_code", "officer_id", "acknowledged_at", "response",
]  # fmt: skip
USUAL_HOURS = 2.0
TAKEN_UP = 18.5 * 3600  # seconds of the day from which on an office sees the day's instructions
PROMPT_SHARE, LATE_SHARE = 0.90, 0.07  # the others are never acknowledged
PROMPT_HOURS, LATE_HOURS = (0.2, 3.0), (26.0, 70.0)
EXTRA_HOURS = {  # what a finding costs in officer hours beside the look itself
    "undervaluation": 5.0,
    "misclassification": 3.0,
    "false_origin": 6.0,
    "undeclared_quantity": 3.0,
    "ipr": 4.0,
    "prohibited": 5.0,
    "food_safety": 4.0,
}


def read_instructions(home: Path) -> pd.DataFrame:
    """All instructions in the outbox, one row each (`INSTRUCTION`), in order of their files."""
    files = sorted((home / "outbox").glob("instructions_*.csv"))
    if not files:
        return pd.DataFrame(columns=INSTRUCTION, dtype=object)
    read = [pd.read_csv(file, dtype=str, usecols=INSTRUCTION) for file in files]
    return pd.concat(read)[INSTRUCTION].drop_duplicates("instruction_id", ignore_index=True)


def report_days(seed: int, asked: pd.DataFrame, conduct: Conduct | None = None) -> Days:
    """When each answer is due: 0 to 3 business days on, but not before the next business day.

    Who dawdles answers later.
    """
    delay = np.floor(
        uniform(seed, "delay", asked["declaration_id"].to_numpy()) * (LONGEST_DELAY + 1)
    )
    decided = asked["decided_on"].to_numpy(dtype="datetime64[D]")
    late = 0 if conduct is None else conduct.late_days(asked)
    # from a weekend the count begins on the Friday before, so that Monday is the next day
    days: Days = np.busday_offset(decided, np.maximum(delay, 1).astype(int) + late, roll="backward")
    return days


def inspect(
    seed: int,
    asked: pd.DataFrame,
    reported_on: Days,
    truth: pd.DataFrame,
    staff: dict[str, int],
    detection: float = DETECTION_PROBABILITY,
    conduct: Conduct | None = None,
) -> pd.DataFrame:
    """One inspection result per row asked, with the contract's columns.

    `truth` holds declaration_id, offence and revenue_cny; of a declaration that it does not hold,
    nothing is found. If it holds what was declared as well, results tell how the inspection was
    done. `staff` is the number of officers per office.
    """
    told = [name for name in _TRUTH if name in truth]
    found = asked.merge(truth[told], how="left")
    ids = found["declaration_id"].to_numpy(dtype=object)
    detected = uniform(seed, "detection", ids) < detection
    has_finding = found["offence"].notna().to_numpy() & detected
    finding = found["offence"].where(has_finding, None)
    officers = assigned(seed, found, staff)
    if conduct is not None:
        officers = conduct.taken_over(officers, found)
    results = pd.DataFrame(
        {
            "result_id": result_ids(found),
            "declaration_id": ids,
            "instruction_id": found["instruction_id"],
            "office_code": found["office_code"],
            "officer_id": officers,
            **_times(seed, ids, reported_on),
            "selected_by": found["selected_by"],
            "has_finding": has_finding,
            "finding_type": finding,
            "additional_duty_cny": np.where(has_finding, found["revenue_cny"], 0.0),
            "officer_hours": _hours(seed, ids, finding),
        }
    )
    if "hs6" not in told:
        return results
    return with_examination(seed, results, found, conduct)


def acknowledge(seed: int, asked: pd.DataFrame, staff: dict[str, int]) -> pd.DataFrame:
    """What offices answer to instructions, with the contract's columns; a few never answer.

    `staff` is the number of officers per office. Who examines is who acknowledges.
    """
    asked = asked[asked["instruction_id"].notna()]
    if asked.empty:
        return pd.DataFrame(columns=ACKNOWLEDGEMENT, dtype=object)
    luck = uniform(seed, "acknowledged", asked["instruction_id"].to_numpy(dtype=object))
    asked = asked[luck < PROMPT_SHARE + LATE_SHARE].reset_index(drop=True)
    ids = asked["instruction_id"].to_numpy(dtype=object)
    is_prompt = uniform(seed, "acknowledged", ids) < PROMPT_SHARE
    least, most = np.where(is_prompt, *np.array([PROMPT_HOURS, LATE_HOURS]).reshape(2, 2, 1))
    hours = least + uniform(seed, "acknowledged after", ids) * (most - least)
    seconds: Ints = (TAKEN_UP + hours * 3600).astype(np.int64)
    return pd.DataFrame(
        {
            "instruction_id": ids,
            "office_code": asked["office_code"],
            "officer_id": assigned(seed, asked, staff),
            "acknowledged_at": local_times(
                asked["decided_on"].to_numpy(dtype="datetime64[D]"), seconds
            ),
            "response": "accepted",
        }
    )[ACKNOWLEDGEMENT]


def result_ids(asked: pd.DataFrame) -> pd.Series:
    """The number of an answer: that of its instruction, or of the declaration in history."""
    return "R-" + asked["instruction_id"].fillna(asked["declaration_id"])


def answers_due(
    home: Path,
    seed: int,
    asked: pd.DataFrame,
    from_day: date,
    to_day: date,
    conduct: Conduct | None = None,
) -> tuple[pd.DataFrame, Days]:
    """The instructions answered in a delivery, and the day of each answer.

    An instruction that came too late for the day it was due on is answered at once.
    """
    asked = asked.assign(result_id=result_ids(asked))
    due = asked[report_days(seed, asked, conduct) <= np.datetime64(to_day)]
    answered = answers_noted(home, to_day, due)
    return answered, np.maximum(report_days(seed, answered, conduct), np.datetime64(from_day))


def answers_noted(
    home: Path, day: date, due: pd.DataFrame, what: str = "answered", key: str = "result_id"
) -> pd.DataFrame:
    """Those of the rows due that a delivery of this day answers; noted before it is sent.

    What an earlier delivery answered is not answered again. Delivered again, the day holds the
    same rows, whatever has reached the outbox since. ``what`` names the folder of the notes.
    """
    folder = home / "sandbox" / what
    noted = folder / f"{day}.csv"
    if noted.exists():
        due = due[due[key].isin(_noted(noted, key))]
    else:
        earlier = [file for file in folder.glob("*.csv") if file.stem < str(day)]
        due = due[~due[key].isin({number for file in earlier for number in _noted(file, key)})]
        write_whole(noted, csv_bytes(due[[key]]))
    return due.reset_index(drop=True)


def _noted(file: Path, key: str) -> list[str]:
    return list(pd.read_csv(file, dtype=str)[key])


def _times(seed: int, ids: np.ndarray, reported_on: Days) -> dict[str, np.ndarray]:
    """Ports work at night: results of the night are in before the file leaves at 07:00."""
    reported: Ints = (5 * 3600 + uniform(seed, "report", ids) * 2 * 3600).astype(np.int64)
    inspected: Ints = reported - 3600 - (uniform(seed, "look", ids) * 8 * 3600).astype(np.int64)
    return {
        "inspected_at": local_times(reported_on, inspected),
        "reported_at": local_times(reported_on, reported),
    }


def _hours(seed: int, ids: np.ndarray, finding: pd.Series) -> np.ndarray:
    usual = USUAL_HOURS + finding.map(EXTRA_HOURS).fillna(0.0).to_numpy(dtype=np.float64)
    return np.round(usual * (0.5 + uniform(seed, "hours", ids)), 2)
