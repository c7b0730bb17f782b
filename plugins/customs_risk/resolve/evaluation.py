"""How well names are resolved, measured on a labelled sample."""

import csv
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path

from customs_risk.resolve.outcomes import THRESHOLDS, Outcome, Thresholds, settle
from customs_risk.resolve.subjects import Candidate, Register, Subject, subject

_TUNING = "tuning"
# what the thresholds must hold on the tuning half
_PRECISION_WANTED = 0.99
_RECALL_WANTED = 0.96
# for names unlike any in the sample
_MARGIN = 0.03


@dataclass(frozen=True)
class Figures:
    """Counts over mentions; ``strangers`` are mentions of a subject that is not there."""

    mentions: int
    strangers: int
    matched: int
    right: int
    review: int
    right_in_review: int

    @property
    def precision(self) -> float:
        """Of the matched pairs, the share that is right; 1 if none is matched."""
        return self.right / self.matched if self.matched else 1.0

    @property
    def recall(self) -> float:
        """Of the mentions of a subject, the share matched to it; 1 if there is none."""
        return self._of_known(self.right)

    @property
    def recall_with_review(self) -> float:
        """Of the mentions of a subject, the share matched to it or shown to a person with it."""
        return self._of_known(self.right + self.right_in_review)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def review_share(self) -> float:
        """The share of mentions that wait for a person."""
        return self.review / self.mentions if self.mentions else 0.0

    def _of_known(self, count: int) -> float:
        known = self.mentions - self.strangers
        return count / known if known else 1.0


@dataclass(frozen=True)
class Evaluation:
    """Figures of a sample: all of it, each half, and each kind of difficulty of each half."""

    overall: Figures
    halves: dict[str, Figures]
    difficulties: dict[tuple[str, str], Figures]

    def rows(self) -> list[tuple[str, str, Figures]]:
        """Return half, difficulty and figures, for a table; ``all`` comes first."""
        rows = [("all", "all", self.overall)]
        rows += [(half, "all", figures) for half, figures in self.halves.items()]
        return rows + [(*key, figures) for key, figures in sorted(self.difficulties.items())]


@dataclass(frozen=True)
class _Labelled:
    half: str
    entity: str
    difficulty: str
    subject: Subject


def evaluate(sample: Path, thresholds: Thresholds = THRESHOLDS) -> Evaluation:
    """Resolve a sample's mentions against all its subjects, and compare with the labels.

    The sample is a CSV of half (tuning, held_out), side (mention, subject), entity, kind, names
    (parted by ``; ``), country and difficulty: a pair is right if both sides are of one entity.

    Raises:
        KeyError: the sample lacks a column.
    """
    subjects, mentions = _read(sample)
    return _evaluate(subjects, mentions, _candidates(subjects, mentions), thresholds)


def thresholds(sample: Path) -> Thresholds:
    """Draw the thresholds from the tuning half of a sample; the held-out half is not looked at.

    The lowest one at which the matched are right often enough, and below it the highest one
    at which few enough are missed, each with a margin.
    """
    subjects, mentions = _read(sample)
    mentions = [each for each in mentions if each.half == _TUNING]
    candidates = _candidates(subjects, mentions)

    def figures(matched: float, review: float) -> Figures:
        return _evaluate(subjects, mentions, candidates, Thresholds(matched, review)).overall

    grid = [step / 100 for step in range(100, 49, -1)]
    precise = [at for at in grid if figures(at, 0.5).precision >= _PRECISION_WANTED]
    # a threshold holds only if every higher one does
    lowest = min(at for at in precise if all(higher in precise for higher in grid if higher > at))
    matched = round(min(lowest + _MARGIN, 1.0), 2)
    enough = (
        at
        for at in grid
        if at <= matched and figures(matched, at).recall_with_review >= _RECALL_WANTED
    )
    return Thresholds(matched, round(next(enough, grid[-1]) - _MARGIN, 2))


def _read(sample: Path) -> tuple[list[_Labelled], list[_Labelled]]:
    sides: dict[str, list[_Labelled]] = {"subject": [], "mention": []}
    with sample.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            key = row["entity"] if row["side"] == "subject" else f"line {number}"
            told = subject(key, row["kind"], row["names"].split("; "), (), row["country"] or None)
            labelled = _Labelled(row["half"], row["entity"], row["difficulty"], told)
            sides[row["side"]].append(labelled)
    return sides["subject"], sides["mention"]


def _candidates(subjects: list[_Labelled], mentions: list[_Labelled]) -> list[Candidate]:
    found: list[Candidate] = []
    for kind in sorted({each.subject.kind for each in subjects}):
        register = Register(kind, [each.subject for each in subjects if each.subject.kind == kind])
        alike = [each.subject for each in mentions if each.subject.kind == kind]
        found += register.candidates(alike)
    return found


def _evaluate(
    subjects: list[_Labelled],
    mentions: list[_Labelled],
    candidates: list[Candidate],
    thresholds: Thresholds,
) -> Evaluation:
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in settle(candidates, {}, thresholds):
        outcomes[outcome.candidate.mention_id].append(outcome)
    known = {each.entity for each in subjects}
    told = [(each, _count(each, outcomes[each.subject.key], known)) for each in mentions]
    difficulties: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    halves: dict[str, list[Figures]] = defaultdict(list)
    for each, figures in told:
        difficulties[each.half, each.difficulty].append(figures)
        halves[each.half].append(figures)
    return Evaluation(
        overall=_sum([figures for _, figures in told]),
        halves={half: _sum(figures) for half, figures in halves.items()},
        difficulties={key: _sum(figures) for key, figures in difficulties.items()},
    )


def _count(mention: _Labelled, outcomes: list[Outcome], known: set[str]) -> Figures:
    def right(status: str) -> list[bool]:
        return [
            outcome.candidate.subject_id == mention.entity
            for outcome in outcomes
            if outcome.status == status
        ]

    matched, waiting = right("matched"), right("review")
    return Figures(
        mentions=1,
        strangers=int(mention.entity not in known),
        matched=len(matched),
        right=sum(matched),
        review=int(bool(waiting)),
        right_in_review=sum(waiting),
    )


def _sum(figures: list[Figures]) -> Figures:
    return Figures(*(sum(getattr(each, f.name) for each in figures) for f in fields(Figures)))
