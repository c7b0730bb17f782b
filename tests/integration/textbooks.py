"""Intervals as textbooks have them, to hold the warehouse's own against."""

import math


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval (Wilson 1927), the textbook formula."""
    share, z2 = hits / trials, 1.96**2
    middle = share + z2 / (2 * trials)
    half = 1.96 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return (middle - half) / (1 + z2 / trials), (middle + half) / (1 + z2 / trials)


def ratio(totals: list[float], trials: list[float]) -> tuple[float, float]:
    """Return the 95 % interval of a ratio of two totals, by linearisation (Cochran 1977)."""
    n, value = len(totals), sum(totals) / sum(trials)
    residuals = sum((y - value * x) ** 2 for y, x in zip(totals, trials, strict=True))
    half = 1.96 * math.sqrt(n / (n - 1) * residuals) / sum(trials)
    return max(value - half, 0), value + half
