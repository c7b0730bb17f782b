"""Hostile CSV files, as declarations."""

import csv
import io
import json
import zlib
from collections.abc import Iterator, Sequence

from expectations.contract import contract_of
from tests.faults.hostile import (
    CONTROLS,
    FORMULAS,
    SQL,
    UNICODE,
    Case,
    Refused,
    Taken,
    spread,
)

_FEED = contract_of("declarations")
COLUMNS = list(_FEED.columns)
_GOOD = {
    "declared_at": "2026-06-30T10:00:00+08:00",
    "office_code": "2200",
    "importer_id": "91310000MA1FL0000X",
    "hs6": "220421",
    "goods_name": "葡萄酒",
    "origin_country": "FR",
    "net_mass_kg": "900",
    "declared_value_cny": "54000.50",
}
_INCOMPLETE = ["row.complete"]
Row = dict[str, str]


def rows(name: str, count: int = 10, *hostile: Row) -> list[Row]:
    """Return good rows that are this case's alone, and behind them the hostile ones."""
    key = f"{zlib.crc32(name.encode()):08x}"
    changes: list[Row] = [{}] * count + list(hostile)
    return [
        {**_GOOD, "declaration_id": f"{key}-{number}", **change}
        for number, change in enumerate(changes)
    ]


def text(
    table: Sequence[Row], header: Sequence[str] = COLUMNS, end: str = "\n", delimiter: str = ","
) -> str:
    """Write rows as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator=end, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in table)
    return file.getvalue()


def broken_by(written: str) -> list[str]:
    """Return the rules that a row breaks in which every column holds this text."""
    rules = []
    for name, column in _FEED.columns.items():
        if column.type != "text" and not (column.type == "jsonb" and _is_json(written)):
            rules.append(f"{name}.type")
        if column.code_list:
            rules.append(f"{name}.known_code")
        if column.values:
            rules.append(f"{name}.known_value")
        if column.max_length and len(written) > column.max_length:
            rules.append(f"{name}.length")
    return sorted(rules)


def _is_json(written: str) -> bool:
    try:
        json.loads(written)
    except ValueError:
        return False
    return True


def cases() -> Iterator[Case]:
    """Yield them."""
    yield from _broken_off()
    yield from _encodings()
    yield from _shapes()
    yield from _texts()
    yield from _values()
    yield from _other_formats()
    yield from _names()


def _csv(name: str, content: str | bytes, expected: Refused | Taken) -> Case:
    return Case(name, "csv", content if isinstance(content, bytes) else content.encode(), expected)


def _broken_off() -> Iterator[Case]:
    whole = text(rows("cut in a cell"))
    yield _csv("cut in a cell", whole[: whole.rindex("FR")], Taken(9, {11: _INCOMPLETE}))
    whole = text(rows("cut in the header"))
    yield _csv("cut in the header", whole[:120], Refused("file.readable"))
    whole = text(rows("cut in a quote", 10, {"goods_name": 'a "wine", red'}))
    yield _csv("cut in a quote", whole[: whole.index(", red")], Taken(10, {12: _INCOMPLETE}))
    whole = text(rows("quote never closed", 10))
    opened = whole.replace("葡萄酒", '"葡萄酒', 1)
    yield _csv("quote never closed", opened, Refused("batch.max_failed_share"))
    whole = text(rows("cut in a character", 10, {"goods_name": "红葡萄酒"}))
    cut = whole.encode()[: whole.encode().rindex("酒".encode()) + 1]
    yield _csv("cut in a character", cut, Refused("file.encoding"))
    yield _csv("nothing at all", b"", Refused("file.not_empty"))
    yield _csv("a header only", text([]), Refused("file.not_empty"))
    yield _csv("blank lines only", b"\n\n \n\r\n", Refused("file.columns"))
    yield _csv("a byte order mark only", b"\xef\xbb\xbf", Refused("file.readable"))
    whole = text(rows("bytes in the middle lost"))
    torn = whole.encode()[:600] + whole.encode()[900:]
    yield _csv("bytes in the middle lost", torn, Taken(6, {3: _INCOMPLETE}))


def _encodings() -> Iterator[Case]:
    for encoding in ("utf-16", "utf-16-be", "utf-32", "latin-1"):
        name = f"encoding {encoding}"
        rosé = text(rows(name, 10, {"goods_name": "Rosé à la cuvée ÿ"})).replace("葡萄酒", "vin")
        yield _csv(name, rosé.encode(encoding), Refused("file.encoding"))
    for encoding in ("utf-8-sig", "gb18030"):
        name = f"encoding {encoding}"
        table = rows(name, 10, {"goods_name": "㐂𠮷酒"})
        yield _csv(name, text(table).encode(encoding), Taken(11, kept=("㐂𠮷酒",)))
    # as bytes of GB 18030 it is one endless line
    ebcdic = text(rows("encoding cp500")).replace("葡萄酒", "vin").encode("cp500")
    yield _csv("encoding cp500", ebcdic, Refused("file.readable"))
    name = "one damaged byte in UTF-8"
    whole = text(rows(name, 10, {"goods_name": "红葡萄酒酒"})).replace("葡萄酒", "红葡萄酒")
    damaged = bytearray(whole.encode())
    damaged[damaged.index("红".encode()) + 1] = 0x45
    yield _csv(name, bytes(damaged), Refused("file.encoding"))
    whole = text(rows("a NUL", 10)).replace("葡萄酒", "葡\0萄酒", 1)
    yield _csv("a NUL", whole, Refused("file.encoding"))
    whole = text(rows("surrogates as bytes")).encode().replace("葡".encode(), b"\xed\xa0\x80", 1)
    yield _csv("surrogates as bytes", whole, Refused("file.encoding"))
    whole = text(rows("overlong bytes")).encode().replace("葡".encode(), b"\xc0\xaf", 1)
    yield _csv("overlong bytes", whole, Refused("file.encoding"))


def _shapes() -> Iterator[Case]:
    for name, end in (("lines end with CRLF", "\r\n"), ("lines end with CR", "\r")):
        yield _csv(name, text(rows(name), end=end), Taken(10))
    lines = text(rows("lines end in three ways")).splitlines()
    mixed = "".join(line + "\r\n\n\r"[number % 3] for number, line in enumerate(lines))
    yield _csv("lines end in three ways", mixed, Taken(10))
    lines = text(rows("a line break in a cell", 10, {"goods_name": "wine\r\nred\nsweet"}))
    yield _csv("a line break in a cell", lines, Taken(11, kept=("wine\r\nred\nsweet",)))
    lines = text(rows("blank lines between")).replace("\n", "\n\n")
    yield _csv("blank lines between", lines, Taken(10))
    name = "too many and too few cells"
    lines = text(rows(name, 20)).splitlines()
    lines[4] += ",surplus"
    lines[8] = "short,row"
    yield _csv(name, "\n".join(lines), Taken(18, {5: _INCOMPLETE, 9: _INCOMPLETE}))
    name = "all lines too long"
    lines = text(rows(name)).replace("\n", ",x\n").replace(",x\n", "\n", 1)
    yield _csv(name, lines, Refused("batch.max_failed_share"))
    name = "a column twice"
    yield _csv(name, text(rows(name), [*COLUMNS, "hs6"]), Refused("file.columns", "repeated"))
    name = "a column missing"
    yield _csv(
        name,
        text(rows(name), [each for each in COLUMNS if each != "hs6"]),
        Refused("file.columns", "missing"),
    )
    name = "a column of SQL"
    header = [*COLUMNS, 'x" text); drop table ops.batches; --']
    yield _csv(name, text(rows(name), header), Refused("file.columns", "unknown"))
    name = "column names in capitals"
    capitals = text(rows(name)).replace("declaration_id", "DECLARATION_ID", 1)
    yield _csv(name, capitals, Refused("file.columns"))
    name = "thousands of columns"
    header = [*COLUMNS, *(f"c{number}" for number in range(20_000))]
    yield _csv(name, text(rows(name, 3), header), Refused("file.columns"))
    for name, delimiter in (("semicolons", ";"), ("tabs", "\t"), ("pipes", "|")):
        yield _csv(name, text(rows(name), delimiter=delimiter), Refused("file.columns"))
    name = "the header again"
    lines = text(rows(name)).splitlines()
    again = "\n".join([*lines, lines[0]])
    rules = sorted(
        [f"{column}.type" for column, each in _FEED.columns.items() if each.type != "text"]
        + [f"{column}.known_code" for column, each in _FEED.columns.items() if each.code_list]
        + ["importer_credit_tier.known_value", "office_code.length"]
    )
    yield _csv(name, again, Taken(10, {12: rules}))
    name = "a row three times"
    table = rows(name)
    yield _csv(name, text([*table, table[0], table[0]]), Taken(10, duplicate=2))
    name = "a key with two contents"
    table = rows(name)
    other = table[3] | {"net_mass_kg": "1"}
    yield _csv(name, text([*table, other]), Taken(10, {12: ["key.unique"]}))
    yield _csv("quotes in disorder", 'a"b"",\'"\n"""",""\n' * 50, Refused("file.columns"))
    yield Case("a line of 40 MB", "csv", lambda: b"x" * 40_000_000, Refused("file.readable"))
    name = "a cell of 3 MB"
    huge = text(rows(name, 10, {"goods_name": "x" * 3_000_000}))
    yield _csv(name, huge, Refused("file.readable"))
    name = "a cell of 900 kB"
    wide = text(rows(name, 10, {"goods_name": "x" * 900_000}))
    yield _csv(name, wide, Taken(10, {12: ["goods_name.length"]}))


def _texts() -> Iterator[Case]:
    for name, texts in (
        ("SQL in a text", SQL),
        ("formulas", FORMULAS),
        ("unicode", UNICODE),
        ("control characters", CONTROLS),
    ):
        table = rows(name, 0, *({"goods_name": each, "seller_name": each} for each in texts))
        yield _csv(name, text(table), Taken(len(texts), kept=texts))
    name = "SQL in every cell"
    everywhere = [dict.fromkeys(COLUMNS, each) for each in SQL]
    broken = {102 + number: broken_by(each) for number, each in enumerate(SQL)}
    yield _csv(name, text(rows(name, 100, *everywhere)), Taken(100, broken, kept=SQL))
    name = "spaces as values"
    blank = {"importer_id": "  ", "office_code": "\t", "hs6": " "}
    yield _csv(name, text(rows(name, 10, blank)), Taken(10, {12: ["hs6.known_code"]}))
    name = "keys that look alike"
    alike = ({"declaration_id": f"alike{mark}"} for mark in ("", " ", "\u200b", "\u202e", "́"))
    yield _csv(name, text(rows(name, 0, *alike)), Taken(5))


def _values() -> Iterator[Case]:
    moments = {
        "2027-01-01T00:00:00+08:00": "declared_at.not_future",
        "9999-12-29T23:59:59+08:00": "declared_at.not_future",
        "9999-12-31T23:59:59-12:00": "declared_at.type",
        "10000-01-01T00:00:00+08:00": "declared_at.type",
        "0000-12-31T23:59:59+00:00": "declared_at.type",
        "0000-01-01": "declared_at.type",
        "2026-06-30T10:00:00+23:59": "declared_at.type",
        "2026-06-30T10:00:00+16:00": "declared_at.type",
        "2026-02-30": "declared_at.type",
        "2026-06-30T24:00:01+08:00": "declared_at.type",
        "2026-06-30T10:00:00 BC": "declared_at.type",
        "infinity": "declared_at.type",
        "-infinity": "declared_at.type",
        "now": "declared_at.type",
        "today": "declared_at.type",
        "epoch": "declared_at.type",
        "30.06.2026": "declared_at.type",
        "1782784800": "declared_at.type",
        "2026-06-30T10:00:00 Mars/Olympus": "declared_at.type",
        "二〇二六年六月三十日": "declared_at.type",
    }
    for moment, rule in list(moments.items())[:9]:
        # each alone, so that no other cell sends the column the slow way
        name = f"moment {moment}"
        content = text(rows(name, 10, {"declared_at": moment}))
        yield _csv(name, content, Taken(10, {12: [rule]}, kept=(moment,)))
    name = "all strange moments"
    strange = ({"declared_at": moment} for moment in moments)
    broken = {92 + number: [rule] for number, rule in enumerate(moments.values())}
    yield _csv(name, text(rows(name, 90, *strange)), Taken(90, broken, kept=tuple(moments)))
    name = "moments at the beginning of time"
    old = ("0001-01-01T00:00:00+08:00", "0001-01-01", "1582-10-10", "0001-06-01T00:00:00+00:00")
    early = ({"declared_at": moment} for moment in old)
    taken = Taken(32, {32: ["declared_at.type"], 33: ["declared_at.type"]})
    yield _csv(name, text(rows(name, 30, *early)), taken)
    numbers = {
        **dict.fromkeys(("NaN", "nan", "Infinity", "-Infinity", "inf", "0x1F", "1,000"), "type"),
        **dict.fromkeys(("１２", "٣", "--1", "1e", "1 2", "12kg", "", "1e400", "1_000"), "type"),
        "1e999999999": "type",
        **dict.fromkeys(("1e299", "9" * 200, "-1", "0", "-0", "1e-400000000"), "range"),
    }
    numbers[""] = "present"
    numbers["1e-400000000"] = "type"
    name = "strange numbers"
    strange = ({"net_mass_kg": each} for each in numbers)
    broken = {102 + n: [f"net_mass_kg.{rule}"] for n, rule in enumerate(numbers.values())}
    yield _csv(name, text(rows(name, 100, *strange)), Taken(100, broken))
    name = "numbers that are numbers"
    fine = ("1e3", " 12 ", "+5", ".5", "1.", "0001", "1E+2", "0." + "0" * 90 + "1")
    yield _csv(name, text(rows(name, 0, *({"net_mass_kg": each} for each in fine))), Taken(8))
    documents = {
        "[" * 50_000 + "]" * 50_000: "a deep list",
        '{"a":' * 20_000 + "1" + "}" * 20_000: "a deep object",
        r'["\u0000"]': "an escaped NUL",
        r'["\ud800"]': "half a character",
        '{"a": 1, "a": 2,}': "a comma too many",
        "[NaN]": "no number",
        "{": "a brace",
        "[1e999999]": "a number without end",
    }
    name = "jsonb that is none"
    strange = ({"lines": each} for each in documents)
    broken = spread(range(42, 42 + len(documents)), ["lines.type"])
    yield _csv(name, text(rows(name, 40, *strange)), Taken(40, broken))
    name = "jsonb that is some"
    fine = ('{"a": 1, "a": 2}', '"text"', "null", "1", json.dumps(list(SQL)), "[" * 500 + "]" * 500)
    yield _csv(name, text(rows(name, 0, *({"lines": each} for each in fine))), Taken(6))


def _other_formats() -> Iterator[Case]:
    disguised = {
        "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "file.encoding"),
        "a document": (b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n", "file.columns"),
        "a page": (b"<!DOCTYPE html><html><body>503 Service Unavailable</body>", "file.readable"),
        "JSON": (b'[{"declaration_id": "1"}]', "file.readable"),
        "an archive": (b"PK\x05\x06" + bytes(18), "file.encoding"),
        "a program": (b"\x7fELF\x02\x01\x01" + bytes(200), "file.encoding"),
        "compressed bytes": (zlib.compress(b"x" * 5000), "file.encoding"),
        "a parquet file": (b"PAR1" + bytes(60) + b"PAR1", "file.encoding"),
    }
    for name, (content, rule) in disguised.items():
        yield _csv(f"{name} called csv", content, Refused(rule))


def _names() -> Iterator[Case]:
    names = {
        "no moment": ("export.csv", "file.name"),
        "an impossible moment": ("declarations_20261399T256199.csv", "file.name"),
        "another feed": ("manifests_20260630T180000.csv", "file.name"),
        "a moment to come": ("declarations_99991231T235959.csv", "file.sent_at"),
        "an unknown layout": ("declarations_20260630T180000.martian.csv", "file.layout"),
        "SQL": ("declarations_'; drop table ops.batches; --.csv", "file.name"),
        "a path": ("..%2f..%2fetc%2fpasswd", "file.name"),
        "backslashes": ("..\\..\\windows\\system32\\config.csv", "file.name"),
        "a line break": ("declarations_\n20260630T180000.csv", "file.name"),
        "right to left": ("declarations_20260630T180000\u202evsc.exe", "file.name"),
        "a dash": ("--help.csv", "file.name"),
        "a dot": (".declarations_20260630T180000.csv", "file.name"),
        "bytes that are no text": ("declarations_\udcff\udcfe.csv", "file.name"),
        "255 characters": ("d" * 251 + ".csv", "file.name"),
    }
    for what, (file_name, rule) in names.items():
        name = f"name with {what}"
        yield Case(name, "csv", text(rows(name)).encode(), Refused(rule), file_name)
    name = "name with an unknown ending"
    content = text(rows(name)).encode()
    yield Case(name, "csv", content, Taken(10), "declarations_20260630T175959.exe")
