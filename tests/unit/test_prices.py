"""Expected prices: intervals that keep their promise, for goods known and unknown, over time."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from ml.config import BoosterConfig
from ml.model import OtherFeaturesError
from ml.prices import model as price_model
from ml.prices.model import PriceConfig, expectations, fit, pinball, restored, widening

CONFIG = PriceConfig(booster=replace(PriceConfig().booster, eta=0.2, max_rounds=30))
DAYS = 60


def world(size: int = 8_000, seed: int = 7) -> pd.DataFrame:
    """Return declarations of 40 commodities from 4 origins, half of them with steady prices.

    The last commodity is a thousand times as dear as the others, and hardly ever seen. Larger
    consignments are cheaper by the kilogram.
    """
    dice = np.random.default_rng(seed)
    commodity = np.minimum(dice.integers(0, 40_000, size) // 1_000, 39)
    commodity[(commodity == 39) & (dice.random(size) < 0.92)] = 0
    level = np.append(np.random.default_rng(1).normal(3, 1, 39), 10.0)
    is_steady = commodity % 2 == 0
    log_mass = dice.normal(6, 1, size)
    noise = dice.normal(0, np.where(is_steady, 0.08, 0.5), size)
    price = level[commodity] - 0.1 * (log_mass - 6) + noise
    day = np.sort(dice.integers(0, DAYS, size))
    rows = pd.DataFrame(
        {
            "hs6": [f"{100000 + c}" for c in commodity],
            "origin_country": dice.choice(["AU", "BR", "VN", "ZM"], size, p=[0.5, 0.3, 0.19, 0.01]),
            "departure_country": dice.choice(["AU", "SG"], size),
            "transport_mode": dice.choice(["2", "5"], size),
            "importer_id": dice.integers(0, 300, size).astype(str),
            "known_on": np.datetime64("2026-04-01") + day.astype("timedelta64[D]"),
            "log_unit_value": price,
            "log_mass": log_mass,
            "net_mass_kg": np.exp(log_mass),
            "declared_value_cny": np.exp(price + log_mass),
            "tax_rate_pct": 10.0,
            "is_steady": is_steady,
        }
    )
    for kind, key in {
        "hs6": ["hs6"],
        "hs6_origin": ["hs6", "origin_country"],
        "importer_hs6": ["importer_id", "hs6"],
    }.items():
        rows = rows.join(earlier(rows, key).add_suffix(f"_{kind}"))
    return rows.assign(count_recent=0.0, sum_recent=0.0, squares_recent=0.0)


def earlier(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return sums over the same goods on strictly earlier days."""
    price = rows["log_unit_value"]
    parts = pd.DataFrame(
        {"count": 1.0, "sum": price, "squares": price**2, "mass_sum": rows["log_mass"]}
    )
    until = parts.groupby([rows[name] for name in key]).cumsum()
    today = parts.groupby([*(rows[name] for name in key), rows["known_on"]]).cumsum()
    return until - today


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return world()


@pytest.fixture(scope="module")
def fitted(rows: pd.DataFrame):
    answer = fit(rows, CONFIG)
    assert answer is not None
    return answer


def test_the_interval_holds_nine_of_ten_later_prices_whatever_the_goods(fitted):
    later = world(seed=8).assign(is_known=lambda told: told["count_hs6_origin"] >= 20)
    later = later[later["is_known"]]
    is_within = expectations(later, fitted[0], 0.13)["price_position"] == "within"
    assert is_within.mean() == pytest.approx(0.90, abs=0.02)
    assert is_within[later["is_steady"]].mean() == pytest.approx(0.90, abs=0.05)
    assert is_within[~later["is_steady"]].mean() == pytest.approx(0.90, abs=0.05)


def test_measured_forward_in_time_it_beats_the_plain_mean(rows, fitted):
    _, metrics = fitted
    assert metrics["measured"]["to"] == str(rows["known_on"].max())
    assert metrics["measured"]["from"] > str(rows["known_on"].quantile(0.75))
    assert metrics["coverage"] == pytest.approx(0.90, abs=0.03)
    assert metrics["pinball"] < 0.97 * metrics["pinball_baseline"]


def test_conformal_calibration_widens_by_the_finite_sample_quantile():
    low = high = np.zeros(19)
    actual = np.arange(1.0, 20.0)
    assert widening(actual, low, high, 0.90) == 18  # the ⌈20 × 0.9⌉th of 19
    assert widening(actual[:5], low[:5], high[:5], 0.90) == 5  # too few: the farthest of all
    # intervals that are too wide are narrowed
    assert widening(actual, actual - 3, actual + 3, 0.90) == -3


def test_quantiles_never_cross(rows, fitted):
    for added in (-9.0, 0.0, 9.0):
        told = replace(fitted[0], widening=added).quantiles(rows)
        assert (np.diff(told[~np.isnan(told[:, 0])], axis=1) >= 0).all()


def test_what_was_learned_of_others_holds_for_goods_that_are_seldom_seen(rows, fitted):
    dear = rows[(rows["hs6"] == "100039") & rows["count_hs6"].between(1, 6)]
    assert len(dear) >= 5
    expected = expectations(dear, fitted[0], 0.13)["expected_cny_per_kg"]
    assert expected.between(np.exp(10) / 2, np.exp(10) * 2).all()


def test_a_new_origin_is_held_against_the_commodity(fitted):
    first = world(seed=9).query("count_hs6_origin == 0 and count_hs6 >= 20")
    assert len(first) >= 10
    told = expectations(first, fitted[0], 0.13)
    usual = np.exp(first["sum_hs6"] / first["count_hs6"])
    assert np.abs(np.log(told["expected_cny_per_kg"] / usual)).median() < 0.3


def test_of_goods_never_seen_nothing_is_expected(rows, fitted):
    never = rows[rows["count_hs6"] == 0]
    assert len(never) >= 40
    for told in (expectations(never, fitted[0], 0.13), expectations(rows, None, 0.13)):
        assert set(told["price_position"]) == {"unknown"}
        assert told.drop(columns="price_position").isna().all(axis=None)


def test_a_country_that_was_never_learned_is_like_one_not_told(rows, fitted):
    few = rows.tail(50)
    strange = few.assign(departure_country="XK", transport_mode="9")
    silent = few.assign(departure_country=None, transport_mode=None)
    assert expectations(strange, fitted[0], 0.13).equals(expectations(silent, fitted[0], 0.13))


def test_gap_and_revenue_at_risk_are_those_of_the_hand(rows, fitted):
    honest = rows.tail(300)
    halved = honest.assign(
        log_unit_value=honest["log_unit_value"] - np.log(2),
        declared_value_cny=honest["declared_value_cny"] / 2,
    )
    before, after = (expectations(told, fitted[0], 0.13) for told in (honest, halved))
    # what is declared does not move what is expected
    assert (before["expected_cny_per_kg"] == after["expected_cny_per_kg"]).all()
    assert (before["log_gap"] - after["log_gap"]).to_numpy() == pytest.approx(np.log(2))
    missing = after["expected_cny_per_kg"] * honest["net_mass_kg"] - halved["declared_value_cny"]
    assert after["value_gap_cny"].to_numpy() == pytest.approx(missing.to_numpy())
    owed = np.maximum(missing, 0) * (1.10 * 1.13 - 1)
    assert after["revenue_at_risk_cny"].to_numpy() == pytest.approx(owed.to_numpy())
    assert (before["revenue_at_risk_cny"] == 0).any()
    assert (after["price_position"] == "below").mean() > 0.5
    untold = expectations(halved.assign(tax_rate_pct=np.nan), fitted[0], 0.13)
    assert untold["revenue_at_risk_cny"].isna().all() and untold["value_gap_cny"].notna().all()


def test_the_same_rows_make_the_same_bytes_and_a_restored_model_tells_the_same(rows, fitted):
    model, _ = fitted
    assert fit(rows, CONFIG)[0].files() == model.files()
    back = restored(model.files())
    assert np.array_equal(back.quantiles(rows), model.quantiles(rows), equal_nan=True)


def test_a_model_of_other_features_is_refused(fitted):
    files = fitted[0].files()
    files["prices.json"] = files["prices.json"].replace(b'"log_mass"', b'"log_weight"')
    with pytest.raises(OtherFeaturesError):
        restored(files)


def test_few_rows_or_a_single_day_make_no_model(rows):
    assert fit(rows.tail(CONFIG.min_rows - 1), CONFIG) is None
    assert fit(rows.tail(2_000).assign(known_on=rows["known_on"].max()), CONFIG) is None


def test_the_hash_names_every_setting():
    other = {
        "booster": BoosterConfig(max_depth=9),
        "quantiles": (0.1, 0.25, 0.5, 0.75, 0.9),
        "features": price_model.FEATURES[1:],
    }
    for setting in fields(PriceConfig):
        value = other.get(setting.name, getattr(CONFIG, setting.name))
        changed = value if setting.name in other else value + 1
        assert replace(CONFIG, **{setting.name: changed}).hash() != CONFIG.hash(), setting.name


def test_pinball_loss_of_the_hand():
    actual, told = np.array([1.0, 5.0]), np.array([[2.0, 2.0], [2.0, 4.0]])
    # over by 1 and 1; under by 3 and 1, at shares 0.1 and 0.5
    assert pinball(actual, told, (0.1, 0.5)) == pytest.approx((0.9 + 0.5 + 0.3 + 0.5) / 4)
    assert np.isnan(pinball(actual[:0], told[:0], (0.1, 0.5)))


def test_a_rare_code_counts_as_one_never_seen(rows):
    quick = replace(CONFIG.booster, max_rounds=3)
    model, _ = fit(rows, replace(CONFIG, booster=quick, min_rows_per_code=500))
    assert model.codes["origin_country"] == ["AU", "BR", "VN"]
