import math
import random
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workshop_lib.evaluation import InvalidSample, bootstrap_interval, measure_abstention

# The mean of three equal numbers may differ from them in its last digit.
ROUNDING = 1e-12
SAMPLES = st.lists(st.floats(0, 1), min_size=2, max_size=20)


@settings(max_examples=30)
@given(SAMPLES)
def test_the_interval_lies_within_the_sample_and_a_seed_repeats_it(sample: list[float]) -> None:
    found = bootstrap_interval(sample, resamples=50, seed=3)
    assert min(sample) - ROUNDING <= found.low <= found.high <= max(sample) + ROUNDING
    assert found == bootstrap_interval(sample, resamples=50, seed=3)


def test_the_same_interval_on_every_machine() -> None:
    found = bootstrap_interval([1, 0, 1, 1, 0.5, 1, 0, 1, 0.25, 1])
    assert str(found) == "0.675 [0.400, 0.925]"
    assert (found.confidence, found.size) == (0.95, 10)


def test_another_seed_draws_others() -> None:
    sample = [number**0.5 for number in range(40)]
    assert bootstrap_interval(sample, resamples=100) != bootstrap_interval(sample, resamples=100, seed=1)


def test_it_agrees_with_scipy() -> None:
    sample = [random.Random(number).random() ** 2 for number in range(60)]
    ours = bootstrap_interval(sample, resamples=10_000)
    theirs = stats.bootstrap(
        (np.array(sample),), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    # The spread of the mean is 0.04; both are drawn at random.
    assert ours.low == pytest.approx(theirs.low, abs=0.004)
    assert ours.high == pytest.approx(theirs.high, abs=0.004)


def test_a_wish_for_more_confidence_widens_it_and_more_queries_narrow_it() -> None:
    sample = [0.0, 1.0] * 20
    width = {confidence: _width(sample, confidence) for confidence in (0.5, 0.9, 0.99)}
    assert width[0.5] < width[0.9] < width[0.99]
    assert _width(sample * 10, 0.9) < width[0.9] / 2


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = random.Random(0)
    covered = 0
    for seed in range(200):
        found = bootstrap_interval([draw.random() < 0.7 for _ in range(60)], resamples=300, seed=seed)
        covered += found.low <= 0.7 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_any_figure_over_queries_has_an_interval() -> None:
    assert bootstrap_interval([1.0, 2.0, 9.0], median, resamples=200).estimate == 2
    questions = [(0.1, False), (0.2, False), (0.3, True), (0.6, True), (0.7, False)] * 5
    found = bootstrap_interval(questions, lambda drawn: measure_abstention(drawn, 0.35).precision)
    assert found.low < found.estimate == 2 / 3 < found.high


@pytest.mark.parametrize("sample", [[], [1.0]])
def test_one_query_says_nothing_of_others(sample: list[float]) -> None:
    with pytest.raises(InvalidSample, match="at least 2 queries"):
        bootstrap_interval(sample)


@pytest.mark.parametrize("options", [{"confidence": 0}, {"confidence": 1}, {"confidence": 95}, {"resamples": 0}])
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InvalidSample, match="expected"):
        bootstrap_interval([0.0, 1.0], **options)  # type: ignore[arg-type]


def test_a_figure_that_some_resamples_lack_is_refused() -> None:
    with pytest.raises(InvalidSample, match="NaN"):
        bootstrap_interval([0.0, 1.0], lambda drawn: math.nan if sum(drawn) == 2 else 0.5)


def _width(sample: list[float], confidence: float) -> float:
    found = bootstrap_interval(sample, confidence=confidence)
    return found.high - found.low
