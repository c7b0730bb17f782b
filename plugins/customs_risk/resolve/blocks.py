"""Blocking: who might be whom, found by the three-letter pieces that names share.

An inverted index over the subjects' names, as a sparse matrix: a mention meets only subjects with
which it shares pieces, and a piece counts the more the fewer subjects bear it. Nothing is compared
with everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from customs_risk.resolve.names import Name

_LETTERS = 38  # the alphabet, the digits, the margin, and everything else
_PIECES = _LETTERS**3
_AT_ONCE = 2_000
_NEAREST = 8
# names whose pieces agree less are not worth a closer look
_LEAST_COSINE = 0.42
# a piece that so many subjects bear tells nobody apart
_COMMONEST = 0.08

Ints = npt.NDArray[np.int64]
_CODES = np.full(256, _LETTERS - 1, dtype=np.int64)
_CODES[ord(" ")] = 0
_CODES[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)] = np.arange(1, 37)


@dataclass(frozen=True)
class Spellings:
    """The ways a list of names may be spelt; ``owner`` is each spelling's position in the list."""

    texts: list[str]
    owner: Ints

    @classmethod
    def of(cls, names: Sequence[Name], *, by_sound: bool) -> "Spellings":
        """Spell each name as it reads; or by its consonants, for scripts without vowels."""
        told = [
            (position, spelling)
            for position, name in enumerate(names)
            for spelling in ((name.sound,) if by_sound else name.spellings)
        ]
        return cls([text for _, text in told], np.array([n for n, _ in told], dtype=np.int64))


class Index:
    """Subjects' names, ready to be met by mentions' names."""

    def __init__(self, names: Sequence[Name]) -> None:
        """Index names; a subject of several names stands in it several times."""
        self._read = _Side(Spellings.of(names, by_sound=False))
        self._heard = _Side(Spellings.of(names, by_sound=True))

    def candidates(self, names: Sequence[Name]) -> tuple[Ints, Ints]:
        """Return pairs (position among ``names``, position in the index) worth a closer look."""
        vowelless = [n for n, name in enumerate(names) if name.script == "abjad"]
        ours, theirs = self._read.nearest(Spellings.of(names, by_sound=False))
        if vowelless:
            some = Spellings.of([names[n] for n in vowelless], by_sound=True)
            heard, met = self._heard.nearest(some)
            ours = np.concatenate([ours, np.array(vowelless, dtype=np.int64)[heard]])
            theirs = np.concatenate([theirs, met])
        pairs = np.unique(np.column_stack([ours, theirs]), axis=0)
        return pairs[:, 0], pairs[:, 1]


class _Side:
    """One way of spelling the index's names."""

    def __init__(self, spellings: Spellings) -> None:
        self._owner = spellings.owner
        counts = _pieces(spellings.texts)
        count = max(counts.shape[0], 1)
        bearers = np.bincount(counts.indices, minlength=_PIECES)
        weight = np.log1p(count / (1 + bearers))
        # never so in a small index, where every piece is borne by a few
        weight[(bearers > _COMMONEST * count) & (bearers > 200)] = 0.0
        self._weight = sparse.diags_array(weight)
        self._by_piece = _unit_rows(counts @ self._weight).T.tocsr()

    def nearest(self, spellings: Spellings) -> tuple[Ints, Ints]:
        """Return pairs of owners whose spellings are near, the nearest few for each spelling."""
        ours: list[Ints] = [np.empty(0, dtype=np.int64)]
        theirs: list[Ints] = [np.empty(0, dtype=np.int64)]
        for start in range(0, len(spellings.texts), _AT_ONCE):
            rows = _unit_rows(_pieces(spellings.texts[start : start + _AT_ONCE]) @ self._weight)
            row, column = _best(rows @ self._by_piece)
            ours.append(spellings.owner[start + row])
            theirs.append(self._owner[column])
        return np.concatenate(ours), np.concatenate(theirs)


def _pieces(texts: list[str]) -> sparse.csr_array:
    """Return which three-letter pieces each text has, one row a text."""
    padded = [f" {text} ".encode("ascii", "replace") for text in texts]
    lengths = np.array([len(each) for each in padded], dtype=np.int64)
    codes = _CODES[np.frombuffer(b"".join(padded), dtype=np.uint8)]
    row = np.repeat(np.arange(len(texts)), lengths)
    piece = (codes[:-2] * _LETTERS + codes[1:-1]) * _LETTERS + codes[2:]
    within = row[:-2] == row[2:]
    matrix = sparse.csr_array(
        (np.ones(int(within.sum())), (row[:-2][within], piece[within])),
        shape=(len(texts), _PIECES),
    )
    matrix.data[:] = 1.0
    return matrix


def _unit_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    length = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1.0 / np.maximum(length, 1e-9)) @ matrix)


def _best(cosines: sparse.csr_array) -> tuple[Ints, Ints]:
    """Return the cells of each row that are near enough, the nearest few."""
    near = cosines.data >= _LEAST_COSINE
    row = np.repeat(np.arange(cosines.shape[0]), np.diff(cosines.indptr))[near]
    column, cosine = cosines.indices[near].astype(np.int64), cosines.data[near]
    order = np.lexsort((column, -cosine, row))
    row, column = row[order], column[order]
    first = np.searchsorted(row, np.arange(cosines.shape[0]))
    kept = np.arange(len(row)) - first[row] < _NEAREST
    return row[kept], column[kept]
