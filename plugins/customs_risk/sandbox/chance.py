"""Chance that can be repeated: generators by purpose and day, and uniform numbers by identifier."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]


def generator(seed: int, purpose: str, day: int = 0) -> np.random.Generator:
    """A generator of its own for each purpose and day, so that no draw shifts another."""
    # a seed sequence takes no negative numbers, and some things happened before day 0
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), day + 100_000])


def uniform(
    seed: int, purpose: str, identifiers: Sequence[str] | npt.NDArray[np.object_]
) -> Floats:
    """One number in [0, 1) per identifier: the same whenever and in whatever order it is asked."""
    key = f"{zlib.crc32(f'{seed}/{purpose}'.encode()):016x}"
    hashes = pd.util.hash_array(np.asarray(identifiers, dtype=object), hash_key=key)
    # 53 bits are what a double holds exactly; all 64 could round up to 1.0
    return (hashes >> np.uint64(11)).astype(np.float64) / 2.0**53


def either(is_first: Bools, first: Any, second: Any) -> Objects:
    """Texts or nulls, chosen row by row."""
    chosen = np.empty(len(is_first), dtype=object)
    chosen[:] = second
    chosen[is_first] = np.broadcast_to(np.asarray(first, dtype=object), chosen.shape)[is_first]
    return chosen


def zipf(count: int, exponent: float) -> Floats:
    """Shares that fall with rank as rank^-exponent; they sum to 1."""
    shares = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return shares / shares.sum()


def draw(rng: np.random.Generator, weights: Floats, count: int) -> Ints:
    """`count` positions, each with a probability in proportion to its weight."""
    cumulative = np.cumsum(weights)
    positions = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return np.minimum(positions, len(weights) - 1).astype(np.int64)


def draw_within(
    rng: np.random.Generator, groups: Ints, member_group: Ints, weights: Floats
) -> Ints:
    """For each group number asked for, one member of that group, in proportion to weight."""
    chosen = np.zeros(len(groups), dtype=np.int64)
    for group in np.unique(groups):
        members = np.flatnonzero(member_group == group)
        asked = np.flatnonzero(groups == group)
        chosen[asked] = members[draw(rng, weights[members], len(asked))]
    return chosen
