"""Hostile JSON: messages as lines, and documents of records."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

from tests.faults.hostile import CONTROLS, FORMULAS, SQL, UNICODE, Case, Refused, Taken, spread

_INCOMPLETE = ["row.complete"]
_SEIZURE: dict[str, Any] = {
    "reported_at": "2026-06-30T10:00:00+08:00",
    "reported_by": "RILO Asia/Pacific",
    "seized_on": "2026-06-21",
    "domain": "tax",
    "what": {"description": "cigarettes", "hs6": "240220", "quantity": 41.5, "unit": "kg"},
    "where": {"country": "NL"},
    "parties": [{"role": "consignor", "name": "Example"}],
}
_RECALL: dict[str, Any] = {
    "RecallNumber": "26512",
    "RecallDate": "2026-06-25T00:00:00",
    "Title": "Recall",
    "Description": "wooden toys",
    "LastPublishDate": "2026-06-25T00:00:00",
    "Products": [{"Name": "toys"}],
}


def cases() -> Iterator[Case]:
    """Yield them."""
    yield from _ndjson()
    yield from _json()


def _key(name: str) -> str:
    return f"{zlib.crc32(name.encode()):08x}"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def seizures(name: str, count: int, *hostile: dict[str, Any]) -> list[str]:
    """Return good messages that are this case's alone, and behind them the hostile ones."""
    changes: list[dict[str, Any]] = [{}] * count + list(hostile)
    return [
        _dumped({**_SEIZURE, "seizure_id": f"{_key(name)}-{number}", **change})
        for number, change in enumerate(changes)
    ]


def _ndjson() -> Iterator[Case]:
    def case(name: str, content: str | bytes, expected: Refused | Taken) -> Case:
        written = content if isinstance(content, bytes) else content.encode()
        return Case(f"ndjson: {name}", "ndjson", written, expected)

    def lines(name: str, *hostile: str) -> str:
        return "\n".join([*seizures(name, 3), *hostile]) + "\n"

    whole = lines("cut")
    yield case("cut in a message", whole[:-100], Taken(2, {3: _INCOMPLETE}))
    yield case("nothing", b"", Refused("file.not_empty"))
    yield case("blank lines", b"\n \n\r\n\n", Refused("file.not_empty"))
    yield case("a character cut", (whole + '{"x": "').encode() + "酒".encode()[:2], _ENCODING)
    no_objects = ("1", '"text"', "null", "[]", "true", "[{}]", "NaN", "{}x", "{'a': 1}", "\\")
    taken = Taken(3, spread(range(4, 4 + len(no_objects)), _INCOMPLETE))
    yield case("lines that are no objects", lines("no objects", *no_objects), taken)
    deep = ('{"a":' * 100_000 + "1" + "}" * 100_000, "[" * 1_000_000, '{"parties":' + "[" * 50_000)
    taken = Taken(3, spread(range(4, 7), _INCOMPLETE))
    yield case("nested without end", lines("deep", *deep), taken)
    nested: Any = 1
    for _ in range(700):
        nested = [nested]
    yield case("nested deeply", "\n".join(seizures("deeply", 1, {"parties": nested})), Taken(2))
    repeated = '{"seizure_id": "first", ' + seizures("members", 1)[0][1:]
    yield case("a member twice", repeated, Taken(1))
    one = seizures("again", 1)[0]
    yield case("a message three times", "\n".join([one] * 3), Taken(1, duplicate=2))
    clash = "\n".join(["", *seizures("clash", 1), seizures("clash", 1)[0].replace("tax", "ipr")])
    yield case("a key with two contents", clash, Taken(1, {3: ["key.unique"]}))
    escaped = (
        seizures("surrogates", 1)[0].replace("RILO", r"\ud83d"),
        seizures("surrogates 2", 1)[0].replace("RILO", r"\udc00\ud800"),
        seizures("surrogates 3", 1)[0].replace("Example", r"\udfff"),
        seizures("NUL", 1)[0].replace("RILO", r"\u0000"),
    )
    yield case(
        "half characters and NUL",
        lines("escaped", *escaped),
        Taken(3, spread(range(4, 8), _INCOMPLETE)),
    )
    nul_inside = seizures("NUL inside", 1)[0].replace("Example", r"a\u0000b")
    taken = Taken(3, {4: ["parties.type"]})
    yield case("an escaped NUL in jsonb", lines("inside", nul_inside), taken)
    pair = seizures("pair", 1)[0].replace("RILO", r"\ud83d\udea2")
    yield case("a pair of surrogates", pair, Taken(1, kept=("🚢 Asia/Pacific",)))
    for name, texts in (
        ("SQL", SQL),
        ("formulas", FORMULAS),
        ("unicode", UNICODE),
        ("control characters", CONTROLS),
    ):
        messages = seizures(name, 0, *({"concealment": each} for each in texts))
        yield case(name, "\n".join(messages), Taken(len(texts), kept=texts))
    everywhere = [
        _dumped(_with_text(json.loads(message), each))
        for message, each in zip(seizures("everywhere", len(SQL)), SQL, strict=True)
    ]
    rules = [
        "hs6.known_code",
        "quantity.type",
        "quantity_unit.known_value",
        "reported_at.type",
        "risk_domain.known_value",
        "seized_on.type",
        "seizure_country.known_code",
    ]
    taken = Taken(0, spread(range(1, 1 + len(SQL)), rules), kept=SQL)
    yield case("SQL in every value", "\n".join(everywhere), taken)
    quantities = {
        "1e400": ["quantity.type"],
        "1e999999999": ["quantity.type"],
        "-1": ["quantity.range"],
        '"NaN"': ["quantity.type"],
        '"12"': [],
        "true": ["quantity.type"],
        "[1, 2]": ["quantity.type"],
        "{}": ["quantity.type"],
        "1" * 4000: ["quantity.type"],
        "1" * 5000: _INCOMPLETE,
        "1e99999999999999999999": ["quantity.type"],
        "0." + "0" * 500 + "1": ["quantity.type"],
        "1e-5000": ["quantity.type"],
        "1e-200": [],
        "Infinity": _INCOMPLETE,
        "0x10": _INCOMPLETE,
    }
    strange = [
        message.replace("41.5", number)
        for message, number in zip(seizures("numbers", len(quantities)), quantities, strict=True)
    ]
    broken = {number: rules for number, rules in enumerate(quantities.values(), 1) if rules}
    expected = Taken(len(quantities) - len(broken), broken)
    yield case("strange numbers", "\n".join(strange), expected)
    days = {
        "0000-01-01": ["seized_on.type"],
        "0001-01-01": [],
        "9999-12-31": [],
        "10000-01-01": ["seized_on.type"],
        "2026-02-29": ["seized_on.type"],
        "infinity": ["seized_on.type"],
        "1900-01-00": ["seized_on.type"],
    }
    for day in ("0000-01-01", "9999-12-31"):
        alone = seizures(day, 1, {"seized_on": day})
        expected = Taken(1, {2: days[day]}) if days[day] else Taken(2)
        yield case(f"the day {day}", "\n".join(alone), expected)
    broken = {number: rules for number, rules in enumerate(days.values(), 1) if rules}
    messages = seizures("days", 0, *({"seized_on": day} for day in days))
    yield case("strange days", "\n".join(messages), Taken(2, broken))
    later = seizures("later", 1, {"reported_at": "2027-01-01T00:00:00Z"})
    yield case("a moment to come", "\n".join(later), Taken(1, {2: ["reported_at.not_future"]}))
    ends = seizures("ends", 4)
    mixed = ends[0] + "\r\n" + ends[1] + "\n\r\n" + ends[2] + "\r" + ends[3]
    yield case("lines end in three ways", mixed, Taken(2, {4: _INCOMPLETE}))
    separators = "\u2028".join(seizures("separators", 2))
    yield case("U+2028 between messages", separators, Taken(0, {1: _INCOMPLETE}))
    yield case("a byte order mark", "\ufeff" + lines("mark"), Taken(3))
    yield case("UTF-16", lines("utf-16").encode("utf-16"), _ENCODING)
    yield case("latin-1", lines("latin").replace("RILO", "é").encode("latin-1"), _ENCODING)
    long = seizures("long", 1, {"concealment": "x" * 5_000_000})
    yield case(
        "a line of 5 MB", "\n".join([*long, *seizures("after", 1)]), Taken(2, {2: _INCOMPLETE})
    )
    wide = seizures("wide", 1, {"concealment": "x" * 3_000_000})
    yield case("a value of 3 MB", "\n".join(wide), Taken(1, {2: ["concealment.length"]}))
    many = seizures("many members", 1, {f"member{number}": number for number in range(100_000)})
    yield case("100,000 members", "\n".join(many), Taken(2))
    strangers = seizures("strangers", 1, {"where": "NL", "what": ["a"], "conveyance": 7})
    taken = Taken(1, {2: ["seized_goods.present", "seizure_country.present"]})
    yield case("texts where objects stand", "\n".join(strangers), taken)
    yield case(
        "a list in one line", f"[{','.join(seizures('list', 2))}]", Taken(0, {1: _INCOMPLETE})
    )
    yield case(
        "CSV inside",
        "seizure_id,reported_at\nZ1,2026-06-30\n",
        Taken(0, {1: _INCOMPLETE, 2: _INCOMPLETE}),
    )
    yield case("an archive inside", b"PK\x03\x04" + bytes(60), _ENCODING)


def _with_text(value: Any, text: str) -> Any:
    """Put a text in place of every value but the key."""
    if isinstance(value, dict):
        return {
            name: each if name == "seizure_id" else _with_text(each, text)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_with_text(each, text) for each in value]
    return text


def _json() -> Iterator[Case]:
    def case(name: str, content: str | bytes, expected: Refused | Taken) -> Case:
        written = content if isinstance(content, bytes) else content.encode()
        return Case(f"json: {name}", "json", written, expected)

    def recalls(name: str, count: int, *hostile: dict[str, Any]) -> list[dict[str, Any]]:
        changes: list[dict[str, Any]] = [{}] * count + list(hostile)
        return [
            {**_RECALL, "RecallID": f"{_key(name)}-{number}", **change}
            for number, change in enumerate(changes)
        ]

    whole = _dumped(recalls("cut", 3))
    yield case("cut in a record", whole[:-60], _UNREADABLE)
    yield case("cut before the last bracket", whole[:-1], _UNREADABLE)
    yield case("cut in a character", whole.encode()[:-50] + b"\xe9\x85", _UNREADABLE)
    yield case("nothing", b"", Refused("file.not_empty"))
    yield case("an empty list", b"[]", Refused("file.not_empty"))
    yield case("another document", b'{"error": "too many requests"}', Refused("file.not_empty"))
    yield case("a number", b"42", Refused("file.not_empty"))
    yield case("a page", b"<!DOCTYPE html><html><body>Sorry</body></html>", _UNREADABLE)
    yield case("words behind", whole + " thank you", _UNREADABLE)
    yield case("two pages", _dumped(recalls("one", 1)) + _dumped(recalls("two", 1)), Taken(2))
    yield case("a byte order mark", "\ufeff" + _dumped(recalls("mark", 2)), Taken(2))
    yield case("UTF-16", _dumped(recalls("utf-16", 2)).encode("utf-16"), _UNREADABLE)
    latin = _dumped(recalls("latin", 2, {"Title": "é"})).encode("latin-1")
    yield case("latin-1", latin, _UNREADABLE)
    no_objects = _dumped([*recalls("no objects", 1), 1, "text", None, [], [[{}]], True])
    taken = Taken(1, spread(range(2, 8), _INCOMPLETE))
    yield case("records that are no objects", no_objects, taken)
    yield case("nested without end", "[" * 2_000_000, _UNREADABLE)
    deep = _dumped(recalls("deep", 1))[:-1] + ',{"RecallID":' + '{"a":' * 100_000
    yield case("a record nested without end", deep, _UNREADABLE)
    closed = _dumped(recalls("closed", 1))[:-1] + "," + '{"a":' * 5_000 + "1" + "}" * 5_000 + "]"
    yield case("a record nested deeply", closed, _UNREADABLE)
    twice = _dumped(recalls("twice", 1)).replace(
        '{"RecallNumber"', '{"RecallID": 1, "RecallNumber"'
    )
    yield case("a member twice", twice, Taken(1))
    same = recalls("same", 1) * 3
    yield case("a record three times", _dumped(same), Taken(1, duplicate=2))
    clash = [*recalls("clash", 1), recalls("clash", 1)[0] | {"Title": "Other"}]
    yield case("a key with two contents", _dumped(clash), Taken(1, {2: ["key.unique"]}))
    for name, texts in (
        ("SQL", SQL),
        ("formulas", FORMULAS),
        ("unicode", UNICODE),
        ("control characters", CONTROLS),
    ):
        table = recalls(name, 0, *({"Title": each} for each in texts))
        yield case(name, _dumped(table), Taken(len(texts), kept=texts))
    escaped = json.dumps(
        recalls("escaped", 1, {"Title": "a\0b"}, {"Title": "\ud83d"}, {"Hazards": ["\0"]})
    )
    half = json.dumps(recalls("half", 1, {"Title": "\udc00"}))
    taken = Taken(1, {2: _INCOMPLETE, 3: _INCOMPLETE, 4: ["hazards.type"]})
    yield case("half characters and NUL", escaped, taken)
    yield case("half a character", half, Taken(1, {2: _INCOMPLETE}))
    raw = _dumped(recalls("raw", 1)).encode().replace(b'Recall"', b'Re\0call"')
    yield case("a NUL as it is", raw, _UNREADABLE)
    for number in ("1e400", "1" * 5000, "1e99999999999999999999", "-0.0", "1e-400"):
        name = f"the number {number[:12]}"
        digits = _dumped(recalls(name, 1, {"Hazards": "NUMBER"})).replace('"NUMBER"', f"[{number}]")
        yield case(name, digits, _OF_NUMBERS.get(number, _UNREADABLE))
    nan = _dumped(recalls("nan", 1, {"Hazards": float("nan")}))
    yield case("NaN", nan, _UNREADABLE)
    later = recalls("later", 1, {"LastPublishDate": "2027-01-01T00:00:00"})
    yield case("a moment to come", _dumped(later), Taken(1, {2: ["last_published_at.not_future"]}))
    years = ("0000-01-01T00:00:00", "10000-01-01T00:00:00", "9999-12-31T23:59:59", "-1")
    strange = _dumped(recalls("years", 1, *({"LastPublishDate": each} for each in years)))
    taken = Taken(1, spread(range(2, 6), ["last_published_at.type"]))
    yield case("strange years", strange, taken)
    wide = _dumped(recalls("wide", 1, {"Title": "x" * 8_000_000}))
    yield case("a value of 8 MB", wide, Taken(1, {2: ["title.length"]}))

    def without_end() -> bytes:
        return _dumped(recalls("endless", 1, {"Title": "x" * 30_000_000})).encode()

    yield Case("json: a record of 30 MB", "json", without_end, _UNREADABLE)


_ENCODING = Refused("file.encoding")
_UNREADABLE = Refused("file.readable")
_OF_NUMBERS = {
    "1e400": Taken(1, {2: ["hazards.type"]}),
    "-0.0": Taken(2),
    "1" * 5000: Taken(2),
    "1e99999999999999999999": Taken(2),
    "1e-400": Taken(2),
}
