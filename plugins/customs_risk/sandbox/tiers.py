"""Credit tiers as customs decides them: given when the order came into force, then moved singly.

A firm's tier of a day is its first one, moved by every decision up to that day: what declarations
carry and what the credit register delivers are the same.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from customs_risk.sandbox.chance import Ints, draw, generator, uniform
from customs_risk.sandbox.days import business_days
from customs_risk.sandbox.offences import Offenders
from customs_risk.sandbox.traders import TIERS, Parties, make_tiers

ORDER_NO = 282
IN_FORCE_ON = date(2026, 4, 1)  # of the order
DECIDED_ON = date(2026, 3, 25)  # the first tiers under it
REGISTERED = 0.85  # share of firms that the register holds; of the others declarations tell
_REVIEWED_PER_DAY, _CAUGHT_PER_DAY = 5, 0.6
_WITHDRAWN = 0.06
_BACKDATED_DAYS = 12  # a firm is degraded since the day of its offence, or today


@dataclass(frozen=True)
class Decision:
    """One decision of a day on one firm, by its position among the parties."""

    party: int
    shift: int  # ranks down; 0 confirms, -1 promotes
    days_back: int  # since when it is in force
    is_withdrawn: bool  # a week later


def decisions(seed: int, number: int, parties: Parties, offenders: Offenders) -> list[Decision]:
    """The decisions of one day: some firms were caught, others were reviewed in their turn."""
    rng = generator(seed, "credit decisions", number)
    count = len(parties.importer_id)
    bad = np.flatnonzero(offenders.importers.strength_on(number, count) > 0)
    caught = rng.permutation(bad)[: int(rng.poisson(_CAUGHT_PER_DAY))].tolist()
    reviewed = draw(rng, np.sqrt(parties.importer_size), _REVIEWED_PER_DAY).tolist()
    decided = [
        Decision(int(party), 1, int(rng.integers(_BACKDATED_DAYS)), False) for party in caught
    ]
    for party in reviewed:
        shift = int(rng.choice([-1, 0, 1], p=[0.1, 0.85, 0.05]))
        withdrawn = bool(shift == 0 and rng.random() < _WITHDRAWN)
        decided.append(Decision(int(party), shift, 0, withdrawn))
    # one decision a day on one firm, the first
    return list({each.party: each for each in reversed(decided)}.values())[::-1]


def is_registered(seed: int, parties: Parties) -> Ints:
    """The positions of the firms that the register holds."""
    turn = uniform(seed, "credit register", parties.importer_id)
    return np.flatnonzero(turn < REGISTERED).astype(np.int64)


class Tiers:
    """Every firm's tier on every day of one world."""

    def __init__(
        self, seed: int, start_on: date, middle: int, parties: Parties, offenders: Offenders
    ) -> None:
        self._seed, self._start_on = seed, start_on
        self._parties, self._offenders = parties, offenders
        # first given by what was known in the middle of history
        badness = offenders.importers.strength_on(middle, len(parties.importer_id))
        first = make_tiers(seed, badness, parties.importer_size)
        self._ranks = [np.array([TIERS.index(tier) for tier in first], dtype=np.int64)]

    def first(self, party: int) -> str:
        """The tier that a firm was given first."""
        return TIERS[int(self._ranks[0][party])]

    def on(self, day: date) -> dict[str, str]:
        """Each importer's tier, by its code, with the decisions of the day."""
        ranks = self._ranks_on(day)
        return {
            code: TIERS[rank]
            for code, rank in zip(self._parties.importer_id, ranks.tolist(), strict=True)
        }

    def decided(self, day: date) -> list[Decision]:
        """The decisions of a day."""
        number = (day - self._start_on).days
        return decisions(self._seed, number, self._parties, self._offenders)

    def _ranks_on(self, day: date) -> Ints:
        """Ranks after each business day, worked out once and in order."""
        known = len(self._ranks) - 1
        days = business_days(self._start_on, day)
        for each in days[known:]:
            ranks = self._ranks[-1].copy()
            for decision in self.decided(each):
                ranks[decision.party] = np.clip(
                    ranks[decision.party] + decision.shift, 0, len(TIERS) - 1
                )
            self._ranks.append(ranks)
        return self._ranks[len(days)]


def a_week_before(day: date) -> date:
    """The day whose withdrawn decisions are told again."""
    return day - timedelta(7)
