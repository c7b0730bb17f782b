"""What the parts of a workbook would become in memory: measured before its reader opens them."""

import re
import zipfile
from array import array
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from customs_risk.collect.formats.archive import opened, write_out
from customs_risk.collect.formats.reading import Unreadable

_MOST_CELLS = 3_000_000  # of the rectangle that a sheet spans
_MOST_TEXT = 64 << 20  # characters of a sheet, shared texts counted wherever they stand
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_TEXTS = "xl/sharedstrings.xml"
_SHEETS = "xl/worksheets/"


def sound_copy(path: Path, most_bytes: int, copy: Path) -> None:
    """Pack a workbook anew, so that its reader unpacks only what was measured here.

    Raises:
        Unreadable: the archive cannot be trusted, a part is no XML or brings a DOCTYPE, a sheet
            spans more than 3 M cells, or repeats its texts to more than 64 M characters.
    """
    part = copy.with_suffix(".part")
    with opened(path, most_bytes) as archive, zipfile.ZipFile(copy, "w") as sound:
        lengths = array("q")
        # the texts that sheets share come before the sheets
        for member in sorted(archive.infolist(), key=_is_sheet):
            with part.open("wb") as content:
                write_out(archive, member, content, refuse_archives=False)
            name = member.filename.lower()
            if name == _TEXTS:
                lengths = _SharedTexts(member.filename).read(part)
            elif _is_sheet(member):
                _Sheet(member.filename, lengths).read(part)
            elif name.endswith((".xml", ".rels")):
                _Part(member.filename).read(part)
            sound.write(part, member.filename)


def _is_sheet(member: zipfile.ZipInfo) -> bool:
    name = member.filename.lower()
    return name.startswith(_SHEETS) and name.endswith(".xml")


class _Part:
    """One part as its elements pass by; a DOCTYPE is refused before anything in it counts."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, path: Path) -> "array[int]":
        """Read the part through; return the lengths of its texts, if it is about texts."""
        try:
            with path.open("rb") as file:
                self._parser.ParseFile(file)
        except expat.ExpatError as error:
            raise Unreadable("file.readable", f"{self._name} is no XML: {error}") from error
        return array("q")

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise Unreadable("file.no_doctype", f"{self._name} must not bring a DOCTYPE of its own")


class _SharedTexts(_Part):
    """The texts that sheets name by number: how long each is."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._lengths = array("q")
        self._parser.StartElementHandler = self._begun
        self._parser.CharacterDataHandler = self._told

    def read(self, path: Path) -> "array[int]":
        super().read(path)
        return self._lengths

    def _begun(self, element: str, _: dict[str, str]) -> None:
        if _local(element) == "si":
            self._lengths.append(0)

    def _told(self, text: str) -> None:
        if self._lengths:
            self._lengths[-1] += len(text)


class _Sheet(_Part):
    """One sheet: the rectangle that its cells span, and the shared texts that they repeat."""

    def __init__(self, name: str, lengths: "array[int]") -> None:
        super().__init__(name)
        self._lengths = lengths
        self._row = self._column = self._deepest = self._widest = self._characters = 0
        self._is_shared = self._is_value = False
        self._value = ""
        self._parser.StartElementHandler = self._begun
        self._parser.EndElementHandler = self._ended
        self._parser.CharacterDataHandler = self._told

    def _begun(self, element: str, attributes: dict[str, str]) -> None:
        match _local(element):
            case "row":
                number = attributes.get("r", "")
                self._row = int(number) if re.fullmatch("[0-9]{1,7}", number) else self._row + 1
                self._column = 0
            case "c":
                self._is_shared = attributes.get("t") == "s"
                self._place(attributes.get("r", ""))
            case "v":
                self._is_value, self._value = True, ""

    def _ended(self, element: str) -> None:
        if _local(element) == "v":
            self._is_value = False
            if self._is_shared and self._value.isdecimal() and len(self._value) < 10:
                index = int(self._value)
                self._count(self._lengths[index] if index < len(self._lengths) else 0)

    def _told(self, text: str) -> None:
        self._count(len(text))
        if self._is_value:
            self._value += text

    def _place(self, reference: str) -> None:
        match = _REFERENCE.fullmatch(reference)
        self._column = _column_number(match[1]) if match else self._column + 1
        self._widest = max(self._widest, self._column)
        self._deepest = max(self._deepest, int(match[2]) if match else self._row)
        if self._widest * self._deepest > _MOST_CELLS:
            raise Unreadable(
                "file.size",
                f"{self._name} spans {self._deepest:,} rows of {self._widest:,} columns",
            )

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > _MOST_TEXT:
            raise Unreadable(
                "file.size", f"{self._name} holds more than {_MOST_TEXT:,} characters of text"
            )


def _local(element: str) -> str:
    return element.rpartition(" ")[2]


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
