"""Hostile zip archives: declarations as XML, tables of a sanctions list, import refusals as CSV."""

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.faults.hostile import CONTROLS, FORMULAS, SQL, UNICODE, Case, Refused, Taken, spread
from tests.faults.hostile_canary import FILE_URL, HTTP_URL

Members = Mapping[str, bytes]
_FDA = "REFUSAL_ENTRY_2024-present.csv"
_FDA_HEADER = (
    "MFG_FIRM_FEI_NUM", "LGL_NAME", "LINE1_ADRS", "LINE2_ADRS", "CITY_NAME", "PROVINCE_STATE",
    "ISO_CNTRY_CODE", "PRODUCT_CODE", "REFUSAL_DATE", "DISTRICT", "ENTRY_NUM", "RFRNC_DOC_ID",
    "LINE_NUM", "LINE_SFX_ID", "FDA_SAMPLE_ANALYSIS", "PRIVATE_LAB_ANALYSIS", "REFUSAL_CHARGES",
    "PRDCT_CODE_DESC_TEXT",
)  # fmt: skip
_TEXTS = {
    "SQL": SQL,
    "formulas": FORMULAS,
    "unicode": UNICODE,
    "control characters": CONTROLS,
}
_ZEROS = bytes(1 << 20)


def cases() -> Iterator[Case]:
    """Yield them."""
    for kind, made in (("single_window", documents), ("sdn", lists), ("zipped_csv", refusals)):
        yield from _archives(kind, made)
    yield from _single_window()
    yield from _sdn()
    yield from _zipped_csv()


def packed(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return file.getvalue()


def _number(name: str) -> int:
    return zlib.crc32(name.encode()) % 100_000_000


def documents(name: str, texts: Sequence[str] = ("轮胎",) * 5) -> dict[str, bytes]:
    """Return one declaration for each text, the name of its goods."""
    return {
        f"{number:03}.xml": _DECLARATION.format(id=f"{_number(name)}-{number}", goods=text).encode()
        for number, text in enumerate(texts)
    }


def lists(name: str, texts: Sequence[str] = ("EXAMPLE",) * 5) -> dict[str, bytes]:
    """Return the three tables, with one entry for each text, its name."""
    begin = _number(name)
    nothing = ["-0- "] * 8
    entries = [[begin + n, text, "-0- ", "CUBA", *nothing] for n, text in enumerate(texts)]
    address = [[begin, 1, "1 Street", "Havana", "Cuba", "-0- "]]
    return {
        "SDN.CSV": _table(entries),
        "ADD.CSV": _table(address),
        "ALT.CSV": _table([[begin, 1, "aka", f"ALSO {begin}", "-0- "]]),
    }


def refusals(name: str, texts: Sequence[str] = ("EXAMPLE",) * 5) -> dict[str, bytes]:
    """Return the list, with one refusal for each text, its manufacturer."""
    rows = [
        [
            "3010000001", text, "Km 4", "", "Guayaquil", "", "EC", "16XGD03", "22-Jun-26", "DNEI",
            f"{_number(name)}-{number}", "11", "1", "", "Yes", "No", "249", "SHRIMP",
        ]
        for number, text in enumerate(texts)
    ]  # fmt: skip
    return {_FDA: _table([_FDA_HEADER, *rows])}


def _table(rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode(encoding)


def _archives(kind: str, made: Callable[..., dict[str, bytes]]) -> Iterator[Case]:
    """Yield what any archive may do, whatever it holds."""

    def case(name: str, content: bytes | Callable[[], bytes], expected: Refused | Taken) -> Case:
        return Case(f"{kind}: {name}", kind, content, expected)

    def whole(name: str) -> dict[str, bytes]:
        return made(f"{kind} {name}")

    good = packed(whole("damaged"))
    first = min(whole("damaged"))
    yield case("nothing", b"", Refused("file.not_empty"))
    yield case("an empty archive", packed({}), _ARCHIVE)
    yield case("cut in a member", good[: len(good) // 3], _ARCHIVE)
    yield case("cut in the directory", good[:-30], _ARCHIVE)
    yield case("cut in the last bytes", good[:-1], _ARCHIVE)
    yield case("begun in the middle", good[40:], _ARCHIVE)
    damaged = bytearray(good)
    middle = good.index(first.encode()) + len(first) + 12
    damaged[middle : middle + 12] = b"\xaa" * 12
    yield case("a damaged member", bytes(damaged), _ARCHIVE)
    yield case("no archive", next(iter(whole("damaged").values())), _ARCHIVE)
    yield case("a gzip", b"\x1f\x8b\x08" + bytes(60), _ARCHIVE)
    yield case("other members", packed({"readme.txt": b"hello"}), _ARCHIVE)
    encrypted = good.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    yield case("encrypted", encrypted, _ARCHIVE)
    for method in (99, 12, 14, 95):
        old, new = b"\x00\x00\x08\x00", struct.pack("<HH", 0, method)
        unknown = good.replace(b"PK\x03\x04\x14" + b"\0" + old, b"PK\x03\x04\x14" + b"\0" + new)
        unknown = unknown.replace(b"\x14\x03\x14\x00" + old, b"\x14\x03\x14\x00" + new)
        assert unknown != good
        yield case(f"compression {method}", unknown, _ARCHIVE)
    names = {
        "up": "../../../../tmp/customs-risk-escape",
        "absolute": "/tmp/customs-risk-escape",
        "backslashes": "..\\..\\customs-risk-escape",
        "a drive": "C:\\customs-risk-escape",
        "a share": "\\\\server\\share",
        "up in the middle": "a/../../b",
    }
    for what, name in names.items():
        escaping = packed({**whole(what), name: b"x"})
        yield case(f"a name that leads {what}", escaping, _ARCHIVE)
    linked = zipfile.ZipInfo(f"link{first}")
    linked.external_attr = 0o120777 << 16
    file = io.BytesIO(packed(whole("link")))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(linked, "/etc/passwd")
    yield case("a symbolic link", file.getvalue(), _ARCHIVE)
    twice = bytearray(packed({**whole("twice"), "x" * len(first): b"hidden"}))
    name_twice = bytes(twice).replace(b"x" * len(first), first.encode())
    yield case("a name twice", name_twice, _ARCHIVE)
    yield case("an archive within", packed({**whole("within"), "more.zip": good}), _ARCHIVE)
    hidden = packed({first: good}) if kind != "sdn" else packed({**whole("h"), first: good})
    yield case("an archive called otherwise", hidden, _ARCHIVE)

    def zeros() -> bytes:
        return packed({**whole("bomb"), f"0{first}": bytes(40_000_000)})

    yield case("a member of zeros", zeros, _ARCHIVE)
    lies = bytearray(packed({**whole("lies"), first: bytes(2_000_000)}))
    lying = bytes(lies).replace(struct.pack("<I", 2_000_000), struct.pack("<I", 100))
    yield case("a size that lies", lying, _ARCHIVE)
    more = bytes(lies).replace(struct.pack("<I", 2_000_000), struct.pack("<I", 0xFFFFFFF0))
    yield case("a size that lies upwards", more, _ARCHIVE)

    def many_members() -> bytes:
        return packed({f"{number}.txt": b"" for number in range(10_500)}, zipfile.ZIP_STORED)

    yield case("10,500 members", many_members, _ARCHIVE)
    yield case("overlapping members", _overlapping(first), _ARCHIVE)
    commented = good[:-2] + struct.pack("<H", 60_000) + b"'; drop table ops.batches; --" * 2000
    yield case("a long comment", commented[: len(good) + 60_000], Taken(5))
    yield case("bytes before it", b"#!/bin/sh\n" + packed(whole("bytes before")), Taken(5))
    stored = packed(whole("stored"), zipfile.ZIP_STORED)
    yield case("nothing compressed", stored, Taken(5))
    folders = {"folder/": b"", **{f"folder/{n}": each for n, each in whole("folders").items()}}
    yield case("members in a folder", packed(folders), Taken(5))
    capitals = packed({**whole("strange names"), "\u202egpj.\n\x1b[31m'; drop": b"x"})
    yield case("a name of strange characters", capitals, Taken(5))


def _overlapping(name: str) -> bytes:
    """Return an archive of whose directory a thousand entries are one and the same megabyte."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflate.compress(_ZEROS) + deflate.flush()
    checksum = zlib.crc32(_ZEROS)
    sizes = (checksum, len(data), len(_ZEROS))
    begin = struct.pack("<4sHHHHHIII", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes)
    local = begin + struct.pack("<HH", len(name), 0) + name.encode() + data
    directory = b""
    for number in range(1000):
        entry = f"{number:04}{name}".encode()
        directory += struct.pack("<4sHHHHHHIII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes)
        directory += struct.pack("<HHHHHII", len(entry), 0, 0, 0, 0, 0, 0) + entry
    counts = (0, 0, 1000, 1000, len(directory), len(local), 0)
    return local + directory + struct.pack("<4sHHHHIIH", b"PK\x05\x06", *counts)


def _single_window() -> Iterator[Case]:
    def case(name: str, members: Members, expected: Refused | Taken) -> Case:
        return Case(f"single_window: {name}", "single_window", packed(members), expected)

    doctypes = {
        "an entity bomb": '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        "an entity from a file": f'<!DOCTYPE d [<!ENTITY b SYSTEM "{FILE_URL}">]>',
        "an entity from the net": f'<!DOCTYPE d [<!ENTITY b SYSTEM "{HTTP_URL}">]>',
    }
    for name, doctype in doctypes.items():
        members = documents(name, ["&b;", *["轮胎"] * 5])
        members["000.xml"] = members["000.xml"].replace(b"?>", f"?>{doctype}".encode(), 1)
        yield case(name, members, Refused("file.no_doctype"))
    members = documents("one cut", ["轮胎"] * 10)
    members["003.xml"] = members["003.xml"][:300]
    yield case("one document cut", members, Taken(9, {4: ["row.complete"]}))
    members = documents("one empty", ["轮胎"] * 10) | {"003.xml": b""}
    yield case("one document empty", members, Taken(9, {4: ["row.complete"]}))
    members = documents("one of bytes", ["轮胎"] * 10) | {"003.xml": bytes(range(256))}
    yield case("one document of bytes", members, Taken(9, {4: ["row.complete"]}))
    for name, texts in (("SQL", SQL), ("formulas", FORMULAS), ("unicode", UNICODE[:-2])):
        escaped = [each.replace("&", "&amp;").replace("<", "&lt;") for each in texts]
        yield case(name, documents(name, escaped), Taken(len(texts), kept=texts))
    members = documents("same", ["轮胎"] * 5)
    yield case(
        "a declaration twice", {**members, "9.xml": members["000.xml"]}, Taken(5, duplicate=1)
    )


def _sdn() -> Iterator[Case]:
    def case(name: str, members: Members, expected: Refused | Taken) -> Case:
        return Case(f"sdn: {name}", "sdn", packed(members), expected)

    for table in ("SDN.CSV", "ADD.CSV", "ALT.CSV"):
        members = lists(f"without {table}")
        del members[table]
        yield case(f"without {table}", members, _ARCHIVE)
    members = lists("cut", ["EXAMPLE"] * 10)
    members["SDN.CSV"] = members["SDN.CSV"][:-20]
    yield case("cut in a row", members, Taken(9, {10: ["row.complete"]}))
    members = lists("cut in a quote")
    members["SDN.CSV"] += b'"never closed'
    yield case("cut in a quote", members, Refused("file.readable"))
    members = lists("stray", ["EXAMPLE"] * 20)
    members["ADD.CSV"] += b'999999999,1,"nowhere","x","y",-0-\r\n7,8\r\n'
    yield case("addresses of nobody", members, Taken(20, spread((21, 22), ["row.complete"])))
    members = lists("NUL") | {"ALT.CSV": b'1,2,"a\0b",x,y\r\n'}
    yield case("a NUL", members, Refused("file.encoding"))
    members = {name: content.decode().encode("utf-16") for name, content in lists("u").items()}
    yield case("UTF-16", members, Refused("file.encoding"))
    members = lists("long field")
    members["SDN.CSV"] = members["SDN.CSV"].replace(b"EXAMPLE", b"x" * 200_000, 1)
    yield case("a cell of 200 kB", members, Refused("file.readable"))
    members = lists("end of CP/M")
    members["SDN.CSV"] += b"\x1a"
    yield case("the end of a file of CP/M", members, Taken(5))
    for name, texts in _TEXTS.items():
        kept = tuple(each.strip() for each in texts)
        yield case(name, lists(name, texts), Taken(len(texts), kept=kept))
    # the first has its address where it stands first, so it is said in two ways
    members = lists("twice", [f"NAME {number}." for number in range(10)])
    members["SDN.CSV"] += members["SDN.CSV"].replace(b"NAME 3.", b"OTHER")
    taken = Taken(10, spread((11, 14), ["key.unique"]), duplicate=8)
    yield case("every entry twice", members, taken)


def _zipped_csv() -> Iterator[Case]:
    def case(name: str, members: Members, expected: Refused | Taken) -> Case:
        return Case(f"zipped_csv: {name}", "zipped_csv", packed(members), expected)

    for name, texts in _TEXTS.items():
        yield case(name, refusals(name, texts), Taken(len(texts), kept=texts))
    members = refusals("cut", ["EXAMPLE"] * 10)
    members[_FDA] = members[_FDA][:-40]
    yield case("cut in a row", members, Taken(9, {11: ["row.complete"]}))
    latin = refusals("cp1252", ["L'Été"] * 5)
    latin[_FDA] = latin[_FDA].decode().encode("cp1252")
    yield case("CP1252", latin, Taken(5, kept=("L'Été",)))
    wide = {_FDA: refusals("utf-16")[_FDA].decode().encode("utf-16")}
    yield case("UTF-16", wide, Refused("file.encoding"))
    yield case("an empty member", {_FDA: b""}, Refused("file.readable"))
    columns = {_FDA: refusals("columns")[_FDA].replace(b"ENTRY_NUM", b"NUMBER", 1)}
    yield case("a column missing", columns, Refused("file.columns", "missing"))
    two = refusals("two") | {"REFUSAL_ENTRY_2014-2023.csv": refusals("older")[_FDA]}
    yield case("two members", two, Taken(10))


_DECLARATION = """<?xml version="1.0" encoding="UTF-8"?>
<DecMessage xmlns="http://www.chinaport.gov.cn/dec">
  <DecHead>
    <CustomMaster>2221</CustomMaster>
    <NetWt>1480.5</NetWt>
    <TradeCoScc>91310000MA1FL00001</TradeCoScc>
    <TradeCountry>DEU</TradeCountry>
    <EntryId>{id}</EntryId>
  </DecHead>
  <DecLists>
    <DecList>
      <CodeTS>4011100000</CodeTS><GName>{goods}</GName><DeclTotal>3470.24</DeclTotal>
      <TradeCurr>142</TradeCurr><OriginCountry>POL</OriginCountry>
    </DecList>
  </DecLists>
  <DecSign><SignDate>2026062909150000</SignDate></DecSign>
</DecMessage>"""
_ARCHIVE = Refused("file.archive")
