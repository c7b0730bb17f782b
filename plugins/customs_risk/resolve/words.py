"""The words that names have in common: legal forms, trades, places, and how scripts are written."""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from anyascii import anyascii
from cleanco import termdata
from pypinyin import Style, lazy_pinyin, pinyin

_WORDS = Path(__file__).with_name("words.yml")
_SIMPLIFIED = Path(__file__).with_name("simplified.txt")
_PLACE_ENDINGS = ("省", "市", "县", "区", "自治区", "自治州", "特别行政区", "")
_MOST_READINGS = 4
# shorter words are one letter from too many others
_LONG_WORD = 6
# shorter spellings in pinyin would be taken for words of other languages
_SHORTEST_PINYIN = 5


@dataclass(frozen=True)
class Words:
    """Vocabulary, ready to be looked up; trades and places by every spelling, in each script."""

    legal_han: tuple[str, ...]
    legal_hangul: tuple[str, ...]
    legal_latin: frozenset[str]
    legal_abjad: frozenset[str]
    small: frozenset[str]
    trades: dict[str, str]
    general_trades: frozenset[str]
    places: dict[str, str]
    phrases: dict[str, str]
    vessel_prefixes: frozenset[str]
    longest_han: int
    slips: dict[str, str]

    def trade_of(self, word: str) -> str | None:
        """Return the trade that a word of Latin letters tells, one letter amiss allowed."""
        if trade := self.trades.get(word):
            return trade
        if len(word) < _LONG_WORD - 1:
            return None
        without = (word[:n] + word[n + 1 :] for n in range(len(word)))
        found = (self.slips.get(each) for each in (word, *without))
        return next((trade for trade in found if trade), None)


@cache
def words() -> Words:
    """Read the vocabulary."""
    told: dict[str, Any] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    legal = told["legal_forms"]
    trades = {
        spelling: trade
        for group in told["trades"].values()
        for trade, spellings in group.items()
        for spelling in spellings
    }
    trades = {
        _in_latin(each): trade for each, trade in trades.items() if _is_sayable(each)
    } | trades
    places = {
        place + ending: _in_latin(place)
        for place in told["places"]["han"]
        for ending in _PLACE_ENDINGS
    }
    places |= {latin: latin for latin in set(places.values())} | told["places"]["latin"]
    return Words(
        legal_han=tuple(sorted(map(simplified, legal["han"]), key=len, reverse=True)),
        legal_hangul=tuple(legal["hangul"]),
        legal_latin=frozenset(legal["latin"]) | _known_to_cleanco(),
        legal_abjad=frozenset(legal["abjad"]),
        small=frozenset(told["small_words"]),
        trades=trades,
        general_trades=frozenset(told["trades"]["general"]),
        places=places,
        phrases=told["phrases"],
        vessel_prefixes=frozenset(told["vessel_prefixes"]),
        slips=_slips(trades),
        longest_han=max(len(each) for each in (*trades, *places) if is_han(each)),
    )


def is_han(text: str) -> bool:
    """Tell whether a text has a Chinese character."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def simplified(text: str) -> str:
    """Write traditional characters as simplified ones."""
    return text.translate(_simplifications())


def romanised(han: str) -> tuple[str, ...]:
    """Return the ways a Chinese text may be read, in pinyin without tones, the likeliest first."""
    ways = [""]
    for character in han:
        readings = _readings(character)
        # a name of many doubtful characters is read in the likeliest way only
        readings = readings if len(ways) * len(readings) <= _MOST_READINGS else readings[:1]
        ways = [way + reading for reading in readings for way in ways]
    return tuple(ways)


@lru_cache(maxsize=16_384)
def _readings(character: str) -> tuple[str, ...]:
    if not is_han(character):
        return (character.lower(),)
    (readings,) = pinyin(character, style=Style.NORMAL, heteronym=True)
    return tuple(dict.fromkeys(reading.replace("ü", "v") for reading in readings))[:2]


@cache
def _simplifications() -> dict[int, str]:
    lines = _SIMPLIFIED.read_text(encoding="utf-8").splitlines()
    pairs = [pair for line in lines if not line.startswith("#") for pair in line.split()]
    return {ord(pair[0]): pair[1] for pair in pairs}


def _known_to_cleanco() -> frozenset[str]:
    """Return its legal forms of one word; those of two letters stand for too much else."""
    terms = (term for terms in termdata.terms_by_type.values() for term in terms)
    return frozenset(
        word for term in terms if len(word := term.replace(".", "")) > 2 and word.isalpha()
    )


def _slips(trades: dict[str, str]) -> dict[str, str]:
    """Return long Latin words with one letter left out: where two meet, one slip parts them."""
    long = (word for word in trades if word.isascii() and len(word) >= _LONG_WORD)
    return {word[:n] + word[n + 1 :]: trades[word] for word in long for n in range(1, len(word))}


def _in_latin(spelling: str) -> str:
    """Spell a common word in Latin letters; pypinyin knows how whole words are read."""
    return "".join(lazy_pinyin(spelling)) if is_han(spelling) else _letters(anyascii(spelling))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _is_sayable(spelling: str) -> bool:
    if is_han(spelling):
        return len(_in_latin(spelling)) >= _SHORTEST_PINYIN
    return not spelling.isascii()
