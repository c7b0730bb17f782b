"""UN/EDIFACT as carriers write it: segments into messages, messages into an interchange."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydifact.control.characters import Characters
from pydifact.segments import Segment
from pydifact.serializer import Serializer

_LINE = 70  # characters of one component of free text
_LINES = 5

Part = Segment
_CHARACTERS = Characters.from_str("UNA:+.? '")


def segment(tag: str, *elements: str | list[str]) -> Part:
    """Return one segment; an element of several components is a list."""
    return Segment(tag, *elements)


def interchange(
    sender: str,
    reference: str,
    prepared: datetime,
    kind: list[str],
    messages: Iterable[list[Part]],
) -> bytes:
    """Return a whole interchange in UTF-8 (UNOY), envelopes and counts included.

    Args:
        sender: who sends it.
        reference: of the interchange.
        prepared: when, in local time.
        kind: type, version, release and agency of every message.
        messages: their segments, without UNH and UNT.
    """
    parts = [
        segment(
            "UNB",
            ["UNOY", "4"],
            sender,
            "CNCUSTOMS",
            [f"{prepared:%Y%m%d}", f"{prepared:%H%M}"],
            reference,
        )
    ]
    count = 0
    for message in messages:
        count += 1
        number = f"{reference}{count:04d}"
        parts += [
            segment("UNH", number, kind),
            *message,
            segment("UNT", str(len(message) + 2), number),
        ]
    parts.append(segment("UNZ", str(count), reference))
    return Serializer(_CHARACTERS).serialize(parts, with_una_header=True, break_lines=True).encode()


def free_text(text: str) -> list[str]:
    """Cut a text into the lines that FTX holds; the rest is lost, as in the real one."""
    return [text[start : start + _LINE] for start in range(0, len(text), _LINE)][:_LINES]
