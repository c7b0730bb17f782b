"""The interval of expected precision, on worlds whose truth is known."""

import numpy as np
import pytest

from customs_risk.treat.parameters.precision import Group, expected_precision


def group(found: np.ndarray, probability: np.ndarray, inspected: np.ndarray) -> Group:
    """Sum up inspections as the back-test does."""
    weight, y = 1 / probability[inspected], found[inspected].astype(float)
    return Group(
        hits=found.size,
        completed=int(inspected.sum()),
        weight=float(weight.sum()),
        squares=float((weight**2).sum()),
        found=float((weight * y).sum()),
        found_squares=float((weight**2 * y).sum()),
    )


# hits sure to be inspected and their rate; drawn ones, their rate, and two probabilities of a draw
WORLDS = {
    "few of all": (6, 0.6, 60, 0.2, (0.05, 0.2)),
    "rare findings": (40, 0.15, 2000, 0.01, (0.01, 0.02)),
    "many": (300, 0.5, 5000, 0.1, (0.02, 0.1)),
    "none is sure": (0, 0.5, 800, 0.3, (0.05, 0.05)),
    "all are sure": (12, 0.3, 0, 0.1, (0.5, 0.5)),
    "nearly always": (25, 0.95, 400, 0.9, (0.03, 0.3)),
}
REPETITIONS = 400


@pytest.mark.parametrize("world", WORLDS)
def test_the_interval_holds_the_truth_as_often_as_it_says(world: str) -> None:
    sure, sure_rate, others, rate, probabilities = WORLDS[world]
    rng = np.random.default_rng(271)
    truth = (sure * sure_rate + others * rate) / (sure + others)
    held, middles, widths = 0, [], []
    for _ in range(REPETITIONS):
        probability = rng.choice(probabilities, size=others)
        drawn = group(rng.random(others) < rate, probability, rng.random(others) < probability)
        certain_found = rng.random(sure) < sure_rate
        # a tenth of the results is still out
        certain = group(certain_found, np.ones(sure), rng.random(sure) < 0.9)
        told = expected_precision(certain, drawn)
        held += told.low <= truth <= told.high
        widths.append(told.high - told.low)
        if told.expected is not None:
            assert told.low <= told.expected <= told.high
            middles.append(told.expected)
    # 95 % less what chance does to 400 repetitions (three standard errors)
    assert held / REPETITIONS >= 0.95 - 3 * (0.95 * 0.05 / REPETITIONS) ** 0.5
    # it tells something, and is not biased
    assert np.mean(widths) < 0.75
    error = np.std(middles) / len(middles) ** 0.5
    assert abs(np.mean(middles) - truth) < 4 * error


def test_targeted_findings_do_not_speak_for_what_was_not_looked_at() -> None:
    certain = Group(10, 10, 10, 10, 9, 9)
    told = expected_precision(certain, Group(90, 0, 0, 0, 0, 0))
    assert told.expected is None
    assert told.low < 0.09 and told.high > 0.95
    # three findings of three are no certainty, and no hits are no knowledge
    few = expected_precision(Group(3, 3, 3, 3, 3, 3), Group(0, 0, 0, 0, 0, 0))
    assert few.expected == 1 == few.high and few.low < 0.4
    assert expected_precision(Group(0, 0, 0, 0, 0, 0), Group(0, 0, 0, 0, 0, 0)).expected is None


def test_an_inspection_speaks_for_as_many_as_its_probability_says() -> None:
    # one in fifty found of what stood for 100 each, all of what stood for two each
    drawn = Group(1000, 60, 50 * 100 + 10 * 2, 50 * 100**2 + 10 * 2**2, 100 + 20, 100**2 + 40)
    told = expected_precision(Group(0, 0, 0, 0, 0, 0), drawn)
    assert told.expected == pytest.approx(120 / 5020)
    assert told.high < 0.15
