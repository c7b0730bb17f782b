"""Parties that are measured against: they read what they are told, and some prove that it is wrong.

Whether a party is honest is the world's truth: whoever is in no bad episode of its own, and was in
none for a while. Most of those hand in proof against a measure; of the others some try. Who does
follows from the seed and the measure alone, so what is written twice is the same.
"""

import hashlib
import json
from datetime import date, time
from pathlib import Path

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Objects, uniform
from customs_risk.sandbox.delivery import delivery_path, sent_on, write_whole
from customs_risk.sandbox.world import World

FEED = "rebuttals"
SENT = time(20)
# the share of measures that a party answers with proof
HONEST_SHARE = 0.7
OTHER_SHARE = 0.1
# honest is who was in no bad episode for so long: as far as measures look back
HONEST_DAYS = 90

_READ = ["measure_id", "event", "addressee", "action"]
# what proves that a risk is low, by what the measure is about
_PROOFS = {
    "require_guarantee": ("payment_record", "付汇凭证.pdf"),
    "set_frequency": ("audit_report", "第三方合规审计报告.pdf"),
}
_PROOF = ("certificate", "证明文件.pdf")


def rebut(world: World, day: date) -> Path | None:
    """Deliver what parties hand in on a day against measures they were told of; return the file.

    Each measure is answered once, or never. None if nobody has anything to hand in.
    """
    told = _told(world.home)
    told = told[~told["measure_id"].isin(_noted_before(world.home, day))]
    if told.empty:
        return None
    _note(world.home, day, told["measure_id"])
    is_honest = told["addressee"].isin(honest_parties(world, day)).to_numpy()
    turn = uniform(world.seed, "rebuts", told["measure_id"].to_numpy(dtype=object))
    answered = told[turn < np.where(is_honest, HONEST_SHARE, OTHER_SHARE)]
    if answered.empty:
        return None
    sent = sent_on(day, SENT)
    lines = [
        _submission(world.seed, measure_id, party_id, action, f"{sent:%Y-%m-%dT%H:%M:%S}+08:00")
        for measure_id, party_id, action in answered[["measure_id", "addressee", "action"]].values
    ]
    content = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    path = delivery_path(world.home, FEED, sent).with_suffix(".ndjson")
    return write_whole(path, content.encode())


def honest_parties(world: World, day: date) -> Objects:
    """Return the importers that were in no bad episode of their own for a while."""
    number = (day - world.start_on).days
    ids = world.parties.importer_id
    episodes = world.offenders.importers
    touches = (episodes.from_day <= number) & (number - HONEST_DAYS < episodes.until_day)
    return np.delete(ids, np.unique(episodes.subject[touches]))


def _submission(
    seed: int, measure_id: str, party_id: str, action: str, at: str
) -> dict[str, object]:
    kind, name = _PROOFS.get(action, _PROOF)
    digest = hashlib.sha256(f"{seed}|{measure_id}|{name}".encode()).hexdigest()
    return {
        "measure_id": measure_id,
        "party_id": party_id,
        "submitted_at": at,
        "claim": "low",
        "statement": "我司申报真实，所附材料可证明风险较低，请予调整。",
        "documents": [{"name": name, "kind": kind, "sha256": digest}],
    }


def _told(home: Path) -> pd.DataFrame:
    """What parties were told of measures on themselves, one row per measure that begins."""
    files = sorted((home / "outbox" / "measures").glob("measures_*.csv"))
    if not files:
        return pd.DataFrame(columns=_READ, dtype=object)
    told = pd.concat([pd.read_csv(file, dtype=str, usecols=_READ) for file in files])
    of_parties = (told["event"] == "begins") & (told["addressee"] != "risk_divisions")
    return told[of_parties].drop_duplicates("measure_id", ignore_index=True)


def _note(home: Path, day: date, measures: pd.Series) -> None:
    content = "\n".join(["measure_id", *measures]) + "\n"
    write_whole(_notes(home) / f"{day}.csv", content.encode())


def _noted_before(home: Path, day: date) -> list[str]:
    earlier = [file for file in _notes(home).glob("*.csv") if file.stem < str(day)]
    return [number for file in earlier for number in pd.read_csv(file, dtype=str)["measure_id"]]


def _notes(home: Path) -> Path:
    return home / "sandbox" / "rebutted"
