"""Hostile XML, as declarations of the WCO Data Model."""

import zlib
from collections.abc import Iterator

from tests.faults.hostile import FORMULAS, SQL, UNICODE, Case, Refused, Taken
from tests.faults.hostile_canary import FILE_URL, HTTP_URL


def cases() -> Iterator[Case]:
    """Yield them."""

    def declaration(case_name: str, number: int, **changes: str) -> str:
        values = {
            "goods": "轮胎",
            "name": "上海示例",
            "moment": "20260629091500+0800",
            "mass": "80",
        }
        values |= changes
        return _DECLARATION.format(id=f"{zlib.crc32(case_name.encode()):08x}-{number}", **values)

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
        <GoodsMeasure>
          <NetNetWeightMeasure unitCode="KGM">{mass}</NetNetWeightMeasure>
        </GoodsMeasure>
        <InvoiceLine><ItemChargeAmount currencyID="CNY">3470.24</ItemChargeAmount></InvoiceLine>
      </Commodity>
      <Origin><CountryCode>PL</CountryCode></Origin>
    </GovernmentAgencyGoodsItem>
    <Importer><ID>91310000MA1FL00001</ID><Name>{name}</Name></Importer>
    <Seller><ID>S1</ID></Seller>
  </GoodsShipment>
</Declaration>"""
_UNREADABLE = Refused("file.readable")
_NO_DOCTYPE = Refused("file.no_doctype")
