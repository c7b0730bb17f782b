"""How alike two names are, from 0 to 1: their cores, then whatever speaks for or against."""

from functools import lru_cache

from rapidfuzz.distance import OSA

from customs_risk.resolve.names import Name, skeleton, spoken
from customs_risk.resolve.words import words

# where a notice names a firm of the one, its register may stand in the other
_GREATER_CHINA = {"CN", "HK", "MO", "TW"}
# letters without spaces that agree less are other letters
_SAME_LETTERS = 0.85
# a slip seldom strikes the first letter: Barbour is not Harbour
_OTHER_BEGINNING = 0.8
# words that agree less than this are different words
_SAME_WORD = 0.75
_DIFFERENT_TRADE = 0.28
_TRADE_LEFT_OUT = 0.02
_DIFFERENT_PLACE = 0.28
_PLACE_LEFT_OUT = 0.02
_DIFFERENT_NUMBER = 0.40
_OTHER_SCRIPT = 0.04
_SHORT_CORE = 0.06
_SAME_COUNTRY = 0.03
_OTHER_COUNTRY = 0.25
# exact names without a country stop short of certainty
_BEST_UNPLACED = 0.97
_HOMOPHONE = 0.80
_ABBREVIATION = 0.80
# so many Chinese characters are seldom found in another firm's name by chance
_TELLING_CHARACTERS = 3
_VOWELLESS = 0.90
_WORD_MORE = 0.80
_TELLING_LETTERS = 4
# Muhammad and Mohamed
_SAME_CONSONANTS = 0.88
_CONSONANTS_ENOUGH = 3


def likeness(one: Name, other: Name, country: str | None, other_country: str | None) -> float:
    """Return how likely two names are one subject's; the countries are ISO alpha-2 or None."""
    score = min(closeness(one, other), _BEST_UNPLACED)
    score -= _against(one, other)
    if country and other_country:
        if country == other_country:
            score += _SAME_COUNTRY
        elif not {country, other_country} <= _GREATER_CHINA:
            score -= _OTHER_COUNTRY
    return round(min(max(score, 0.0), 1.0), 4)


def _against(one: Name, other: Name) -> float:
    """Return what speaks against two names whose cores are alike."""
    penalty = 0.0
    general = words().general_trades
    mine, theirs = one.trades - general, other.trades - general
    if mine and theirs and not mine & theirs:
        penalty += _DIFFERENT_TRADE
    elif one.trades != other.trades:
        penalty += _TRADE_LEFT_OUT * (1 + (mine != theirs))
    if one.places and other.places and not one.places & other.places:
        penalty += _DIFFERENT_PLACE
    elif one.places != other.places:
        penalty += _PLACE_LEFT_OUT
    if one.numbers != other.numbers:
        penalty += _DIFFERENT_NUMBER
    if one.script != other.script:
        penalty += _OTHER_SCRIPT
    if min(len(one.readings[0]), len(other.readings[0])) < 5:
        penalty += _SHORT_CORE
    return penalty


def closeness(one: Name, other: Name) -> float:
    """Return how alike the distinguishing parts are."""
    if one.core == other.core:
        return 1.0
    if one.script == other.script == "han":
        return _close_in_characters(one, other)
    if "abjad" in (one.script, other.script) and one.script != other.script:
        return _VOWELLESS * _ratio(one.sound, other.sound)
    return max(_close_in_words(one, other), _close_as_read(one, other))


def _close_in_characters(one: Name, other: Name) -> float:
    """Compare Chinese cores: one character makes another firm, one sound may be a slip."""
    if set(one.readings) & set(other.readings):
        return _HOMOPHONE
    if _abbreviates(one, other) or _abbreviates(other, one):
        return _ABBREVIATION
    short, long = sorted((one.core, other.core), key=len)
    if len(short) >= _TELLING_CHARACTERS and short in long:
        return _ABBREVIATION
    return 0.8 * _ratio(one.core, other.core)


def _abbreviates(short: Name, long: Name) -> bool:
    """Tell whether a whole short name is drawn, in order, from a much longer one."""
    if not 2 <= len(short.whole) <= 5 or len(long.whole) <= len(short.whole):
        return False
    if short.whole in long.whole and not long.whole.startswith(short.whole):
        return short.core == long.core
    characters = iter(long.whole)
    return short.whole[0] == long.whole[0] and all(each in characters for each in short.whole)


def _close_as_read(one: Name, other: Name) -> float:
    """Compare the letters without spaces: `Blue Water` is `Bluewater`."""
    best = max(
        _ratio(mine, theirs) if mine[0] == theirs[0] else _OTHER_BEGINNING * _ratio(mine, theirs)
        for mine in one.spellings
        for theirs in other.spellings
    )
    return best if best >= _SAME_LETTERS else _OTHER_BEGINNING * best


def _close_in_words(one: Name, other: Name) -> float:
    """Pair the words, whatever their order; the unpaired weigh against, long words more."""
    if len(one.tokens) > len(other.tokens):
        one, other = other, one
    rest = list(other.tokens)
    agreed = 0.0
    for token in one.tokens:
        best = max(rest, key=lambda word, token=token: _word_ratio(token, word), default="")  # type: ignore[misc]
        ratio = _word_ratio(token, best)
        if ratio >= _SAME_WORD:
            agreed += ratio * (len(token) + len(best))
            rest.remove(best)
    score = agreed / (sum(map(len, one.tokens)) + sum(map(len, other.tokens)))
    # a name that says a word more may be a sister's
    return min(score, _WORD_MORE) if any(len(word) >= _TELLING_LETTERS for word in rest) else score


@lru_cache(maxsize=65_536)
def _word_ratio(one: str, other: str) -> float:
    if one == other:
        return 1.0
    heard, also_heard = spoken(one), spoken(other)
    if heard[:1] != also_heard[:1]:
        return 0.0
    best = max(_ratio(one, other), 0.97 * _ratio(heard, also_heard))
    if len(sound := skeleton(one)) >= _CONSONANTS_ENOUGH and sound == skeleton(other):
        best = max(best, _SAME_CONSONANTS)
    return best


def _ratio(one: str, other: str) -> float:
    return float(OSA.normalized_similarity(one, other))
