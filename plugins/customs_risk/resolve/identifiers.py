"""Identifiers: what kind each is, how it is written, and whether its check digit holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from stdnum import imo, iso6346, lei
from stdnum.cn import uscc

# a kind that belongs to one subject alone: two that differ tell two subjects apart
_CHECKED = {
    "uscc": (re.compile(r"[1-9A-Y][0-9A-Y]\d{6}[0-9A-HJ-NPQRTUWXY]{10}"), uscc),
    "lei": (re.compile(r"(?=.*[A-Z])[0-9A-Z]{18}\d{2}"), lei),
    "container": (re.compile(r"[A-Z]{3}[UJZ]\d{7}"), iso6346),
    "imo": (re.compile(r"\d{7}"), imo),
}
# fewer characters or digits would be shared by strangers
_FEWEST_CHARACTERS = 5
_FEWEST_DIGITS = 4


@dataclass(frozen=True)
class Identifier:
    """An identifier as it is compared; ``holds`` is false where its check digit is wrong."""

    kind: str
    value: str
    holds: bool = True

    @property
    def is_checked(self) -> bool:
        """Whether its kind has a check digit."""
        return self.kind in _CHECKED


@dataclass(frozen=True)
class Identifiers:
    """The identifiers of one mention or subject, sorted by what they are good for."""

    good: tuple[Identifier, ...]
    failed: tuple[str, ...]

    def contradict(self, other: "Identifiers") -> bool:
        """Tell whether both bear checked identifiers of one kind, and share none of it."""
        mine, theirs = _by_kind(self.good), _by_kind(other.good)
        return any(mine[kind].isdisjoint(theirs[kind]) for kind in mine.keys() & theirs.keys())


def identifiers_of(subject_kind: str, texts: Iterable[str], names: Iterable[str]) -> Identifiers:
    """Recognise what identifies a subject; vessels and containers may bear it as their name."""
    found = [recognise(text, subject_kind) for text in texts]
    if subject_kind in ("vessel", "container"):
        found += [each for name in names if (each := recognise(name, subject_kind)).is_checked]
    good = (each for each in found if each.holds and _tells_enough(each))
    failed = (each.value for each in found if not each.holds)
    return Identifiers(tuple(dict.fromkeys(good)), tuple(dict.fromkeys(failed)))


@lru_cache(maxsize=65_536)
def recognise(text: str, subject_kind: str) -> Identifier:
    """Return the identifier that a text is: of a checked kind, or ``other``."""
    value = re.sub(r"[^0-9A-Z]", "", text.upper())
    if value.startswith("IMO") and subject_kind == "vessel":
        value = value[3:]
    for kind, (shape, standard) in _CHECKED.items():
        # seven digits are a vessel's number on a vessel only
        if shape.fullmatch(value) and (kind != "imo" or subject_kind == "vessel"):
            return Identifier(kind, value, bool(standard.is_valid(value)))
    return Identifier("other", value)


def _tells_enough(identifier: Identifier) -> bool:
    if identifier.is_checked:
        return True
    digits = sum(map(str.isdigit, identifier.value))
    return len(identifier.value) >= _FEWEST_CHARACTERS and digits >= _FEWEST_DIGITS


def _by_kind(identifiers: Iterable[Identifier]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for each in identifiers:
        if each.is_checked:
            kinds.setdefault(each.kind, set()).add(each.value)
    return kinds
