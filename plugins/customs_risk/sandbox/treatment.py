"""Parties that are written to: some prove that a measure is wrong, most answer what they are asked.

Whether a party is honest is the world's truth: whoever is in no bad episode of its own, and was in
none for a while. Most of those hand in proof against a measure; of the others some try. Who does
follows from the seed and the measure alone, so what is written twice is the same. Requests for
information are answered by most, not by all, and not always in full.
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

FEEDS = REBUTTALS, ANSWERS = "rebuttals", "information_answers"
SENT = time(20)
# the share of measures that a party answers with proof
HONEST_SHARE = 0.7
OTHER_SHARE = 0.1
# honest is who was in no bad episode for so long: as far as measures look back
HONEST_DAYS = 90
# of requests for information, how many are answered, and how many of the answers are whole
ANSWERED_SHARE, WHOLE_SHARE = 0.85, 0.8

_MEASURE = ["measure_id", "event", "addressee", "action"]
_REQUEST = ["request_id", "addressee"]
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
    told = _not_noted_before(world.home, "rebutted", day, _measures(world.home), "measure_id")
    if told.empty:
        return None
    is_honest = told["addressee"].isin(honest_parties(world, day)).to_numpy()
    turn = uniform(world.seed, "rebuts", told["measure_id"].to_numpy(dtype=object))
    answered = told[turn < np.where(is_honest, HONEST_SHARE, OTHER_SHARE)]
    if answered.empty:
        return None
    lines = [
        _submission(world.seed, measure_id, party_id, action, _at(day))
        for measure_id, party_id, action in answered[["measure_id", "addressee", "action"]].values
    ]
    return _hand_in(world.home, REBUTTALS, day, lines)


def answer(world: World, day: date) -> Path | None:
    """Deliver what parties answer on a day to requests for information; return the file.

    Each request is answered once, or never. None if nobody has anything to say.
    """
    told = _not_noted_before(world.home, "asked", day, _requests(world.home), "request_id")
    turn = uniform(world.seed, "answers", told["request_id"].to_numpy(dtype=object))
    answered = told.assign(turn=turn)[turn < ANSWERED_SHARE]
    if answered.empty:
        return None
    lines = [
        {
            "request_id": request_id,
            "party_id": party_id,
            "answered_at": _at(day),
            "answer": "随附合同、发票、付汇凭证及运输单证，申报价格与实际支付一致。",
            "is_complete": turn < ANSWERED_SHARE * WHOLE_SHARE,
            "attachments": [
                {"name": name, "sha256": _digest(world.seed, request_id, name)}
                for name in ("合同.pdf", "发票.pdf", "付汇凭证.pdf")
            ],
        }
        for request_id, party_id, turn in answered[[*_REQUEST, "turn"]].values
    ]
    return _hand_in(world.home, ANSWERS, day, lines)


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
    digest = _digest(seed, measure_id, name)
    return {
        "measure_id": measure_id,
        "party_id": party_id,
        "submitted_at": at,
        "claim": "low",
        "statement": "我司申报真实，所附材料可证明风险较低，请予调整。",
        "documents": [{"name": name, "kind": kind, "sha256": digest}],
    }


def _digest(seed: int, number: str, name: str) -> str:
    return hashlib.sha256(f"{seed}|{number}|{name}".encode()).hexdigest()


def _at(day: date) -> str:
    return f"{sent_on(day, SENT):%Y-%m-%dT%H:%M:%S}+08:00"


def _hand_in(home: Path, feed: str, day: date, lines: list[dict[str, object]]) -> Path:
    content = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    path = delivery_path(home, feed, sent_on(day, SENT)).with_suffix(".ndjson")
    return write_whole(path, content.encode())


def _measures(home: Path) -> pd.DataFrame:
    """What parties were told of measures on themselves, one row per measure that begins."""
    told = _left(home, "measures", _MEASURE)
    of_parties = (told["event"] == "begins") & (told["addressee"] != "risk_divisions")
    return told[of_parties].drop_duplicates("measure_id", ignore_index=True)


def _requests(home: Path) -> pd.DataFrame:
    """What parties were asked, one row per request for information."""
    return _left(home, "requests", _REQUEST).drop_duplicates("request_id", ignore_index=True)


def _left(home: Path, kind: str, columns: list[str]) -> pd.DataFrame:
    """What left of a kind of message."""
    files = sorted((home / "outbox" / kind).glob(f"{kind}_*.csv"))
    if not files:
        return pd.DataFrame(columns=columns, dtype=object)
    return pd.concat([pd.read_csv(file, dtype=str, usecols=columns) for file in files])


def _not_noted_before(
    home: Path, what: str, day: date, told: pd.DataFrame, key: str
) -> pd.DataFrame:
    """What no earlier day has noted; noted before it is answered."""
    folder = home / "sandbox" / what
    earlier = [file for file in folder.glob("*.csv") if file.stem < str(day)]
    known = [number for file in earlier for number in pd.read_csv(file, dtype=str)[key]]
    new = told[~told[key].isin(known)].reset_index(drop=True)
    if len(new):
        write_whole(folder / f"{day}.csv", "\n".join([key, *new[key], ""]).encode())
    return new
