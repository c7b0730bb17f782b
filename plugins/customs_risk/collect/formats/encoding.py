"""In which of its declared encodings a file is written."""

import codecs
from pathlib import Path

from customs_risk.collect.formats.reading import Unreadable

_CHUNK = 1 << 20


def encoding_of(path: Path, encodings: tuple[str, ...]) -> str:
    """Return the first declared encoding in which the whole file can be read.

    Almost any bytes can be read in some encoding of Chinese or of Western Europe: a file that is
    UTF-8 but for some damage is not tried in those.

    Raises:
        Unreadable: it can be read in none of them, or holds a NUL; the message names the lines.
    """
    failures = []
    for encoding in encodings:
        line = _undecodable_line(path, encoding)
        if line is None:
            return encoding
        failures.append(f"not {encoding} (line {line})")
        if encoding.startswith("utf-8") and _is_damaged_utf8(path):
            failures.append("most of it is: the file is damaged, or mixes encodings")
            break
    raise Unreadable("file.encoding", "; ".join(failures))


def _is_damaged_utf8(path: Path) -> bool:
    """Tell whether what is not ASCII at a file's beginning is mostly sound UTF-8."""
    with path.open("rb") as file:
        text = file.read(_CHUNK).decode("utf-8", "replace")
    beyond_ascii = sum(not character.isascii() for character in text)
    return beyond_ascii > 3 * text.count("\ufffd")


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """Return the first line that the encoding cannot read, or that holds a NUL."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if (nul := chunk.find(b"\0")) >= 0:
                return line + chunk.count(b"\n", 0, nul)
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start)
            line += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None
