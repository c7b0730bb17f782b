"""What pooling promises: one source is left alone, order does not matter, more is more."""

import numpy as np
import pytest

from customs_risk.experts.combination import combined
from customs_risk.experts.vocabulary import why_refused
from customs_risk.experts.yardstick import Record, Yardstick
from ml.config import ModelConfig
from ml.pooling import PoolingRule, agreement, levels, middle, pool, weights

RULE = PoolingRule()


def pooled(likelihood, weight):
    """Pool the sources of one case."""
    return pool(np.array(likelihood), np.array(weight), np.zeros(len(weight), int), 1, RULE)


def weighed(cases, brier, reference):
    return weights(np.array([cases]), np.array([brier]), np.array([reference]), RULE)[0]


def test_one_source_is_left_as_it_is_and_so_are_sources_that_agree() -> None:
    for likelihood in (0.02, 0.5, 0.97):
        alone = pooled([likelihood], [0.3])
        assert alone.likelihood == pytest.approx([likelihood])
        assert alone.low == pytest.approx([likelihood]) == alone.high
        agreed = pooled([likelihood] * 3, [0.3, 0.1, 0.7])
        assert agreed.likelihood == pytest.approx([likelihood])
        assert agreed.spread == pytest.approx([0], abs=1e-9)


def test_pooling_is_the_weighted_mean_of_log_odds() -> None:
    # odds of 1 to 9 and of 1 to 1, the second with three times the weight: 9 to the power of -1/4
    assert pooled([0.1, 0.5], [0.1, 0.3]).likelihood == pytest.approx([1 / (1 + 9**0.25)])
    assert pooled([0.1, 0.5], [0.1, 0.3]).spread == pytest.approx([np.log(9) * 3**0.5 / 4])


def test_neither_order_nor_the_scale_of_weights_nor_the_name_of_the_outcome_matters() -> None:
    dice = np.random.default_rng(271)
    for _ in range(50):
        said, weight = dice.random(5), dice.random(5)
        (answer,) = pooled(said, weight).likelihood
        shuffled = dice.permutation(5)
        assert pooled(said[shuffled], weight[shuffled]).likelihood[0] == pytest.approx(answer)
        assert pooled(said, 7 * weight).likelihood[0] == pytest.approx(answer)
        assert pooled(1 - said, weight).likelihood[0] == pytest.approx(1 - answer)
        assert said.min() <= answer <= said.max()


def test_whoever_says_more_raises_it_and_whoever_weighs_more_draws_it() -> None:
    said = np.linspace(0.01, 0.99, 40)
    answers = [pooled([0.2, each], [0.5, 0.5]).likelihood[0] for each in said]
    assert (np.diff(answers) > 0).all()
    drawn = [pooled([0.2, 0.8], [0.5, weight]).likelihood[0] for weight in (0, 0.1, 0.5, 2, 1e6)]
    assert drawn[0] == pytest.approx(0.2)
    assert drawn[-1] == pytest.approx(0.8, abs=1e-4)
    assert (np.diff(drawn) > 0).all()


def test_who_has_no_weight_is_not_heard() -> None:
    heard, alone = pooled([0.3, 0.99], [0.2, 0.0]), pooled([0.3], [0.2])
    assert heard.likelihood == pytest.approx(alone.likelihood)
    assert (heard.spread[0], heard.sources[0]) == (pytest.approx(0, abs=1e-9), 1)
    nobody = pooled([0.3, 0.9], [0.0, 0.0])
    assert np.isnan(nobody.likelihood[0]) and np.isnan(nobody.spread[0])
    assert agreement(nobody, RULE) == ["none"]


def test_nobody_is_so_sure_that_others_are_not_heard() -> None:
    assert pooled([0.0, 0.5], [1.0, 1.0]).likelihood[0] > RULE.floor
    assert pooled([1.0], [1.0]).likelihood == pytest.approx([1 - RULE.floor])


def test_cases_do_not_mix_and_a_case_without_sources_has_no_answer() -> None:
    several = pool(
        np.array([0.1, 0.9, 0.4]), np.array([1.0, 1.0, 1.0]), np.array([0, 2, 0]), 3, RULE
    )
    assert several.likelihood[0] == pytest.approx(pooled([0.1, 0.4], [1.0, 1.0]).likelihood[0])
    assert np.isnan(several.likelihood[1])
    assert several.likelihood[2] == pytest.approx(0.9)
    assert list(several.sources) == [2, 0, 1]


def test_disagreement_is_told_in_words_and_as_an_interval() -> None:
    words = [agreement(pooled(said, [1.0] * len(said)), RULE)[0] for said in (
        [0.2], [0.2, 0.25], [0.2, 0.5], [0.05, 0.9]
    )]  # fmt: skip
    assert words == ["single", "close", "different", "contradictory"]
    apart = pooled([0.05, 0.9], [1.0, 1.0])
    assert apart.low == pytest.approx([0.05]) and apart.high == pytest.approx([0.9])


def test_an_interval_stands_for_its_middle_in_log_odds() -> None:
    low, high = np.array([0.3, 0.1, 0.2, 0.0]), np.array([0.3, 0.9, 0.8, 1.0])
    assert middle(low, high, RULE) == pytest.approx([0.3, 0.5, 0.5, 0.5])


def test_a_record_moves_the_weight_by_as_much_as_it_holds() -> None:
    nobody = weighed(0, np.nan, np.nan)
    assert nobody == pytest.approx(RULE.prior_skill)
    # half the base rate's error: a skill of 0.5
    better = [weighed(cases, 0.1, 0.2) for cases in (1, 20, 200, 1e9)]
    assert (np.diff([nobody, *better]) > 0).all()
    assert better[1] == pytest.approx(0.3) and better[3] == pytest.approx(0.5)
    # who knows no more than the base rate loses what was assumed, who knows less is not heard
    assert 0 < weighed(100, 0.2, 0.2) < nobody
    assert weighed(100, 0.3, 0.2) == 0
    # one terrible case is not the end of anybody, and a perfect base rate no division by zero
    assert weighed(1, 1.0, 0.01) > 0
    assert weighed(5, 0.1, 0.0) >= 0


def test_skill_is_found_where_there_is_some() -> None:
    dice = np.random.default_rng(7)
    truth = dice.beta(1, 4, 400)
    found = (dice.random(400) < truth).astype(float)
    base = found.mean()
    said = {"knows": truth, "guesses": dice.permutation(truth), "repeats": np.full(400, base)}
    weight = {
        name: weighed(400, ((p - found) ** 2).mean(), ((base - found) ** 2).mean())
        for name, p in said.items()
    }
    assert weight["knows"] > 0.1 > weight["repeats"] > weight["guesses"] == 0


def test_levels_follow_the_base_rate() -> None:
    likelihood = np.array([0.01, 0.08, 0.2, 0.4, 0.6, np.nan, 0.4])
    base_rate = np.array([0.05, 0.05, 0.05, 0.3, 0.3, 0.05, np.nan])
    assert list(levels(likelihood, base_rate, ModelConfig())) == [
        "low", "medium", "high", "low", "high", "unknown", "unknown",
    ]  # fmt: skip


def test_every_refusal_has_words_in_both_languages() -> None:
    for what in ("assessor", "undertaking", "qualification"):
        for standing in ("missing", "not_yet", "expired", "revoked"):
            assert what in why_refused(f"{what}_{standing}")
    assert "利益冲突" in why_refused("conflict_declared")


# --- the model and the experts together


def case(domain="tax", model=0.2, **said):
    return {
        "risk_domain": domain,
        "model_likelihood": model,
        "statements": [
            {
                "assessor_id": name,
                "likelihood": each,
                "level": "medium",
                "refusal": "undertaking_expired" if name == "expired" else None,
            }
            for name, each in said.items()
        ],
    }


KNOWN = Yardstick(0.1, {"tax": 0.5, "food_safety": 0.25}, Record(1000, 0.07, 0.1))
RECORDS = {"new": Record(), "expired": Record(), "proven": Record(100, 0.05, 0.1)}


def test_the_model_speaks_of_its_part_of_the_domain() -> None:
    (row,) = combined([case(new=0.1)], KNOWN, RECORDS, RULE)
    # half of what is found is about tax
    assert row["model_domain_likelihood"] == pytest.approx(0.1)
    assert (row["likelihood"], row["agreement"]) == (pytest.approx(0.1), "close")
    assert row["model_weight"] > row["expert_statements"][0]["weight"] > 0


def test_who_proved_better_draws_the_conclusion_further() -> None:
    new, proven = combined([case(new=0.6), case(proven=0.6)], KNOWN, RECORDS, RULE)
    assert 0.1 < new["likelihood"] < proven["likelihood"] < 0.6
    assert proven["level"] == "high"


def test_a_word_that_ceased_to_count_is_kept_and_not_heard() -> None:
    (row,) = combined([case(expired=0.9)], KNOWN, RECORDS, RULE)
    assert row["likelihood"] == pytest.approx(0.1)
    assert (row["experts"], row["expert_likelihood"], row["agreement"]) == (0, None, "single")
    assert row["expert_statements"][0]["weight"] == 0


def test_where_results_tell_nothing_the_experts_speak_alone() -> None:
    unseen, unscored = combined(
        [case("biosecurity", new=0.3), case(model=None, new=0.3)], KNOWN, RECORDS, RULE
    )
    for row in (unseen, unscored):
        assert row["likelihood"] == pytest.approx(0.3)
        assert row["model_weight"] is None
    # there is no base rate to hold it against: the level is the experts'
    assert (unseen["base_rate"], unseen["level"]) == (None, "medium")
