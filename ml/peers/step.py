"""Horizontal analogy: who declares otherwise than others of its kind (Order 271, Article 10).

Subjects are compared with their peers by what was known before the day. A subject whose group is
too small is compared with the next wider one. What stands out is judged over all comparisons of a
day together, so that of what is named a stated share at most is to be expected by chance (Benjamini
and Hochberg 1995, who allow for measures that lean the same way).
"""

import logging
from collections.abc import Callable, Iterator
from datetime import date
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ml.peers import robust
from ml.peers.words import MEASURES, Measure, deviation_words

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

WINDOW_DAYS = 90
# with fewer declarations, prices or inspections than this a subject is not compared
LEAST_OBSERVATIONS = 5
# a group with fewer peers falls back to the next wider one; the widest may do with the fewest
ENOUGH_PEERS = 30
FEWEST_PEERS = 8
# of all that is said to stand out, what may be so by chance
FALSE_SHARE = 0.05
# whatever changes a comparison changes this number
RULES_VERSION = 1

# groups by kind of subject, from the narrowest to the widest. Chapter, heading and region are those
# of most of the value; a region is the origins whose goods mostly come under one kind of duty rate;
# size is by thirds of a kind's declared value
GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "importer": (("chapter", "size", "region"), ("chapter", "size"), ("chapter",), ("all",)),
    "declarant": (("chapter", "size", "region"), ("chapter", "size"), ("chapter",), ("all",)),
    "hs6_origin": (("heading", "region"), ("chapter", "region"), ("chapter",), ("all",)),
    "office": (("transport", "size"), ("transport",), ("all",)),
}

# from the scale on which peers are compared to that which is shown: a share, a ratio of prices, a
# ratio of their standard deviations
_SHOWN: dict[str, Callable[[robust.Floats], robust.Floats]] = {
    "share": np.asarray,
    "ratio": np.exp,
    "spread": lambda roots: np.maximum(roots, 0) ** 1.5,
}
_CELLS = Path(__file__).with_name("cells.sql")
_SIZES = ("large", "medium", "small")
_SUBJECT = ["subject_kind", "subject_key"]
# a spread of prices below five per cent is none
_LEAST_VARIANCE = 0.05**2


def compare_peers() -> int:
    """Compare all subjects with their peers, once a business day; return how many comparisons.

    Of earlier days only what stood out is kept: the rest can be made again from the same facts.
    """
    from customs_risk.warehouse import connect

    with connect() as connection:
        day = _today(connection)
        if _newest(connection) >= day:
            return 0
    subjects = subjects_of(known_before(day))
    compared = deviations(subjects)
    return _write(day, memberships(subjects), compared) if len(compared) else 0


def known_before(day: date) -> pd.DataFrame:
    """Return what was known before a day of the window that ends with it, in cells.

    One row per subject and goods: subject_kind, subject_key, hs6, origin_country, region, and sums:
    declarations, declared_value_cny, prices (logarithms of CNY per kg), price_squares, by_air, and
    ``_hits`` and ``_trials`` of each share.
    """
    from customs_risk.warehouse import read_arrow

    query = _CELLS.read_text(encoding="utf-8")
    return read_arrow(query.format(day=day, window_days=WINDOW_DAYS)).to_pandas()


def subjects_of(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects with enough declarations, one row each.

    Columns: subject_kind, subject_key, declarations, group_1 (the narrowest) and on, and those of
    the measures; nan where unknown.
    """
    sums = cells.drop(columns=["hs6", "origin_country", "region"]).groupby(_SUBJECT).sum()
    subjects = sums[sums["declarations"] >= LEAST_OBSERVATIONS]
    return subjects.join(_groups(cells, subjects)).join(_prices(cells)).reset_index()


def _groups(cells: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    by_kind = subjects.groupby("subject_kind")["declared_value_cny"]
    place = by_kind.rank(method="first", ascending=False) - 1
    by_air = 2 * subjects["by_air"] > subjects["declarations"]
    traits = pd.DataFrame(
        {
            "chapter": _main(cells, cells["hs6"].str[:2]),
            "heading": _main(cells, cells["hs6"].str[:4]),
            "region": _main(cells, cells["region"]),
            "size": (3 * place // by_kind.transform("size")).map(dict(enumerate(_SIZES))),
            "transport": by_air.map({True: "air", False: "surface"}),
            "all": "all",
        },
        index=subjects.index,
    )
    parts = []
    for kind, rows in traits.groupby("subject_kind"):
        keys = (
            reduce(lambda one, other: one + "|" + other, (rows[name] for name in names))
            for names in GROUPS[str(kind)]
        )
        parts.append(pd.DataFrame({f"group_{n}": key for n, key in enumerate(keys, 1)}))
    return pd.concat(parts) if parts else traits[[]]


def _main(cells: pd.DataFrame, part: "pd.Series[str]") -> "pd.Series[str]":
    """Return the part in which most of each subject's value lies; of equals the first."""
    values = cells.assign(part=part).groupby([*_SUBJECT, "part"])["declared_value_cny"].sum()
    ranked = values.reset_index().sort_values(
        ["declared_value_cny", "part"], ascending=[False, True]
    )
    return ranked.drop_duplicates(_SUBJECT).set_index(_SUBJECT)["part"]


def _prices(cells: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's prices against those of others, and their spread, each as a ratio.

    A price is held against what the other subjects of its kind declare for the same goods from the
    same origin; that of an origin, against the same goods from the other origins.
    """
    cells = cells[cells["declarations"] > 0]
    goods = (cells["hs6"] + "|" + cells["origin_country"]).where(
        cells["subject_kind"] != "hs6_origin", cells["hs6"]
    )
    own = cells[["declarations", "prices", "price_squares"]]
    everyone = own.groupby([cells["subject_kind"], goods]).transform("sum")
    count, total = own["declarations"], own["prices"]
    others = everyone["declarations"] - count
    usual = _squares_within(everyone) / (everyone["declarations"] - 1).clip(lower=1)
    usual = usual.clip(lower=_LEAST_VARIANCE)
    gap = total / count - (everyone["prices"] - total) / others
    told = pd.DataFrame(
        {
            "price_trials": count,
            "gaps": count * gap,
            "doubt": count**2 * usual * (1 / count + 1 / others),
            "price_spread_trials": count - 1,
            "within": _squares_within(own).clip(lower=(count - 1) * _LEAST_VARIANCE),
            "usual": (count - 1) * usual,
        }
    )
    known = told[others >= LEAST_OBSERVATIONS].join(cells[_SUBJECT]).groupby(_SUBJECT).sum()
    freedom = known["price_spread_trials"].where(known["price_spread_trials"] > 0)
    return known[["price_trials", "price_spread_trials"]].assign(
        price_value=known["gaps"] / known["price_trials"],
        price_variance=known["doubt"] / known["price_trials"] ** 2,
        # the cube root of a variance is nearly normal (Wilson and Hilferty 1931)
        price_spread_value=np.cbrt(known["within"] / known["usual"].where(freedom.notna())),
        price_spread_variance=2 / (9 * freedom),
    )


def _squares_within(sums: pd.DataFrame) -> "pd.Series[float]":
    """Return the squared distances of logarithms of prices from their mean, added up."""
    return sums["price_squares"] - sums["prices"] ** 2 / sums["declarations"]


def memberships(subjects: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of each subject in a long table.

    Columns: subject_kind, subject_key, declarations, group_level (1 the narrowest), group_key,
    members, and is_own: whether it is the narrowest with enough peers.
    """
    parts = []
    for _, rows in subjects.groupby("subject_kind"):
        keys = _keys(rows)
        sizes, own = _narrowest(keys)
        count, levels = keys.shape
        repeated = rows[[*_SUBJECT, "declarations"]]
        parts.append(
            repeated.loc[repeated.index.repeat(levels)].assign(
                group_level=np.tile(np.arange(1, levels + 1), count),
                group_key=keys.ravel(),
                members=sizes.ravel(),
                is_own=(np.arange(levels) == own[:, None]).ravel(),
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def deviations(subjects: pd.DataFrame) -> pd.DataFrame:
    """Return how far each subject lies from its peers in each measure, in a long table.

    A subject with too few observations or too few peers is not compared. ``z`` is the standard
    normal number as rare as what was seen; ``false_discovery_share`` is the share that chance would
    have, if everything as rare as this were said to stand out.
    """
    from scipy import stats

    parts = [
        part
        for _, rows in subjects.groupby("subject_kind")
        for measure in MEASURES
        for part in _compared(measure, rows)
    ]
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(parts, ignore_index=True)
    above = rows["value"] > rows["peer_value"]
    share = stats.false_discovery_control(rows["p_value"])
    rows = rows.assign(
        z=np.where(above, 1, -1) * stats.norm.isf(rows["p_value"] / 2),
        false_discovery_share=share,
        direction=np.where(above, "above", "below"),
        stands_out=share <= FALSE_SHARE,
    )
    return _told(rows)


def _compared(measure: Measure, subjects: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Compare subjects of one kind in one measure, those of one level of groups at a time."""
    rows = subjects[subjects[f"{measure.name}_trials"] >= LEAST_OBSERVATIONS]
    if measure.unit == "share" and not rows[f"{measure.name}_hits"].any():
        return
    keys = _keys(rows)
    sizes, own = _narrowest(keys)
    for level in np.unique(own[own >= 0]):
        is_own = own == level
        beside = pd.Index(keys[:, level]).isin(keys[is_own, level])
        groups, names = pd.factorize(keys[beside, level])
        found = _against_peers(measure, rows[beside], groups).assign(
            measure=measure.name,
            group_level=level + 1,
            group_key=names[groups],
            peers=sizes[beside, level] - 1,
        )
        yield found[is_own[beside]]


def _against_peers(measure: Measure, rows: pd.DataFrame, groups: NDArray[np.intp]) -> pd.DataFrame:
    def of(column: str) -> robust.Floats:
        return rows[f"{measure.name}_{column}"].to_numpy(dtype=np.float64)

    if measure.unit == "share":
        value: robust.Floats = of("hits") / of("trials")
        found = robust.compare_rates(of("hits"), of("trials"), groups)
    else:
        value = of("value")
        found = robust.compare_means(value, of("variance"), groups)
    shown = _SHOWN[measure.unit]
    return rows[_SUBJECT].assign(
        observations=of("trials").astype(np.int64),
        value=shown(value),
        peer_value=shown(found.centre),
        estimate=shown(found.estimate),
        p_value=found.p,
    )


def _keys(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Return the groups of subjects of one kind: rows × levels, the narrowest first."""
    levels = len(GROUPS[rows["subject_kind"].iloc[0]]) if len(rows) else 1
    return rows[[f"group_{n}" for n in range(1, levels + 1)]].to_numpy(dtype=object)


def _narrowest(keys: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the size of each group, and each row's narrowest level with enough peers, or -1."""
    columns = [pd.Series(column) for column in keys.T]
    sizes = np.column_stack([column.map(column.value_counts()) for column in columns])
    enough = sizes > ENOUGH_PEERS
    enough[:, -1] |= sizes[:, -1] > FEWEST_PEERS
    return sizes, np.where(enough.any(axis=1), enough.argmax(axis=1), -1)


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    """Add whether the difference speaks of risk, and words."""
    measures = {measure.name: measure for measure in MEASURES}
    words = [deviation_words(measures[str(row.measure)], row) for row in rows.itertuples()]
    risky = rows["measure"].map({name: measure.risky for name, measure in measures.items()})
    return rows.assign(
        is_adverse=rows["direction"] == risky,
        words_en=[en for en, _ in words],
        words_zh=[zh for _, zh in words],
    )


def _today(connection: "psycopg.Connection") -> date:
    from customs_risk.clock import business_day, present

    return business_day(present(connection))


def _newest(connection: "psycopg.Connection") -> date:
    row = connection.execute("select max(as_of_on) from ml.peer_groups").fetchone()
    return (row and row[0]) or date.min


def _write(day: date, groups: pd.DataFrame, compared: pd.DataFrame) -> int:
    """Put a day's groups and comparisons in the place of those of earlier days."""
    from customs_risk.warehouse import append_text, connect

    stamped: dict[str, Any] = {"as_of_on": day, "rules_version": RULES_VERSION}
    with connect() as connection:
        connection.execute("lock table ml.peer_groups in share row exclusive mode")
        if _newest(connection) >= day:  # somebody else was faster
            return 0
        connection.execute("delete from ml.peer_groups")
        connection.execute("delete from ml.peer_deviations where not stands_out")
        for table, rows in (("peer_groups", groups), ("peer_deviations", compared)):
            told = pa.Table.from_pandas(rows.assign(**stamped), preserve_index=False)
            append_text(connection, "ml", table, told)
    log.info("%d comparisons, %d stand out", len(compared), compared["stands_out"].sum())
    return len(compared)
