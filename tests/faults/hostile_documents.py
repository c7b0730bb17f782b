"""Hostile documents: JSON lines, JSON pages and XML."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

from expectations.contract import contract_of
from tests.faults.hostile import CONTROLS, FORMULAS, SQL, UNICODE, Case, Refused, Taken, spread
from tests.faults.hostile_canary import FILE_URL, HTTP_URL

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
    yield from _wco()


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
    cut = whole.encode().replace(b"RILO", "走".encode())[: -len(whole) // 2]
    yield case("nothing", b"", Refused("file.not_empty"))
    yield case("blank lines", b"\n \n\r\n\n", Refused("file.not_empty"))
    yield case("a character cut", (whole + '{"x": "').encode() + "酒".encode()[:2], _ENCODING)
    del cut
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
    other = one.replace("cigarettes", "cigars")
    clash = "\n".join(["", *seizures("clash", 1), seizures("clash", 1)[0].replace("tax", "ipr")])
    yield case("a key with two contents", clash, Taken(1, {3: ["key.unique"]}))
    del other
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
        "0." + "0" * 500 + "1": [],
        "1e-5000": [],
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


def _wco() -> Iterator[Case]:
    def declaration(case_name: str, number: int, **changes: str) -> str:
        values = {
            "goods": "轮胎",
            "name": "上海示例",
            "moment": "20260629091500+0800",
            "mass": "80",
        }
        values |= changes
        return _DECLARATION.format(id=f"{_key(case_name)}-{number}", **values)

    def document(name: str, count: int, *hostile: dict[str, str], before: str = "") -> str:
        changes: list[dict[str, str]] = [{}] * count + list(hostile)
        inner = "".join(declaration(name, number, **each) for number, each in enumerate(changes))
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n{before}<Declarations>{inner}</Declarations>'
        )

    def case(name: str, content: str | bytes, expected: Refused | Taken) -> Case:
        written = content if isinstance(content, bytes) else content.encode()
        return Case(f"wco: {name}", "wco", written, expected)

    whole = document("cut", 10)
    yield case("cut in an element", whole[:-200], _UNREADABLE)
    yield case("cut in the root", whole[:-5], _UNREADABLE)
    yield case("nothing", b"", Refused("file.not_empty"))
    yield case("no records", b"<Declarations/>", Refused("file.not_empty"))
    yield case("no XML", b"declaration_id,declared_at\n1,2\n", _UNREADABLE)
    yield case("two roots", whole + "<again/>", _UNREADABLE)
    laughs = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    bombs = {
        "a billion laughs": f'<!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]>',
        "a quadratic bomb": f'<!DOCTYPE d [<!ENTITY l9 "{"x" * 100_000}">]>',
        "an entity from a file": f'<!DOCTYPE d [<!ENTITY l9 SYSTEM "{FILE_URL}">]>',
        "an entity from the net": f'<!DOCTYPE d [<!ENTITY l9 SYSTEM "{HTTP_URL}">]>',
        "a parameter entity": f'<!DOCTYPE d [<!ENTITY % p SYSTEM "{HTTP_URL}"> %p;]>',
        "a public entity": f'<!DOCTYPE d [<!ENTITY l9 PUBLIC "x" "{HTTP_URL}">]>',
    }
    for name, doctype in bombs.items():
        used = document(name, 9, {"goods": "&l9;" * 20}, before=doctype)
        yield case(name, used, _NO_DOCTYPE)
    for name, doctype in {
        "a DTD from a file": f'<!DOCTYPE Declarations SYSTEM "{FILE_URL}">',
        "a DTD from the net": f'<!DOCTYPE Declarations PUBLIC "-//x" "{HTTP_URL}">',
        "a harmless DOCTYPE": "<!DOCTYPE Declarations>",
    }.items():
        yield case(name, document(name, 9, before=doctype), _NO_DOCTYPE)
    unknown = document("unknown entity", 9, {"goods": "&unknown;"})
    yield case("an unknown entity", unknown, _UNREADABLE)
    included = document("xinclude", 9).replace(
        "<Declarations>",
        '<Declarations xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{FILE_URL}" parse="text"/><xi:include href="{HTTP_URL}"/>',
    )
    yield case("an XInclude", included, Taken(9))
    sheet = f'<?xml-stylesheet type="text/xsl" href="{HTTP_URL}"?>'
    yield case("a style sheet", document("style", 9, before=sheet), Taken(9))
    schema = document("schema", 9).replace(
        "<Declarations>",
        '<Declarations xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="urn:x {HTTP_URL}">',
    )
    yield case("a schema from the net", schema, Taken(9))
    for name, texts in (("SQL", SQL), ("formulas", FORMULAS), ("unicode", UNICODE[:-2])):
        changes = ({"goods": _escaped(each), "name": _escaped(each)} for each in texts)
        kept = tuple(texts)
        yield case(name, document(name, 0, *changes), Taken(len(texts), kept=kept))
    data = document("cdata", 0, {"goods": f"<![CDATA[{SQL[0]} <x/> &l9;]]>"})
    yield case("SQL as CDATA", data, Taken(1, kept=(f"{SQL[0]} <x/> &l9;",)))
    for name, reference in (("NUL", "&#0;"), ("a surrogate", "&#xD800;"), ("a bell", "&#7;")):
        yield case(f"{name} by number", document(name, 9, {"goods": reference}), _UNREADABLE)
    yield case("a NUL as it is", document("nul", 9, {"goods": "\0"}), _UNREADABLE)
    wrong = whole.replace("UTF-8", "EBCDIC-CP-BE", 1)
    yield case("another encoding than told", wrong, _UNREADABLE)
    unknown = whole.replace("UTF-8", "martian", 1)
    yield case("an unknown encoding", unknown, _UNREADABLE)
    told = document("gb18030", 10).replace("UTF-8", "GB18030", 1).encode("gb18030")
    yield case("GB 18030 that says so", told, Taken(10))
    wide = document("utf-16", 10).replace("UTF-8", "UTF-16", 1).encode("utf-16")
    yield case("UTF-16 that says so", wide, Taken(10))
    yield case("a byte order mark", "\ufeff" + document("mark", 10), Taken(10))
    yield case(
        "latin-1 that says UTF-8", document("l", 9, {"goods": "é"}).encode("gb18030"), _UNREADABLE
    )
    deep = document("deep", 9).replace("</Declarations>", "<a>" * 100_000)
    yield case("nested without end", deep, _UNREADABLE)
    inside = document("inside", 10, {"goods": "<b>" * 240 + "x" + "</b>" * 240})
    yield case("nested within a record", inside, Taken(11))
    again = document("nested", 9).replace("<Seller>", declaration("nested", 99) + "<Seller>", 1)
    yield case("a record within a record", again, Taken(9))
    many = " ".join(f'a{number}="x"' for number in range(50_000))
    attributed = document("attributes", 10).replace("<Seller>", f"<Seller {many}>", 1)
    yield case("50,000 attributes", attributed, Taken(10))
    twice = document("attribute twice", 10).replace("<Seller>", '<Seller a="1" a="2">', 1)
    yield case("an attribute twice", twice, _UNREADABLE)
    moments = {
        "99991231235959+0800": "declared_at.type",
        "00000101000000Z": "declared_at.type",
        "20270101000000+0800": "declared_at.not_future",
        "20260230000000+0800": "declared_at.type",
        "infinity": "declared_at.type",
    }
    changes = ({"moment": each} for each in moments)
    broken = {31 + number: [rule] for number, rule in enumerate(moments.values())}
    yield case("strange moments", document("moments", 30, *changes), Taken(30, broken))
    masses = {
        "NaN": "net_mass_kg.type",
        "1e400": "net_mass_kg.type",
        "-1": "net_mass_kg.range",
        "INF": "net_mass_kg.type",
        "": "net_mass_kg.type",
        "1 2": "net_mass_kg.type",
    }
    changes = ({"mass": each} for each in masses)
    broken = {31 + number: [rule] for number, rule in enumerate(masses.values())}
    yield case("strange masses", document("masses", 30, *changes), Taken(30, broken))
    one = document("same", 5).replace("</Declarations>", declaration("same", 0) + "</Declarations>")
    yield case("a record twice", one, Taken(5, duplicate=1))

    def without_end() -> bytes:
        return document("endless", 1, {"goods": "x" * 30_000_000}).encode()

    yield Case("wco: a record of 30 MB", "wco", without_end, _UNREADABLE)

    def one_comment() -> bytes:
        return (
            document("comment", 1).replace("<Seller>", f"<!--{'x' * 9_000_000}--><Seller>").encode()
        )

    yield Case("wco: a comment of 9 MB", "wco", one_comment, Taken(1))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_DECLARATION = """
<Declaration xmlns="urn:wco:datamodel:WCO:DEC-DMS:2"
  xmlns:ds="urn:wco:datamodel:WCO:Declaration_DS:DMS:2">
  <AcceptanceDateTime><ds:DateTimeString>{moment}</ds:DateTimeString></AcceptanceDateTime>
  <ID>{id}</ID>
  <DeclarationOfficeID>2221</DeclarationOfficeID>
  <GoodsShipment>
    <GovernmentAgencyGoodsItem>
      <Commodity>
        <Description>{goods}</Description>
        <Classification>
          <ID>4011100000</ID><IdentificationTypeCode>TSP</IdentificationTypeCode>
        </Classification>
        <GoodsMeasure><NetNetWeightMeasure unitCode="KGM">{mass}</NetNetWeightMeasure></GoodsMeasure>
        <InvoiceLine><ItemChargeAmount currencyID="CNY">3470.24</ItemChargeAmount></InvoiceLine>
      </Commodity>
      <Origin><CountryCode>PL</CountryCode></Origin>
    </GovernmentAgencyGoodsItem>
    <Importer><ID>91310000MA1FL00001</ID><Name>{name}</Name></Importer>
    <Seller><ID>S1</ID></Seller>
  </GoodsShipment>
</Declaration>"""
_ENCODING = Refused("file.encoding")
_UNREADABLE = Refused("file.readable")
_NO_DOCTYPE = Refused("file.no_doctype")
_OF_NUMBERS = {
    "1e400": Taken(1, {2: ["hazards.type"]}),
    "-0.0": Taken(2),
    "1e-400": Taken(2),
}
contract_of  # noqa: B018
