"""Comparison with peers: outliers are found, chance and thin evidence are not, in true words."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ml.peers import robust
from ml.peers import step as peers
from ml.peers.words import group_words

ORIGINS = ("VN", "JP", "DE")
SHARES = (
    "find_rate",
    "reduced_rate",
    "correction",
    "new_seller",
    "transshipment",
    "off_hours",
)


def cells_of(declared: pd.DataFrame, kind: str = "importer") -> pd.DataFrame:
    """Return declarations (subject_key, hs6, origin_country, log_price) as the warehouse sums them.

    Other columns are shares: 0 or 1, or not a number where nothing is known.
    """
    rows = declared.assign(
        subject_kind=kind,
        region="RCEP",
        declarations=1,
        declared_value_cny=1000.0,
        by_air=0,
        prices=declared["log_price"],
        price_squares=declared["log_price"] ** 2,
    ).drop(columns="log_price")
    for name in SHARES:
        known = rows.pop(name) if name in rows else pd.Series(np.nan, rows.index)
        rows[f"{name}_hits"], rows[f"{name}_trials"] = known.fillna(0), known.notna().astype(int)
    key = ["subject_kind", "subject_key", "hs6", "origin_country", "region"]
    return rows.groupby(key, as_index=False).sum()


def trade(seed: int, importers: int = 90, usual: int = 40) -> pd.DataFrame:
    """Return declarations of importers who differ in prices and luck as traders do."""
    dice = np.random.default_rng(seed)
    who = np.repeat(np.arange(importers), dice.poisson(usual, importers) + 5)
    goods = dice.integers(0, 6, len(who))
    found = dice.beta(4, 36, importers)[who] > dice.random(len(who))
    return pd.DataFrame(
        {
            "subject_key": [f"I{number:03d}" for number in who],
            "hs6": [f"8703{20 + n}" for n in goods],
            "origin_country": dice.choice(ORIGINS, len(who)),
            "log_price": goods
            + dice.normal(0, 0.1, importers)[who]
            + dice.normal(0, 0.35, len(who)),
            "find_rate": np.where(dice.random(len(who)) < 0.5, found, np.nan),
        }
    )


def another(key: str, size: int, seed: int, gap: float, findings: int) -> pd.DataFrame:
    """Return one more importer who declares lower by ``gap`` (log) and was found so often."""
    rows = trade(seed, importers=1, usual=2 * size).head(size).assign(subject_key=key)
    return rows.assign(
        log_price=rows["log_price"] - gap, find_rate=(np.arange(size) < findings).astype(float)
    )


def test_an_outlier_is_found_and_a_thin_one_as_far_out_is_not() -> None:
    declared = pd.concat(
        [
            trade(1),
            another("LOW", 60, 2, 0.8, 6),
            another("BAD", 30, 3, 0.0, 21),
            another("THIN", 5, 4, 0.8, 4),
        ]
    )
    found = peers.deviations(peers.subjects_of(cells_of(declared)))
    out = found[found["stands_out"]].set_index(["subject_key", "measure"])
    assert sorted(out.index) == [("BAD", "find_rate"), ("LOW", "price")]
    assert out["is_adverse"].all()
    assert out.loc[("LOW", "price"), "value"] == pytest.approx(np.exp(-0.8), abs=0.1)
    assert out.loc[("BAD", "find_rate"), "value"] == 0.7
    # it was compared, and what is known of it was drawn to its peers
    thin = found.set_index(["subject_key", "measure"]).loc[("THIN", "find_rate")]
    assert thin["peer_value"] < thin["estimate"] < 0.5 < thin["value"]


def test_two_outliers_of_one_group_do_not_hide_each_other() -> None:
    declared = pd.concat(
        [trade(5, importers=35)]
        + [another(f"LOW{n}", 60, 10 + n, 1.2, 6) for n in range(2)]
        + [another(f"BAD{n}", 40, 20 + n, 0.0, 30) for n in range(2)]
    )
    found = peers.deviations(peers.subjects_of(cells_of(declared)))
    assert set(found[found["stands_out"]]["subject_key"]) == {"LOW0", "LOW1", "BAD0", "BAD1"}


def quiet_subjects(seed: int, groups: int = 8) -> tuple[pd.DataFrame, np.random.Generator]:
    """Return subjects who differ only as members of their groups do, seen often or seldom."""
    dice = np.random.default_rng(seed)
    size = groups * 50
    group = np.arange(size) % groups
    trials = np.maximum(5, dice.lognormal(3, 1.1, size)).astype(int)
    variance = 0.35**2 / trials
    spread = dice.uniform(0.05, 0.3, groups)[group]
    rate = (0.06 * np.exp(dice.normal(0, 0.5, groups)))[group]
    subjects = pd.DataFrame(
        {
            "subject_kind": "importer",
            "subject_key": [f"I{n}" for n in range(size)],
            "group_1": [f"{number:02d}" for number in group],
            "price_trials": trials,
            "price_value": dice.normal(0, 0.2, groups)[group]
            + dice.normal(0, np.sqrt(spread**2 + variance)),
            "price_variance": variance,
            "find_rate_trials": trials,
            "find_rate_hits": dice.binomial(trials, dice.beta(40 * rate, 40 * (1 - rate))),
            "correction_trials": trials,
            "correction_hits": dice.binomial(trials, dice.beta(0.5, 99.5, size)),
        }
    ).assign(group_2="all", group_3="all", group_4="all")
    for measure in peers.MEASURES:
        if f"{measure.name}_trials" not in subjects:
            subjects[f"{measure.name}_trials"] = 0
    return subjects.assign(
        **{f"{name}_hits": 0 for name in SHARES if f"{name}_hits" not in subjects}
    ), dice


def test_where_nobody_differs_hardly_any_day_names_anybody() -> None:
    days = [peers.deviations(quiet_subjects(seed)[0]) for seed in range(40)]
    assert {len(day) for day in days} == {1200}
    named = sum(day["stands_out"].any() for day in days)
    assert named / len(days) <= peers.FALSE_SHARE


def test_of_those_named_at_most_the_stated_share_is_named_by_chance() -> None:
    false_shares, found = [], []
    for seed in range(12):
        subjects, dice = quiet_subjects(1000 + seed)
        often = np.flatnonzero(subjects["price_trials"] >= 20)
        planted = dice.choice(often, 20, replace=False)
        subjects.loc[planted[:10], "price_value"] -= 2.0
        bad = dice.binomial(subjects.loc[planted[10:], "find_rate_trials"], 0.7)
        subjects.loc[planted[10:], "find_rate_hits"] = bad
        named = peers.deviations(subjects).query("stands_out")
        is_true = named["subject_key"].isin(subjects.loc[planted, "subject_key"])
        false_shares.append(1 - is_true.mean())
        found.append(named["subject_key"][is_true].nunique() / 20)
    assert np.mean(false_shares) <= peers.FALSE_SHARE
    assert np.mean(found) > 0.8


def test_a_group_that_is_too_small_falls_back_to_a_wider_one() -> None:
    declared = trade(6, importers=60)
    # a few deal in a chapter of their own
    rare = declared["subject_key"] < "I007"
    declared.loc[rare, "hs6"] = "100110"
    subjects = peers.subjects_of(cells_of(declared))
    groups = peers.memberships(subjects)
    assert (groups.groupby("subject_key")["is_own"].sum() == 1).all()
    own = groups[groups["is_own"]].set_index("subject_key")
    assert own.loc["I001", ["group_level", "group_key", "members"]].tolist() == [4, "all", 60]
    assert own.loc["I030", ["group_level", "group_key", "members"]].tolist() == [3, "87", 53]
    # groups of one subject hold each other
    sizes = groups.groupby("subject_key")["members"].agg(list)
    assert all(members == sorted(members) for members in sizes)
    compared = peers.deviations(subjects)
    assert (compared["peers"] >= peers.FEWEST_PEERS).all()
    # of so few nobody can tell what is usual
    few = peers.subjects_of(cells_of(trade(6, importers=8)))
    assert peers.deviations(few).empty
    assert not peers.memberships(few)["is_own"].any()


def test_size_and_chapter_are_those_of_most_value() -> None:
    declared = trade(7, importers=90, usual=30)
    whale = another("WHALE", 400, 8, 0.0, 0)
    subjects = peers.subjects_of(cells_of(pd.concat([declared, whale]))).set_index("subject_key")
    assert subjects.loc["WHALE", "group_1"] == "87|large|RCEP"
    sizes = subjects["group_2"].str.split("|").str[1].value_counts()
    assert sizes.to_dict() == {"large": 31, "medium": 30, "small": 30}


def test_a_price_is_held_against_those_of_others_only() -> None:
    declared = trade(9, importers=30)
    alone = another("ALONE", 40, 10, 3.0, 0).assign(hs6="870390")
    subjects = peers.subjects_of(cells_of(pd.concat([declared, alone]))).set_index("subject_key")
    assert np.isnan(subjects.loc["ALONE", "price_trials"])
    half = another("HALF", 2000, 11, 0.5, 0)
    subjects = peers.subjects_of(cells_of(pd.concat([declared, half]))).set_index("subject_key")
    # though most of what is declared is its own
    assert subjects.loc["HALF", "price_value"] == pytest.approx(-0.5, abs=0.2)


def test_a_spread_of_prices_is_told_as_a_ratio_of_deviations() -> None:
    declared = trade(12, importers=60)
    wild = another("WILD", 200, 13, 0.0, 0)
    dice = np.random.default_rng(14)
    wild["log_price"] += dice.normal(0, 1.0, len(wild))
    found = peers.deviations(peers.subjects_of(cells_of(pd.concat([declared, wild]))))
    row = found.set_index(["subject_key", "measure"]).loc[("WILD", "price_spread")]
    assert row["stands_out"] and row["is_adverse"]
    usual = declared.groupby(["hs6", "origin_country"])["log_price"].std().mean()
    assert row["value"] == pytest.approx(np.hypot(0.35, 1.0) / usual, rel=0.25)


def test_offices_are_compared_with_all_offices_where_there_are_few() -> None:
    subjects = peers.subjects_of(cells_of(trade(15, importers=12, usual=200), kind="office"))
    found = peers.deviations(subjects)
    assert set(found["group_key"]) == {"all"} and set(found["peers"]) == {11}


def test_words_are_true_of_the_row_in_both_languages() -> None:
    declared = pd.concat([trade(16), another("LOW", 60, 17, 0.9, 6)])
    found = peers.deviations(peers.subjects_of(cells_of(declared))).set_index(
        ["subject_key", "measure"]
    )
    row = found.loc[("LOW", "price")]
    gap = 100 * (1 - row["value"] / row["peer_value"])
    told = re.search(
        r"(\d+) % below that of its (\d+) peers \(importers, chapter 87", row["words_en"]
    )
    assert told and (int(told[1]), int(told[2])) == (round(gap), row["peers"])
    assert f"低{round(gap)}%" in row["words_zh"] and "第87章" in row["words_zh"]
    row = found.loc[("LOW", "find_rate")]
    assert row["words_en"].startswith("6 of 60 inspections with a finding (10.0 %), against ")
    assert row["words_zh"].startswith("查验查获率10.0%（60之6）")


@pytest.mark.parametrize(
    ("kind", "key", "en", "zh"),
    [
        ("office", "air|small", "offices, mostly by air, small", "海关、以空运为主、小型"),
        ("hs6_origin", "8703|RCEP", "goods by origin, heading 8703, origins under RCEP",
         "分原产地商品、品目8703、RCEP项下原产地"),
        ("declarant", "all", "all declarants", "全部申报单位"),
    ],
)  # fmt: skip
def test_a_group_is_told_in_words(kind: str, key: str, en: str, zh: str) -> None:
    assert group_words(kind, key) == (en, zh)


def test_the_tail_is_that_of_the_beta_binomial_distribution() -> None:
    dice = np.random.default_rng(18)
    trials = dice.integers(1, 300, 200).astype(float)
    hits = np.floor(dice.random(200) * (trials + 1))
    a, b = dice.uniform(0.2, 5, 200), dice.uniform(0.2, 50, 200)
    exact = stats.betabinom(trials, a, b)
    expected = np.minimum(2 * np.minimum(exact.cdf(hits), exact.sf(hits - 1)), 1)
    assert robust._tail(hits, trials, a, b) == pytest.approx(expected, rel=1e-6, abs=1e-10)


def test_a_million_declarations_are_compared_like_a_thousand() -> None:
    dice = np.random.default_rng(19)
    trials = np.full(40, 1_000_000.0)
    hits = dice.binomial(1_000_000, dice.beta(30, 970, 40)).astype(float)
    hits[0] = 300_000
    found = robust.compare_rates(hits, trials, np.zeros(40, dtype=np.intp))
    assert found.p[0] < 1e-6 < found.p[1:].min()
    assert found.centre[0] == pytest.approx(0.03, abs=0.01)


def test_values_that_are_all_the_same_are_no_reason() -> None:
    found = robust.compare_means(np.full(20, 2.0), np.full(20, 0.1), np.zeros(20, dtype=np.intp))
    assert (found.p == 1).all() and (found.estimate == 2).all()
