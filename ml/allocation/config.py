"""What an allocation of people is bound by, and what it is for: every setting in one place."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class AllocationConfig:
    """The bounds of a recommendation. Shares are of what an office has now, per month."""

    # officer-hours of an office move by so much in a month at most
    most_change: float = 0.30
    # each risk domain keeps this share of its hours, over all offices
    domain_floor: float = 0.80
    # every office inspects this share of its declarations at least, ...
    least_rate: float = 0.02
    # ... and so many of a month drawn at random, or nobody could tell what it misses
    least_random: float = 20.0
    # revenue that counts as much as one finding; value = findings + revenue ÷ this
    finding_value_cny: float = 50_000.0
    # officer-hours of the month as a share of today's; 1: the people that there are
    budget: float = 1.0
    # days decided with a model, and findings, without which nothing is recommended
    least_days: int = 4
    least_findings: int = 50
    # how often the days are drawn anew for the interval, and by which seed
    draws: int = 400
    seed: int = 271

    def as_dict(self) -> dict[str, Any]:
        """Return the bounds as plain values, as they are stored beside a recommendation."""
        return asdict(self)


def configured() -> AllocationConfig:
    """Return the configuration with what the environment sets."""
    from customs_risk.settings import settings

    told = settings()
    return AllocationConfig(
        most_change=told.allocation_most_change,
        domain_floor=told.allocation_domain_floor,
        least_rate=told.allocation_least_rate,
        least_random=told.allocation_least_random,
        finding_value_cny=told.allocation_finding_value_cny,
    )
