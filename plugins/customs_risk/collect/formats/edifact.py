"""UN/EDIFACT interchanges: their segments, and whether the counts in their envelopes are right."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydifact.control.characters import Characters
from pydifact.exceptions import EDISyntaxError, ValidationError
from pydifact.parser import Parser, TokenIterator
from pydifact.tokenizer import Tokenizer

from customs_risk.collect.formats.encoding import encoding_of
from customs_risk.collect.formats.moments import iso
from customs_risk.collect.formats.reading import Unreadable
from expectations.layout import Layout

_LARGEST = 64 << 20  # bytes: an interchange is read whole
_MOST_SEGMENTS = 500_000  # of one message
_MOST_DIGITS = 18  # of a count
_TAG = re.compile(r"[A-Z]{3}")
_ADVICE = "UNA"


@dataclass(frozen=True)
class Segment:
    """One segment: its running number in the file, its tag, and its elements."""

    number: int
    tag: str
    elements: list[str | list[str]]

    def at(self, element: int, component: int = 1) -> str | None:
        """Return a component of an element, both counted from 1; null when it is empty."""
        components = self.components(element)
        return components[component - 1] or None if component <= len(components) else None

    def components(self, element: int) -> list[str]:
        """Return all components of an element, counted from 1."""
        if element > len(self.elements):
            return []
        found = self.elements[element - 1]
        return found if isinstance(found, list) else [found]


@dataclass(frozen=True)
class Message:
    """One message: its reference, when its interchange was prepared, and its segments."""

    reference: str | None
    prepared_at: str | None
    segments: list[Segment] = field(default_factory=list)


def messages(path: Path, layout: Layout, kind: str) -> Iterator[Message]:
    """Yield the messages of a file's interchanges.

    Raises:
        Unreadable: it is no interchange, a count or reference in UNT, UNE or UNZ is wrong, or a
            message is of another kind; the text names the segment. What was yielded before is void.
    """
    segments = _segments(path, layout)
    first = next(segments, None)
    if first is None:
        raise _broken(None, "there is no segment")
    while first is not None:
        if first.tag != "UNB":
            raise _broken(first, "an interchange begins with UNB")
        yield from _interchange(first, segments, kind)
        first = next(segments, None)


def find(segments: list[Segment], tag: str, qualifier: str | None = None) -> Segment | None:
    """Return the first segment of that tag, and of that qualifier in its first element."""
    return next(every(segments, tag, qualifier), None)


def every(segments: list[Segment], tag: str, *qualifiers: str | None) -> Iterator[Segment]:
    """Yield the segments of that tag whose first element is one of the qualifiers, if any."""
    wanted = [qualifier for qualifier in qualifiers if qualifier]
    for segment in segments:
        if segment.tag == tag and (not wanted or segment.at(1) in wanted):
            yield segment


def moment(segments: list[Segment], *qualifiers: str) -> str | None:
    """Return the date of the first qualifier that has one (DTM), in ISO 8601."""
    for qualifier in qualifiers:
        if dated := find(segments, "DTM", qualifier):
            return iso(dated.at(1, 2), dated.at(1, 3))
    return None


def place(segments: list[Segment], qualifier: str) -> str | None:
    """Return the code of the place of that function (LOC)."""
    located = find(segments, "LOC", qualifier)
    return located.at(2) if located else None


def groups(segments: list[Segment], tag: str) -> tuple[list[Segment], list[list[Segment]]]:
    """Split at each segment of that tag; return what stands before the first, and the groups."""
    before: list[Segment] = []
    found: list[list[Segment]] = []
    for segment in segments:
        if segment.tag == tag:
            found.append([])
        (found[-1] if found else before).append(segment)
    return before, found


def _interchange(header: Segment, segments: Iterator[Segment], kind: str) -> Iterator[Message]:
    group: Segment | None = None
    in_group = in_all = group_count = 0
    for segment in segments:
        match segment.tag:
            case "UNG":
                group, in_group = segment, 0
                group_count += 1
            case "UNH":
                yield _message(segment, segments, kind, header)
                in_group += 1
                in_all += 1
            case "UNE" if group:
                _check(segment, in_group, "messages", group.at(5))
                group = None
            case "UNZ":
                counted = (group_count, "groups") if group_count else (in_all, "messages")
                _check(segment, *counted, header.at(5))
                return
            case _:
                raise _broken(segment, "it stands outside of any message")
    raise _broken(None, "the interchange breaks off: there is no UNZ")


def _message(header: Segment, segments: Iterator[Segment], kind: str, outer: Segment) -> Message:
    if header.at(2) != kind:
        raise _broken(header, f"the message is {header.at(2)}, not {kind}")
    message = Message(header.at(1), iso(*_prepared(outer)))
    for segment in segments:
        if segment.tag == "UNT":
            _check(segment, len(message.segments) + 2, "segments", message.reference)
            return message
        if segment.tag in ("UNH", "UNE", "UNZ"):
            break
        message.segments.append(segment)
        if len(message.segments) > _MOST_SEGMENTS:
            raise _broken(segment, f"the message has more than {_MOST_SEGMENTS:,} segments")
    raise _broken(header, "the message has no UNT")


def _prepared(header: Segment) -> tuple[str, str | None]:
    day, clock = header.at(4, 1) or "", header.at(4, 2) or ""
    # the year has two digits up to version 3 of the syntax, and often after
    return day + clock, "201" if len(day) == 6 else None


def _check(segment: Segment, count: int, what: str, reference: str | None) -> None:
    counted = segment.at(1) or ""
    if not counted.isdecimal() or len(counted) > _MOST_DIGITS:
        raise _broken(segment, f"it counts no {what}")
    if int(counted) != count:
        raise _broken(segment, f"it counts {counted} {what}, and there are {count}")
    if segment.at(2) != reference:
        raise _broken(segment, f"its reference is {segment.at(2)}, and {reference} was opened")


def _segments(path: Path, layout: Layout) -> Iterator[Segment]:
    if path.stat().st_size > _LARGEST:
        raise Unreadable("file.size", f"an interchange may have {_LARGEST:,} bytes")
    text = path.read_text(encoding_of(path, layout.encodings)).lstrip("\ufeff \r\n")
    number = 0
    try:
        characters = None
        if text.startswith(_ADVICE):
            characters = Characters.from_str(text[:9])
            text = text[9:].lstrip("\r\n ")
        # the parser's own way in looks for a second UNA anywhere, and drops what stands before
        tokens = TokenIterator(Tokenizer().get_tokens(text, characters))
        for raw in Parser().convert_tokens_to_raw_segments(tokens):
            number += 1
            tag, *elements = raw
            if not isinstance(tag, str) or not _TAG.fullmatch(tag):
                raise Unreadable("file.readable", f"segment {number} has no tag: {str(tag)[:40]}")
            yield Segment(number, tag, elements)
    except (EDISyntaxError, ValidationError) as error:
        raise Unreadable("file.readable", f"after segment {number}: {error}") from error


def _broken(segment: Segment | None, reason: str) -> Unreadable:
    where = f"segment {segment.number} ({segment.tag}): " if segment else ""
    return Unreadable("file.readable", f"{where}{reason}")
