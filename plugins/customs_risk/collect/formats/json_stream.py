"""Values out of JSON documents as they stream, each parsed by the standard library when whole.

Streaming parsers written in C were tried: they follow any nesting until memory ends, change half a
character silently, and end the process at a number of 5,000 digits.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any, NoReturn

from customs_risk.collect.formats.metered import Metered
from customs_risk.collect.formats.reading import BrokenOff, Unreadable
from customs_risk.collect.formats.values import fraction, whole_number

_CHUNK = 1 << 16  # bytes
_LARGEST_CHUNK = 1 << 20
_BLANK = " \t\r\n"
# a literal or an escape that the end of the text cuts is at most so long
_CUT = 16
# what the decoder calls a string that has no end
_CUT_TEXT = "Unterminated"


class JsonStream:
    """One or more JSON documents in a file, read on as far as they are asked for."""

    def __init__(self, file: Metered) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(
            parse_float=fraction, parse_int=whole_number, parse_constant=_refuse
        )
        self._text = ""
        self._at = 0
        self._is_all = False

    def values(self, place: tuple[str, ...]) -> Iterator[Any]:
        """Yield what stands at a place in each document: members by name, list elements as item.

        Raises:
            Unreadable: it is no JSON, breaks off, or nests too deeply.
        """
        while self._next():
            yield from self._at_place(place)

    def _at_place(self, place: tuple[str, ...]) -> Iterator[Any]:
        opening = self._next()
        if not place:
            yield self._value()
            self._file.record_ended()
        elif opening == "[" and place[0] == "item":
            for _ in self._parts("]"):
                yield from self._at_place(place[1:])
        elif opening == "{" and place[0] != "item":
            for _ in self._parts("}"):
                if self._name() == place[0]:
                    yield from self._at_place(place[1:])
                else:
                    self._value()
        else:
            self._value()

    def _parts(self, closing: str) -> Iterator[None]:
        """Stop at each part of a list or an object, up to its end."""
        self._at += 1
        if self._next() == closing:
            self._at += 1
            return
        while True:
            yield
            if self._next() == closing:
                self._at += 1
                return
            self._skip(",")

    def _name(self) -> Any:
        if self._next() != '"':
            self._broken("a member's name is expected")
        name = self._value()
        self._skip(":")
        self._next()
        return name

    def _value(self) -> Any:
        """Parse the value that begins here, reading on until it is whole."""
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # from where the value begins: reading on moves the text
                place = error.pos - self._at
                is_cut = error.msg.startswith(_CUT_TEXT) or (error.pos >= len(self._text) - _CUT)
                if not is_cut or not self._read_on():
                    self._broken(error.msg, self._at + place)
            except RecursionError:
                self._broken("it nests too deeply")
            else:
                # a number may go on
                if end < len(self._text) or not self._read_on():
                    self._at = end
                    return value

    def _next(self) -> str:
        """Go to the next character that is not blank, and return it; at the end, nothing."""
        while True:
            rest = self._text[self._at : self._at + _CUT]
            begun = rest.lstrip(_BLANK)
            self._at += len(rest) - len(begun)
            if begun:
                return begun[0]
            if not rest and not self._read_on():
                return ""

    def _skip(self, mark: str) -> None:
        if self._next() != mark:
            self._broken(f"{mark!r} is expected")
        self._at += 1

    def _read_on(self) -> bool:
        """Read as much again as waits, within limits: a long value is not parsed too often."""
        if self._is_all:
            return False
        data = self._file.read(min(max(_CHUNK, len(self._text) - self._at), _LARGEST_CHUNK))
        self._is_all = not data
        try:
            read = self._decoder.decode(data, final=self._is_all)
        except UnicodeDecodeError as error:
            raise Unreadable("file.readable", f"it is no JSON, but not UTF-8: {error}") from error
        self._text = self._text[self._at :] + read
        self._at = 0
        return bool(data)

    def _broken(self, reason: str, position: int | None = None) -> NoReturn:
        place = self._at if position is None else position
        rest = self._text[place : place + 20]
        told = f"at {rest!r}" if rest else "and the file ends"
        kind = BrokenOff if not rest or reason.startswith(_CUT_TEXT) else Unreadable
        raise kind("file.readable", f"it is no JSON: {reason.removesuffix(' at')}, {told}")


def _refuse(constant: str) -> NoReturn:
    raise Unreadable("file.readable", f"it is no JSON: {constant} is no number")
