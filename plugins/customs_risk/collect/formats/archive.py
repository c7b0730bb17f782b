"""Zip archives of any format: their members are read one after the other, and none is trusted."""

import mmap
import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from customs_risk.collect.formats.reading import Batches, Rejected, Unreadable
from expectations.contract import Contract
from expectations.layout import Layout

_MOST_MEMBERS = 10_000
_HIGHEST_RATIO = 200
_SMALL = 1 << 20  # bytes up to which any ratio is harmless
_CHUNK = 1 << 20
# the others may ask for gigabytes before they unpack a byte
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENTRY = b"PK\x01\x02"  # how each entry of an archive's directory begins
_ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".jar")
_MAGIC = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_TEXTS = ("csv", "ndjson", "json", "xml", "cuscar", "paxlst", "sdn")
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)

ReadMember = Callable[[Path, Contract, Layout, str, Rejected], Batches]


def unpacked(
    path: Path, contract: Contract, layout: Layout, rejected: Rejected, read_member: ReadMember
) -> Batches:
    """Yield the rows of all members, in order of name; their numbers run on.

    Of many documents a broken one costs one row: it is rejected as a whole, and the others are
    read.

    Raises:
        Unreadable: the archive cannot be trusted, or a member not read; the message names it.
    """
    before = 0
    with opened(path, contract.max_bytes) as archive, TemporaryDirectory() as folder:
        wanted = _matching(archive, layout.members)
        for entry in wanted:
            member = _extracted(archive, entry, layout, Path(folder) / "member")
            own = Rejected()
            last = told = 0
            try:
                for batch in read_member(
                    member, contract, layout, Path(entry.filename).suffix, own
                ):
                    last = pc.max(batch.column("row_no")).as_py() or last
                    yield _moved(batch, before)
                    told = _pass_on(own, rejected, before, told)
            except Unreadable as error:
                is_one_of_many = layout.format in ("xml", "json") and len(wanted) > 1
                if not is_one_of_many or last or error.rule != "file.readable":
                    raise Unreadable(error.rule, f"{entry.filename}: {error}") from error
                own.add(1, f"{entry.filename}: {error}: {_beginning(member)}")
            _pass_on(own, rejected, before, told)
            before += max([last, *(number for number, _ in own)])


def extract(path: Path, contract: Contract, layout: Layout, folder: Path) -> dict[str, Path]:
    """Write all members that the layout wants into the folder, for files that belong together.

    Their files are numbered, so that no name of theirs reaches the file system. Returns where each
    lies, by its name in the archive.

    Raises:
        Unreadable: the archive is damaged or dangerous, or no member is wanted.
    """
    with opened(path, contract.max_bytes) as archive:
        return {
            entry.filename: _extracted(archive, entry, layout, folder / f"member-{number}")
            for number, entry in enumerate(_matching(archive, layout.members))
        }


def opened(path: Path, most_bytes: int) -> zipfile.ZipFile:
    """Open an archive whose directory promises no harm.

    Raises:
        Unreadable: it is no zip archive, or one of its members is encrypted, nested, a link, too
            large, twice there, or named as if it lay elsewhere; the message names the member.
    """
    if _has_too_many_entries(path):
        raise _refusal("archive", f"it has more than {_MOST_MEMBERS:,} members")
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise _refusal("archive", f"it is no zip archive: {error}") from error
    total = 0
    names: set[str] = set()
    for member in archive.infolist():
        total += member.file_size
        if reason := _danger(member, names):
            archive.close()
            raise _refusal(member.filename, reason)
        if total > most_bytes:
            archive.close()
            raise _refusal(
                member.filename, f"with it the archive holds more than {most_bytes:,} bytes"
            )
        names.add(member.filename)
    return archive


def write_out(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, copy: BinaryIO, *, refuse_archives: bool
) -> None:
    """Write out one member, and no more of it than its directory entry says.

    Raises:
        Unreadable: it is damaged, or an archive itself.
    """
    try:
        with archive.open(member) as source:
            is_first = True
            while chunk := source.read(_CHUNK):
                if is_first and refuse_archives and chunk.startswith(_MAGIC):
                    raise _refusal(member.filename, "it is an archive itself")
                is_first = False
                copy.write(chunk)
    except _DAMAGE as error:
        raise _refusal(member.filename, f"it is damaged: {error}") from error


def _matching(archive: zipfile.ZipFile, pattern: str) -> list[zipfile.ZipInfo]:
    """Return the members that are wanted, in order of name."""
    wanted = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and PurePosixPath(entry.filename).match(pattern)
    ]
    if not wanted:
        raise _refusal("archive", f"no member matches {pattern}")
    return sorted(wanted, key=lambda entry: entry.filename)


def _extracted(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, layout: Layout, target: Path
) -> Path:
    # a workbook is an archive, and looks for harm in itself
    is_text = layout.format in _TEXTS and not entry.filename.lower().endswith(".xlsx")
    with target.open("wb") as copy:
        write_out(archive, entry, copy, refuse_archives=is_text)
    return target


def _danger(member: zipfile.ZipInfo, names: set[str]) -> str | None:
    """Return why a member is refused, or nothing."""
    name = member.filename
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "its name is absolute"
    if ".." in re.split(r"[/\\]", name):
        return "its name leads out of the archive"
    if name in names:
        return "it is there twice"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a symbolic link"
    if member.compress_type not in _WAYS:
        return "it is compressed in another way than deflate"
    if PurePosixPath(name).suffix.lower() in _ARCHIVES:
        return "it is an archive itself"
    if member.file_size > max(_SMALL, _HIGHEST_RATIO * member.compress_size):
        return f"it is compressed to less than 1/{_HIGHEST_RATIO} of its size"
    return None


def _has_too_many_entries(path: Path) -> bool:
    """Count directory entries before the directory is read into memory."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position = -1
        for _ in range(_MOST_MEMBERS + 1):
            position = content.find(_ENTRY, position + 1)
            if position < 0:
                return False
    return True


def _refusal(name: str, reason: str) -> Unreadable:
    return Unreadable("file.archive", f"{name}: {reason}")


def _moved(batch: pa.RecordBatch, by: int) -> pa.RecordBatch:
    numbers = pc.add(batch.column("row_no"), by)
    return pa.RecordBatch.from_arrays([numbers, *batch.columns[1:]], schema=batch.schema)


def _pass_on(own: Rejected, rejected: Rejected, before: int, told: int) -> int:
    for number, text in own[told:]:
        rejected.add(before + number, text)
    return len(own)


def _beginning(member: Path) -> str:
    with member.open("rb") as file:
        return file.read(_CHUNK).decode("utf-8", "replace")
