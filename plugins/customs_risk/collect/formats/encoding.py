"""In which of its declared encodings a file is written."""

import codecs
from pathlib import Path

from customs_risk.collect.formats.reading import Unreadable

_CHUNK = 1 << 20


def encoding_of(path: Path, encodings: tuple[str, ...]) -> str:
    """Return the first declared encoding in which the whole file can be read.

    Raises:
        Unreadable: it can be read in none of them, or holds a NUL; the message names the lines.
    """
    failures = []
    for encoding in encodings:
        line = _undecodable_line(path, encoding)
        if line is None:
            return encoding
        failures.append(f"not {encoding} (line {line})")
    raise Unreadable("file.encoding", "; ".join(failures))


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
