"""From candidates to outcomes: matched, waiting for a person, or rejected."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from customs_risk.resolve.subjects import Candidate, Pair


@dataclass(frozen=True)
class Thresholds:
    """From ``matched`` on two are one; from ``review`` on a person is asked.

    The defaults follow from the tuning half of the labelled sample: `evaluation.thresholds` draws
    them, and a test holds them to it.
    """

    matched: float = 0.87
    review: float = 0.75


THRESHOLDS = Thresholds()
# nobody looks at more
_MOST_IN_REVIEW = 5
# a name that fits two subjects about equally well names neither for certain
_LEAD = 0.02


@dataclass(frozen=True)
class Outcome:
    """What became of a candidate: ``status`` is matched, review or rejected."""

    candidate: Candidate
    status: str


@cache
def method_version() -> str:
    """Return the digest of all that decides an outcome: code, vocabulary and thresholds."""
    here = Path(__file__).parent
    paths = sorted(chain.from_iterable(here.glob(f"*.{end}") for end in ("py", "yml", "txt")))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def settle(
    candidates: Iterable[Candidate],
    verdicts: Mapping[Pair, bool],
    thresholds: Thresholds = THRESHOLDS,
) -> list[Outcome]:
    """Decide on all candidates of some mentions; ``verdicts`` say which pairs people judged same.

    An identifier or a code decides; names count where there is none. Of names, the best alone is
    matched, and only if it leads. Of what is rejected, the best is kept.
    """
    by_mention: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_mention[candidate.mention_id].append(candidate)
    return [
        outcome
        for found in by_mention.values()
        for outcome in _settle_mention(found, verdicts, thresholds)
    ]


def _settle_mention(
    found: list[Candidate], verdicts: Mapping[Pair, bool], thresholds: Thresholds
) -> list[Outcome]:
    judged = {each: verdict for each in found if (verdict := verdicts.get(each.pair)) is not None}
    certain = [each for each in found if each.method != "name"]
    open_ = [each for each in certain or found if each not in judged]
    open_.sort(key=lambda each: (-each.score, each.subject_id))
    outcomes = [Outcome(each, "matched" if same else "rejected") for each, same in judged.items()]
    is_told = any(judged.values())
    for each in open_:
        status = _status(each, open_, thresholds)
        # where a person has said who it is, names say no more
        if is_told and each.method == "name":
            status = "rejected"
        outcomes.append(Outcome(each, status))
    waiting = [each for each in outcomes if each.status == "review"]
    accepted = [each for each in outcomes if each.status == "matched" or each.candidate in judged]
    return [*accepted, *waiting[:_MOST_IN_REVIEW]] or outcomes[:1]


def _status(candidate: Candidate, rivals: list[Candidate], thresholds: Thresholds) -> str:
    if candidate.score < thresholds.review:
        return "rejected"
    if candidate.score < thresholds.matched:
        return "review"
    if candidate.method != "name":
        return "matched"
    others = [each.score for each in rivals if each is not candidate]
    return "matched" if candidate.score >= max(others, default=0.0) + _LEAD else "review"
