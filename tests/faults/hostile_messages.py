"""Hostile interchanges: cargo manifests (CUSCAR) and passenger lists (PAXLST)."""

import zlib
from collections.abc import Callable, Iterator

from tests.faults.hostile import SQL, UNICODE, Case, Refused, Taken

_ADVICE = "UNA:+.? '\n"


def cases() -> Iterator[Case]:
    """Yield them."""
    yield from _both("cuscar", manifest)
    yield from _both("paxlst", passengers)
    yield from _cuscar()
    yield from _paxlst()


def _key(name: str) -> str:
    return f"{zlib.crc32(name.encode()):08x}"


def _escaped(text: str) -> str:
    for mark in "?+:'":
        text = text.replace(mark, f"?{mark}")
    return text


def manifest(name: str, texts: list[str], **changes: str) -> str:
    """Return a manifest with one consignment for each text, the name of its goods."""
    given = {"prepared": "202606300600", "mass": "KGM:100", "packages": "4", "hs": "87083099"}
    given |= changes
    segments = [f"BGM+85+{_key(name)}+9", f"DTM+137:{given['prepared']}:203"]
    segments += ["TDT+20+103E+1++COSU:172:20:COSCO+++9074729:146:11:SILK:PA"]
    segments += ["LOC+9+DEHAM:139:6", "LOC+11+CNSHA:139:6"]
    for number, text in enumerate(texts, start=1):
        segments += [f"CNI+{number}+{_key(name)}{number}", "GID+1+" + given["packages"] + ":CT"]
        segments += [f"FTX+AAA+++{text}", f"MEA+AAE+G+{given['mass']}", f"CST+1+{given['hs']}:122"]
    return _interchange("CUSCAR:D:96A:UN", segments)


def passengers(name: str, texts: list[str], **changes: str) -> str:
    """Return a list with one passenger for each text, the family name."""
    given = {"born": "329:841212", "departs": "2606300620:201"} | changes
    segments = ["BGM+745", "TDT+20+CA930+++CA", "LOC+125+NRT", f"DTM+189:{given['departs']}"]
    segments += ["LOC+87+PEK", "DTM+232:2606301020:201"]
    for number, text in enumerate(texts, start=1):
        segments += [f"NAD+FL+++{text}:YUI", f"DTM+{given['born']}"]
        segments += [f"DOC+P:110:111+{_key(name)}{number}", "DTM+36:301024"]
    return _interchange("PAXLST:D:05B:UN:IATA", segments)


def _interchange(kind: str, segments: list[str]) -> str:
    inner = [f"UNH+1+{kind}", *segments, f"UNT+{len(segments) + 2}+1"]
    whole = ["UNB+UNOY:4+SENDER+CNCUSTOMS+20260630:0600+7", *inner, "UNZ+1+7"]
    return _ADVICE + "".join(f"{segment}'\n" for segment in whole)


def _both(kind: str, made: Callable[[str, list[str]], str]) -> Iterator[Case]:
    def case(name: str, content: str | bytes, expected: Refused | Taken) -> Case:
        written = content if isinstance(content, bytes) else content.encode()
        return Case(f"{kind}: {name}", kind, written, expected)

    def whole(name: str) -> str:
        return made(f"{kind} {name}", ["ONE", "TWO"])

    text = whole("cut")
    yield case("nothing", b"", Refused("file.not_empty"))
    yield case("a service string only", _ADVICE, _UNREADABLE)
    yield case("half a service string", b"UNA:+", _UNREADABLE)
    yield case("cut in a segment", text[: len(text) // 2], _UNREADABLE)
    yield case("cut behind a segment", text[: text.index("UNT")], _UNREADABLE)
    yield case("cut before the last mark", text[: text.rindex("'")], _UNREADABLE)
    yield case("cut before UNZ", text[: text.index("UNZ")], _UNREADABLE)
    yield case("a count too small", text.replace("UNT+", "UNT+1", 1), _UNREADABLE)
    yield case("a count that is none", text.replace("UNZ+1", "UNZ+'; drop", 1), _UNREADABLE)
    yield case("a count in other digits", text.replace("UNZ+1", "UNZ+²", 1), _UNREADABLE)
    yield case("a count of 5,000 digits", text.replace("UNZ+1", "UNZ+" + "1" * 5000), _UNREADABLE)
    yield case("another reference", text.replace("UNZ+1+7", "UNZ+1+8"), _UNREADABLE)
    yield case("another message", text.replace(kind.upper(), "INVOIC"), _UNREADABLE)
    yield case("segments before UNB", text.replace("UNB", "BGM+1'\nUNB", 1), _UNREADABLE)
    yield case("words behind UNZ", text + "thank you'", _UNREADABLE)
    yield case("no message", "UNB+UNOY:4+S+R+20260630:0600+7'UNZ+0+7'", Refused("file.not_empty"))
    yield case("CSV inside", "a,b,c\n1,2,3\n", _UNREADABLE)
    yield case("XML inside", '<?xml version="1.0"?><a/>', _UNREADABLE)
    yield case("UTF-16", whole("utf-16").encode("utf-16"), Refused("file.encoding"))
    yield case("a NUL", whole("nul").replace("ONE", "O\0E"), Refused("file.encoding"))
    yield case("a byte order mark", "\ufeff" + whole("mark"), Taken(2))
    yield case("lines end with CRLF", whole("crlf").replace("\n", "\r\n"), Taken(2))
    yield case("all in one line", whole("line").replace("\n", ""), Taken(2))
    again = whole("second advice").replace("ONE", "UNA:+.? ONE")
    yield case("a second service string", again, Taken(2))
    same = whole("twice")
    yield case(
        "the same interchange twice", same + same.removeprefix(_ADVICE), Taken(2, duplicate=2)
    )
    marks = ["x" * 30 + "?" * 3, "y"]
    yield case("an escape of the mark", made(f"{kind} escape", marks), _FATE_OF_ESCAPE[kind])
    plus = made(f"{kind} plus", ["+".join("x" * 5_000), "y"])
    yield case("5,000 elements", plus, Taken(2))
    long = made(f"{kind} long", ["x" * 2_000_000, *["y"] * 9])
    yield case("an element of 2 MB", long, Taken(9, {1: [_LENGTH_OF[kind]]}))
    odd = _interchange(f"{kind.upper()}:D:96A:UN", ["''", "+++", "A1+x", "::"])
    yield case("segments without tags", odd, _UNREADABLE)
    for what, texts in (("SQL", SQL), ("unicode", UNICODE)):
        written = [_escaped(each) for each in texts]
        expected = Taken(len(texts), kept=tuple(each for each in texts if "+" not in each))
        yield case(what, made(f"{kind} {what}", written), expected)


def _cuscar() -> Iterator[Case]:
    def case(name: str, content: str | bytes, expected: Refused | Taken) -> Case:
        written = content if isinstance(content, bytes) else content.encode()
        return Case(f"cuscar: {name}", "cuscar", written, expected)

    def changed(name: str, old: str, new: str) -> str:
        return manifest(name, [f"GOODS {number}" for number in range(10)]).replace(old, new, 1)

    masses = {
        "KGM:NaN": ["gross_mass_kg.type"],
        "KGM:Infinity": ["gross_mass_kg.type"],
        "KGM:1e400": ["gross_mass_kg.type"],
        "KGM:-5": ["gross_mass_kg.range"],
        "KGM:sNaN": ["gross_mass_kg.type"],
        "KGM:1e999999": ["gross_mass_kg.type"],
        "TNE:1e999999999": ["gross_mass_kg.type"],
        "XXX:5": ["gross_mass_kg.type"],
        "KGM:1,5,5": ["gross_mass_kg.type"],
    }
    for mass, rules in masses.items():
        name = f"mass {mass}"
        yield case(name, changed(name, "KGM:100", mass), Taken(9, {1: rules}))
    for mass in ("KGM:NaN", "KGM:sNaN", "KGM:1e400"):
        name = f"of two items one has {mass}"
        item = f"GID+2+1:CT'\nMEA+AAE+G+{mass}'\nCNI+2"
        content = changed(name, "CNI+2", item).replace("UNT+57", "UNT+59")
        yield case(name, content, Taken(9, {1: ["gross_mass_kg.type"]}))
    for packages in ("NaN", "1e999999999", "-1", "sNaN", "Infinity"):
        name = f"packages {packages}"
        rule = "packages.range" if packages == "-1" else "packages.type"
        yield case(name, changed(name, "+4:CT", f"+{packages}:CT"), Taken(9, {1: [rule]}))
    for moment in ("202702300000", "999912312359", "000000000000", "infinity"):
        name = f"prepared {moment}"
        expected = Refused("batch.max_failed_share", "prepared_at")
        yield case(name, changed(name, "137:202606300600", f"137:{moment}"), expected)
    latin = changed("latin-1", "GOODS 0", "Käse, Rosé").encode("latin-1")
    yield case("latin-1", latin, Refused("file.encoding"))
    chinese = changed("gb18030", "GOODS 0", "葡萄酒𠮷").encode("gb18030")
    yield case("GB 18030", chinese, Taken(10, kept=("葡萄酒𠮷",)))


def _paxlst() -> Iterator[Case]:
    people = ["ONE", "TWO"]
    for born in ("329:000000", "329:20260230:102", "329:99991231:102", "329:infinity"):
        name = f"paxlst: {born}"
        expected = Refused("batch.max_failed_share", "date_of_birth")
        expected = Taken(2) if "9999" in born else expected
        yield Case(name, "paxlst", passengers(name, people, born=born).encode(), expected)
    name = "paxlst: departs in the year 0000"
    content = passengers(name, people, departs="000001010000:203").encode()
    yield Case(name, "paxlst", content, Refused("batch.max_failed_share", "departs_on.type"))


_UNREADABLE = Refused("file.readable")
_LENGTH_OF = {"cuscar": "goods_name.length", "paxlst": "family_name.length"}
# there the mark that follows ends a component only
_FATE_OF_ESCAPE: dict[str, Refused | Taken] = {"cuscar": _UNREADABLE, "paxlst": Taken(2)}
