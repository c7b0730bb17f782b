"""Names taken apart: what tells a subject from others, and what it shares with its kind."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from anyascii import anyascii

from customs_risk.resolve.words import Words, is_han, romanised, simplified, words

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_FORMERLY = re.compile(
    r"[(\[](?:原名?|曾用名|旧称|formerly|f/k/a|a/k/a|previously)[^)\]]*[)\]]", re.I
)
# autonomous regions are called with or without their nationality
_NATIONALITY = re.compile(
    "(?:壮族|回族|维吾尔)(?=自治区)|(?<=新疆)维吾尔|(?<=广西)壮族|(?<=宁夏)回族"
)
_BRACKETS = re.compile(r"[()\[\]{}<>《》【】「」]")
# a slip in the legal form is no slip in the name
_LEGAL_SLIP = re.compile(r"(?:有限责任|股份有限|有限)(?:公.|.司|公|司)?$|有.公司$|.限公司$")
_BRANCH = re.compile(r"(公司|集团).{2,8}(分公司|支公司|办事处|分厂)$")
_ABJAD = re.compile(r"[\u0590-\u06ff]")
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})
_BEGINNING = 4
_SPOKEN_ALIKE = (
    ("shch", "sh"), ("sch", "sh"), ("kh", "h"), ("ph", "f"), ("ck", "k"), ("q", "k"), ("ou", "u"),
    ("oo", "u"), ("ee", "i"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("iy", "i"), ("yy", "i"),
    ("y", "i"), ("w", "v"), ("'", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart. ``core`` is the part that distinguishes, in its own script.

    ``readings`` are the core's letters without spaces, one for each way it may be read;
    ``whole`` is all but the legal form.
    """

    told: str
    script: str
    core: str
    tokens: tuple[str, ...]
    readings: tuple[str, ...]
    whole: str
    trades: frozenset[str] = field(default_factory=frozenset)
    places: frozenset[str] = field(default_factory=frozenset)
    numbers: frozenset[str] = field(default_factory=frozenset)

    @property
    def spellings(self) -> tuple[str, ...]:
        """The readings as they are spoken."""
        return tuple(dict.fromkeys(map(spoken, self.readings)))

    @property
    def beginnings(self) -> set[str]:
        """How it and its words begin, by letter and by sound: names that are alike share one."""
        letters = (*self.spellings, *map(spoken, self.tokens))
        return {text[:_BEGINNING] for text in letters} | {f"{self.sound[: _BEGINNING - 1]}-"}

    @property
    def sound(self) -> str:
        """The consonants, for scripts that write no vowels."""
        return skeleton(self.readings[0])


@lru_cache(maxsize=16_384)
def parse(told: str, subject_kind: str = "party") -> Name | None:
    """Take a name apart; None if it has no letter or digit."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", told)).casefold().strip()
    text = _NATIONALITY.sub("", _FORMERLY.sub(" ", simplified(text)))
    if is_han(text) or _EAST_ASIAN.search(text):
        name = _east_asian(told, text, subject_kind, words())
    else:
        name = _alphabetic(told, text, subject_kind, words())
    return name if name.readings[0] else None


def _east_asian(told: str, text: str, subject_kind: str, known: Words) -> Name:
    """Chinese is written without spaces: places stand first, trades and legal forms last."""
    text = _BRANCH.sub(r"\1", re.sub(r"[^\w()\[\]]|_", "", text))
    parts = [part for part in _BRACKETS.sub(" ", text).split() if part]
    places: list[str] = []
    trades: list[str] = []
    whole: list[str] = []
    core = ""
    if subject_kind != "party":
        # goods and vessels are told by every word
        parts, whole, core = [], ["".join(parts)], "".join(parts)
    for part in parts:
        bare = _without_legal_form(part, known)
        whole.append(bare)
        left = _take_places(bare, places, known)
        core += _take_trades(left, trades, known)
    joined = "".join(whole)
    core = core or joined
    readings = tuple(anyascii(each).lower().replace(" ", "") for each in romanised(core))
    return Name(
        told=told,
        script="han" if is_han(core) else "east_asian",
        core=core,
        tokens=(readings[0],),
        readings=readings,
        whole=joined,
        trades=frozenset(trades) if core != joined else frozenset(),
        places=frozenset(places) if core != joined else frozenset(),
        numbers=frozenset(re.findall(r"\d+|第[一二三四五六七八九十]+", joined)),
    )


def _without_legal_form(text: str, known: Words) -> str:
    for form in (*known.legal_han, *known.legal_hangul):
        if len(text) > len(form) and text.endswith(form):
            return text.removesuffix(form)
        if text == form:
            return ""
        if text.startswith(form) and form in ("株式会社", "有限会社", "주식회사"):
            return text.removeprefix(form)
    return _LEGAL_SLIP.sub("", text)


def _take_places(text: str, places: list[str], known: Words) -> str:
    """Strip places from the beginning, noting them."""
    while text:
        longest = min(known.longest_han, len(text))
        for length in range(longest, 1, -1):
            if (place := known.places.get(text[:length])) is not None:
                places.append(place)
                text = text[length:]
                break
        else:
            return text
    return text


def _take_trades(text: str, trades: list[str], known: Words) -> str:
    """Strip words of trade from the end, noting them."""
    while text:
        longest = min(known.longest_han, len(text))
        for length in range(longest, 0, -1):
            if (trade := known.trades.get(text[-length:])) is not None:
                trades.append(trade)
                text = text[:-length]
                break
        else:
            return text
    return text


def _alphabetic(told: str, text: str, subject_kind: str, known: Words) -> Name:
    script = "abjad" if _ABJAD.search(text) else "latin"
    if script == "abjad":
        text = _without_articles(text, known)
    text = anyascii(text.translate(_UMLAUTS)).lower()
    tokens = _tokens(text, known)
    if subject_kind == "vessel":
        while len(tokens) > 1 and tokens[0] in known.vessel_prefixes:
            tokens = tokens[1:]
    if subject_kind != "party":
        return _plain(told, script, tokens)
    tokens = _without_legal_words(tokens, known)
    trades = {trade for token in tokens if (trade := _trade_of(token))}
    located = [token for token in tokens if token in known.places]
    core = [
        token
        for token in tokens
        if not (_trade_of(token) or token in known.places or token in known.small)
    ]
    if not core and len(located) > 1:
        # many a firm's name sounds like a smaller city's, which then stands after the real one
        core = [located.pop()]
    if not core:
        # all words are common ones: only together do they tell anything
        return _plain(told, script, tokens)
    return Name(
        told=told,
        script=script,
        core=" ".join(core),
        tokens=tuple(core),
        readings=("".join(core),),
        whole="".join(tokens),
        trades=frozenset(trades),
        places=frozenset(known.places[token] for token in located),
        numbers=_numbers(tokens),
    )


@lru_cache(maxsize=65_536)
def _trade_of(word: str) -> str | None:
    return words().trade_of(word)


def _plain(told: str, script: str, tokens: list[str]) -> Name:
    joined = "".join(tokens)
    return Name(
        told, script, " ".join(tokens), tuple(tokens), (joined,), joined, numbers=_numbers(tokens)
    )


def _numbers(tokens: list[str]) -> frozenset[str]:
    return frozenset(number for token in tokens for number in re.findall(r"\d+", token))


def _without_articles(text: str, known: Words) -> str:
    kept = [word for word in text.split() if word not in known.legal_abjad]
    return " ".join(re.sub(r"^(?:وال|لل|ال)", "", word) for word in kept or text.split())


def _tokens(text: str, known: Words) -> list[str]:
    text = re.sub(r"(?<=\w)['`´](?=\w)|'", "", text).replace(".", "" if _dotted(text) else " ")
    tokens = re.findall(r"[a-z0-9]+", _apart(text))
    joined = " ".join(tokens)
    for phrase, word in known.phrases.items():
        if phrase in joined:
            joined = re.sub(rf"\b{phrase}\b", word, joined)
    return _initials_joined(joined.split())


def _dotted(text: str) -> bool:
    """Tell whether dots stand inside abbreviations only, as in S.p.A."""
    return not re.search(r"\w{4,}\.\w{4,}", text)


def _apart(text: str) -> str:
    return text.replace("/", "") if re.search(r"\b\w/\w\b", text) else text


def _initials_joined(tokens: list[str]) -> list[str]:
    """Join letters that stand alone: `s a` is the `sa` of another writer."""
    joined: list[str] = []
    is_open = False
    for token in tokens:
        alone = len(token) == 1 and token.isalpha()
        if alone and is_open:
            joined[-1] += token
        else:
            joined.append(token)
        is_open = alone
    return joined


def _without_legal_words(tokens: list[str], known: Words) -> list[str]:
    """Take legal forms off both ends, and unmistakable ones from between."""
    left, right = 0, len(tokens)
    removable = known.legal_latin
    while right - left > 1 and tokens[right - 1] in removable:
        right -= 1
    while right - left > 1 and tokens[left] in removable and tokens[left] not in known.trades:
        left += 1
    certain = ("ltd", "limited", "gmbh", "llc", "company", "corporation")
    kept = [token for token in tokens[left:right] if token not in certain]
    return kept or tokens[left:right]


@lru_cache(maxsize=65_536)
def spoken(text: str) -> str:
    """Return letters as they are spoken, so that two transliterations of a word are one."""
    for written, heard in _SPOKEN_ALIKE:
        text = text.replace(written, heard)
    return re.sub(r"(.)\1+", r"\1", text)


@lru_cache(maxsize=65_536)
def skeleton(text: str) -> str:
    """Return the consonants that every script writes."""
    return re.sub(r"[aeiouvwy]", "", spoken(text)) or text
