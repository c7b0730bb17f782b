"""Mentions and subjects as they are compared, and the candidates between them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from customs_risk.resolve.blocks import Index
from customs_risk.resolve.identifiers import Identifiers, identifiers_of
from customs_risk.resolve.likeness import likeness
from customs_risk.resolve.names import Name, parse

# an identifier without a check digit may be mistyped
_UNCHECKED = 0.96
# and where the names say otherwise, a person looks
_UNCHECKED_UNDER_OTHER_NAMES = 0.85
_OTHER_NAMES = 0.40
_HS_DIGITS = range(2, 7)
_MOST_NAMES = 50
_LONGEST_NAME = 400

# who may be whom: mention_id, subject_kind, subject_id
Pair = tuple[str, str, str]


@dataclass(frozen=True)
class Subject:
    """A mention, or a subject of declarations: something of a kind, under names."""

    key: str
    kind: str
    names: tuple[Name, ...]
    identifiers: Identifiers
    country: str | None
    codes: tuple[str, ...] = ()

    @property
    def keys(self) -> set[str]:
        """What this shares at least one of with whatever it may be: numbers, codes, beginnings."""
        numbers = {each.value for each in self.identifiers.good}
        return numbers.union(self.codes, *(name.beginnings for name in self.names))

    @property
    def keys_to_meet(self) -> set[str]:
        """The keys of mentions that may be this: of codes every prefix too."""
        prefixes = (code[:length] for code in self.codes for length in _HS_DIGITS)
        return self.keys.union(prefixes)

    @property
    def told_as(self) -> str:
        """What a mention says of whom it means, its aliases left out."""
        checked = sorted(each.value for each in self.identifiers.good if each.is_checked)
        name = self.names[0].whole if self.names else ""
        return "|".join([self.kind, name, self.country or "", *checked, *self.codes])


@dataclass(frozen=True)
class Candidate:
    """A mention that may be a subject: by what, and how likely, from 0 to 1."""

    mention_id: str
    subject_kind: str
    subject_id: str
    method: str
    matched_on: str
    score: float

    @property
    def pair(self) -> Pair:
        """Who may be whom."""
        return self.mention_id, self.subject_kind, self.subject_id


def subject(
    key: str,
    kind: str,
    names: Sequence[str | None] | None,
    identifiers: Sequence[str | None] | None,
    country: str | None,
) -> Subject:
    """Take apart what a mention or a subject is called."""
    texts = [text for text in names or () if text]
    numbers = [text for text in identifiers or () if text]
    parsed = dict.fromkeys(
        each for text in texts[:_MOST_NAMES] if (each := parse(text[:_LONGEST_NAME], kind))
    )
    codes: tuple[str, ...] = ()
    if kind == "commodity":
        codes = tuple(dict.fromkeys(filter(None, map(_hs_prefix, numbers))))
        numbers = []
    return Subject(
        key=key,
        kind=kind,
        names=tuple(parsed),
        identifiers=identifiers_of(kind, numbers, texts),
        country=country.upper() if country else None,
        codes=codes,
    )


class Register:
    """Subjects of one kind, to be found by identifier, code or name."""

    def __init__(self, kind: str, subjects: Sequence[Subject]) -> None:
        """Index the subjects of a kind."""
        self._kind = kind
        self._subjects = subjects
        self._by_identifier: dict[str, list[int]] = defaultdict(list)
        self._by_code: dict[str, list[int]] = defaultdict(list)
        for position, each in enumerate(subjects):
            for identifier in each.identifiers.good:
                self._by_identifier[identifier.value].append(position)
            for code in each.codes:
                for length in _HS_DIGITS:
                    self._by_code[code[:length]].append(position)
        owned = [(name, n) for n, each in enumerate(subjects) for name in each.names]
        self._names = [name for name, _ in owned]
        self._owner = [owner for _, owner in owned]
        self._index = Index(self._names) if owned else None

    def candidates(self, mentions: Sequence[Subject]) -> Iterator[Candidate]:
        """Yield whom each mention may be: by identifier or code; by name where these find none."""
        unfound: list[Subject] = []
        for mention in mentions:
            found = [*self._of_the_same_identifier(mention), *self._of_the_code(mention)]
            yield from found
            # a code that nobody declares is another commodity, whatever its name
            if not found and not mention.codes:
                unfound.append(mention)
        yield from self._of_like_names(unfound)

    def _of_the_same_identifier(self, mention: Subject) -> Iterator[Candidate]:
        seen: set[int] = set()
        for identifier in mention.identifiers.good:
            for position in self._by_identifier.get(identifier.value, ()):
                if position in seen:
                    continue
                seen.add(position)
                score = 1.0
                if not identifier.is_checked:
                    score = self._trust(mention, self._subjects[position])
                yield self._candidate(
                    mention, position, "identifier", f"{identifier.kind} {identifier.value}", score
                )

    def _of_the_code(self, mention: Subject) -> Iterator[Candidate]:
        seen: set[int] = set()
        for code in mention.codes:
            for position in self._by_code.get(code, ()):
                if position not in seen:
                    seen.add(position)
                    yield self._candidate(mention, position, "code", f"hs {code}", 1.0)

    def _of_like_names(self, mentions: Sequence[Subject]) -> Iterator[Candidate]:
        owned = [(name, n) for n, mention in enumerate(mentions) for name in mention.names]
        if not owned or self._index is None:
            return
        best: dict[tuple[int, int], tuple[float, str]] = {}
        ours, theirs = self._index.candidates([name for name, _ in owned])
        for our, their in zip(ours.tolist(), theirs.tolist(), strict=True):
            name, number = owned[our]
            other, position = self._names[their], self._owner[their]
            mention, candidate = mentions[number], self._subjects[position]
            if mention.identifiers.contradict(candidate.identifiers):
                continue
            score = likeness(name, other, mention.country, candidate.country)
            if score > best.get((number, position), (0.0, ""))[0]:
                best[number, position] = score, f"{name.told} ~ {other.told}"
        for (number, position), (score, told) in best.items():
            mention = mentions[number]
            if mention.identifiers.failed:
                told += f"; {', '.join(mention.identifiers.failed)} fails its check digit"
            yield self._candidate(mention, position, "name", told, score)

    def _candidate(
        self, mention: Subject, position: int, method: str, matched_on: str, score: float
    ) -> Candidate:
        found = self._subjects[position].key
        return Candidate(mention.key, self._kind, found, method, matched_on, score)

    def _trust(self, mention: Subject, found: Subject) -> float:
        likenesses = [likeness(a, b, None, None) for a in mention.names for b in found.names]
        is_contradicted = bool(likenesses) and max(likenesses) < _OTHER_NAMES
        return _UNCHECKED_UNDER_OTHER_NAMES if is_contradicted else _UNCHECKED


def _hs_prefix(text: str) -> str | None:
    """Return the HS prefix of a code, at most six digits; None if it is none."""
    digits = text.strip().replace(".", "").replace(" ", "")
    return digits[:6] if digits.isdigit() and len(digits) >= _HS_DIGITS.start else None
