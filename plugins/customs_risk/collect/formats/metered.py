"""A limit to what one record may take: a document is streamed only if its records are small."""

from typing import BinaryIO

from customs_risk.collect.formats.reading import Unreadable

_LARGEST = 16 << 20  # bytes


class Metered:
    """A file that breaks off when too much of it is read without a record having ended.

    Raises:
        Unreadable: more than 16 MB were read since the last record.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._since = 0

    def read(self, size: int = -1) -> bytes:
        """Read on; the readers of XML and JSON ask for small pieces."""
        data = self._file.read(size)
        self._since += len(data)
        if self._since > _LARGEST:
            raise Unreadable("file.readable", f"no record ended within {_LARGEST:,} bytes")
        return data

    def record_ended(self) -> None:
        """Begin to count anew."""
        self._since = 0
