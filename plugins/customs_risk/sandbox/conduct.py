"""How officers behave: most as they should, a few in one wrong way each, fixed by the seed.

What an officer does wrong shows only in what is delivered: in results, in their times and places,
in the acts of clearance, in what never comes. The truth is kept apart (truth.py), to hold the
hints of enforcement supervision against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from customs_risk.sandbox.chance import Bools, Ints, Objects, uniform
from customs_risk.sandbox.traders import Lines, Parties

# each kind of misconduct, the rule that should tell it, and what it is
KINDS = {
    "lowers_values": ("REV01", "accepts amendments that lower the value"),
    "settles_cheap": ("REV02", "collects a tenth of the duty on an established gap"),
    "reclassifies": ("REV03", "accepts, after release, codes with a lower rate"),
    "corrects_down": ("REV04", "corrects what was found downwards"),
    "favours_declarant": ("REV05", "takes the amendments of one declarant to himself"),
    "waves_through": ("CTL01", "releases without carrying out the instruction"),
    "dawdles": ("CTL02", "reports results more than a week late"),
    "other_goods": ("CTL03", "examines other goods than instructed"),
    "elsewhere": ("CTL04", "examines at another office's places"),
    "ignores": ("CTL05", "leaves instructions without any answer"),
    "hurries": ("ENF01", "ends examinations within minutes"),
    "blind": ("ENF02", "does not find what is there"),
    "favours_importer": ("ENF03", "takes the inspections of one importer to himself"),
    "bulk": ("ENF04", "enters a day's results within seconds"),
}
_PER_KIND = 0.004  # of all officers, and at least one
_SMALLEST_OFFICE = 3  # officers, so that there are colleagues to be held against
_LEAST, _MOST = 0.6, 0.95  # share of an officer's acts that are wrong
_EARLY = 45  # day on which officers find their favourites
LATE_DAYS = 7  # business days beyond the usual


@dataclass(frozen=True)
class Misconduct:
    """One officer's wrong way, and the share of the acts in question that it touches."""

    kind: str
    officer_id: str
    share: float

    @property
    def rule_code(self) -> str:
        """The rule that should tell it."""
        return KINDS[self.kind][0]


def assigned(seed: int, asked: pd.DataFrame, staff: dict[str, int]) -> Objects:
    """The officer of each row's office that chance assigns the inspection to."""
    return officers_by_chance(seed, "officer", asked["declaration_id"], asked["office_code"], staff)


def officers_by_chance(
    seed: int, purpose: str, ids: pd.Series, offices: pd.Series, staff: dict[str, int]
) -> Objects:
    """One officer of each row's office, by a number that follows from the identifier."""
    places = offices.map(staff).fillna(4).to_numpy()
    number = 1 + np.floor(uniform(seed, purpose, ids.to_numpy(dtype=object)) * places)
    written = pd.Series(number.astype(np.int64).astype(str), dtype=object).str.zfill(3)
    chosen: Objects = offices.to_numpy(dtype=object) + "-" + written.to_numpy(dtype=object)
    return chosen


def make_conduct(seed: int, parties: Parties, lines: Lines, share: float) -> Conduct:
    """The conduct of a world's officers; `share` of them is there, and at least two per office."""
    places = np.maximum(np.round(parties.office_staff * share), 2).astype(int)
    return Conduct(
        seed,
        dict(zip(parties.office_code, places.tolist(), strict=True)),
        _middling(lines, parties, lines.importer, parties.importer_id),
        _middling(lines, parties, lines.broker, parties.broker_id),
    )


def _middling(lines: Lines, parties: Parties, position: Ints, names: Objects) -> dict[str, str]:
    """Of each office, a party that trades much there, though not the most."""
    favourites = {}
    for place, office in enumerate(parties.office_code):
        at_office = np.where(lines.office == place, lines.weight_on(_EARLY), 0.0)
        sizes = np.bincount(position, weights=at_office, minlength=len(names))
        favourites[str(office)] = str(names[np.argsort(-sizes)[1]])
    return favourites


class Conduct:
    """Who misbehaves in one world.

    `staff` is the number of officers per office; `importers` and `declarants` name, per office, a
    middling one whom an officer there might favour.
    """

    def __init__(
        self,
        seed: int,
        staff: dict[str, int],
        importers: dict[str, str],
        declarants: dict[str, str],
    ) -> None:
        self._seed = seed
        self.staff = staff
        self._importers = importers
        self._declarants = declarants

    @cached_property
    def planted(self) -> list[Misconduct]:
        """All misconduct of the world; no officer has two wrong ways."""
        officers = np.array(
            [
                f"{office}-{number:03d}"
                for office, places in sorted(self.staff.items())
                for number in range(1, places + 1)
                if places >= _SMALLEST_OFFICE
            ],
            dtype=object,
        )
        everyone = sum(self.staff.values())
        wanted = [kind for kind in KINDS for _ in range(max(1, round(_PER_KIND * everyone)))]
        turn = np.argsort(uniform(self._seed, "misconduct", officers))
        shares = _LEAST + (_MOST - _LEAST) * uniform(self._seed, "misconduct share", officers)
        return [
            Misconduct(kind, str(officers[place]), float(shares[place]))
            for kind, place in zip(wanted, turn, strict=False)
        ]

    def truth(self) -> pd.DataFrame:
        """One row per misconduct: kind, rule_code, subject_type, subject_key, share.

        Whoever ignores an instruction is not known by name: there the subject is the office.
        """
        return pd.DataFrame(
            [
                {
                    "kind": each.kind,
                    "rule_code": each.rule_code,
                    "subject_type": "office" if each.kind == "ignores" else "officer",
                    "subject_key": each.officer_id.partition("-")[0]
                    if each.kind == "ignores"
                    else each.officer_id,
                    "share": each.share,
                }
                for each in self.planted
            ]
        )

    def does(self, kind: str, officers: Objects, ids: Objects) -> Bools:
        """Whether each act is one of those that its officer does wrong in this way."""
        shares = {each.officer_id: each.share for each in self.planted if each.kind == kind}
        share = pd.Series(officers).map(shares).fillna(0.0).to_numpy(dtype=np.float64)
        return np.asarray(uniform(self._seed, kind, ids) < share)

    def late_days(self, asked: pd.DataFrame) -> Ints:
        """Business days that each answer comes later than usual."""
        officers = assigned(self._seed, asked, self.staff)
        late = self.does("dawdles", officers, asked["declaration_id"].to_numpy(dtype=object))
        return np.where(_is_instructed(asked) & late, LATE_DAYS, 0).astype(np.int64)

    def is_answered(self, asked: pd.DataFrame) -> Bools:
        """Whether each instruction is carried out at all."""
        return ~(self.is_waved(asked) | self._does_of_assigned("ignores", asked))

    def is_waved(self, asked: pd.DataFrame) -> Bools:
        """Whether the goods of each instruction are released unexamined."""
        return self._does_of_assigned("waves_through", asked)

    def taken_over(self, officers: Objects, found: pd.DataFrame) -> Objects:
        """The officers after some took the inspections of an importer to themselves."""
        return self._taken_over(
            "favours_importer", self._importers, officers, found, found["importer_id"]
        )

    def lenient(self, kind: str, officers: Objects, amended: pd.DataFrame) -> Objects:
        """The officers of amendments after parties found out who is lenient in this way."""
        ids = amended["declaration_id"].to_numpy(dtype=object)
        turn = uniform(self._seed, f"finds out {kind}", ids)
        for each in self._of(kind):
            office = each.officer_id.partition("-")[0]
            heard = turn < 2.0 / self.staff[office]
            officers = np.where(
                (amended["office_code"] == office) & heard, each.officer_id, officers
            )
        return officers

    def with_favours(self, officers: Objects, amended: pd.DataFrame) -> Objects:
        """The officers of amendments after some took those of a declarant to themselves."""
        return self._taken_over(
            "favours_declarant", self._declarants, officers, amended, amended["declarant_id"]
        )

    def _of(self, kind: str) -> list[Misconduct]:
        return [each for each in self.planted if each.kind == kind]

    def _does_of_assigned(self, kind: str, asked: pd.DataFrame) -> Bools:
        officers = assigned(self._seed, asked, self.staff)
        ids = asked["declaration_id"].to_numpy(dtype=object)
        return _is_instructed(asked) & self.does(kind, officers, ids)

    def _taken_over(
        self,
        kind: str,
        favourites: dict[str, str],
        officers: Objects,
        rows: pd.DataFrame,
        parties: pd.Series,
    ) -> Objects:
        turn = uniform(self._seed, kind, rows["declaration_id"].to_numpy(dtype=object))
        for each in self._of(kind):
            office = each.officer_id.partition("-")[0]
            is_theirs = (rows["office_code"] == office) & (parties == favourites.get(office))
            officers = np.where(is_theirs & (turn < each.share), each.officer_id, officers)
        return officers


def _is_instructed(asked: pd.DataFrame) -> Bools:
    # of history only results are known, no instructions
    return asked["instruction_id"].notna().to_numpy(dtype=bool)
