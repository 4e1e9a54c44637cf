import math
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workshop_lib.evaluation import (
    InvalidCutoff,
    InvalidJudgements,
    InvalidRanking,
    ndcg_at_k,
    precision_at_k,
    ranked,
    recall_at_k,
    reciprocal_rank,
    unique,
)

Metric = Callable[..., float]
Gains = dict[str, float]
IDS = "abcdefgh"
RANKINGS = st.lists(st.sampled_from(IDS), unique=True)
GAINS = st.dictionaries(st.sampled_from(IDS), st.sampled_from([0, 0, 1, 2, 3, 0.5]))
CUTOFFS = st.integers(1, 10)
METRICS = [recall_at_k, precision_at_k, reciprocal_rank, ndcg_at_k]
metrics = pytest.mark.parametrize("metric", METRICS)


def test_recall_counts_what_was_found_of_all_that_is_relevant() -> None:
    assert recall_at_k(["a", "x", "b", "c"], {"a", "b", "c", "d"}, 3) == 2 / 4
    assert recall_at_k(["a"], {"a", "b", "c", "d"}, 1) == 1 / 4
    assert recall_at_k([], {"a"}, 5) == 0


def test_precision_divides_by_k_however_little_was_found() -> None:
    assert precision_at_k(["a", "x", "b"], {"a", "b"}, 2) == 1 / 2
    assert precision_at_k(["a"], {"a", "b"}, 5) == 1 / 5


def test_the_reciprocal_rank_is_that_of_the_first_relevant_item() -> None:
    assert reciprocal_rank(["x", "y", "a", "b"], {"a", "b"}) == 1 / 3
    assert reciprocal_rank(["x", "y", "a"], {"a"}, 2) == 0
    assert reciprocal_rank(["x"], {"a"}) == 0


def test_ndcg_by_hand() -> None:
    # Gains 3, 2, 3, 0, 1, 2 and a 3 and a 2 that were not retrieved: the example of the English Wikipedia.
    gains = {"d1": 3, "d2": 2, "d3": 3, "d4": 0, "d5": 1, "d6": 2, "d7": 3, "d8": 2}
    got = 3 + 2 / math.log2(3) + 3 / 2 + 1 / math.log2(6) + 2 / math.log2(7)
    ideal = 3 + 3 / math.log2(3) + 3 / 2 + 2 / math.log2(5) + 2 / math.log2(6) + 2 / math.log2(7)
    ranking = ["d1", "d2", "d3", "d4", "d5", "d6"]
    assert ndcg_at_k(ranking, gains, 6) == pytest.approx(got / ideal)
    assert ndcg_at_k(ranking, gains, 6) == pytest.approx(0.785, abs=0.0005)


def test_exponential_gains_tell_grades_further_apart() -> None:
    got, ideal = 1 + 7 / math.log2(3), 7 + 1 / math.log2(3)
    assert ndcg_at_k(["b", "a"], {"a": 3, "b": 1}, 2, gain="exponential") == pytest.approx(got / ideal)


def test_the_ideal_comes_from_the_judgements_and_not_from_what_was_retrieved() -> None:
    judgements = {f"relevant-{number}" for number in range(10)}
    assert ndcg_at_k(["relevant-0", "x", "y"], judgements, 3) < 0.5


@metrics
def test_where_nothing_is_relevant_every_metric_is_zero(metric: Metric) -> None:
    for judgements in (set(), {}, {"a": 0}):
        assert metric(["a", "b"], judgements, 2) == 0
        assert metric([], judgements, 2) == 0


@metrics
@given(ranking=RANKINGS, gains=GAINS, k=CUTOFFS)
def test_it_stays_between_0_and_1(metric: Metric, ranking: list[str], gains: Gains, k: int) -> None:
    assert 0 <= metric(ranking, gains, k) <= 1


@metrics
@given(ranking=RANKINGS, gains=GAINS, k=CUTOFFS)
def test_only_the_first_k_count(metric: Metric, ranking: list[str], gains: Gains, k: int) -> None:
    assert metric(ranking, gains, k) == metric(ranking[:k], gains, k)


@metrics
@given(ranking=RANKINGS, relevant=st.sets(st.sampled_from(IDS)), k=CUTOFFS)
def test_a_set_is_gains_of_one(metric: Metric, ranking: list[str], relevant: set[str], k: int) -> None:
    assert metric(ranking, relevant, k) == metric(ranking, dict.fromkeys(relevant, 1), k)


@metrics
@given(ranking=st.permutations(IDS), gains=GAINS, k=CUTOFFS, place=st.integers(0, len(IDS) - 2))
def test_to_move_a_better_item_up_is_never_worse(
    metric: Metric, ranking: str, gains: Gains, k: int, place: int
) -> None:
    pair = ranking[place : place + 2]
    better, worse = sorted(pair, key=lambda item: gains.get(item, 0), reverse=True)
    before, after = ranking[:place], ranking[place + 2 :]
    assert metric([*before, better, worse, *after], gains, k) >= metric([*before, worse, better, *after], gains, k)


@given(GAINS, CUTOFFS)
def test_the_ideal_ranking_scores_one(gains: Gains, k: int) -> None:
    assume(any(gains.values()))
    assert ndcg_at_k(sorted(gains, key=lambda item: -gains[item]), gains, k) == 1


@given(RANKINGS, st.sets(st.sampled_from(IDS)), CUTOFFS)
def test_recall_grows_with_k(ranking: list[str], relevant: set[str], k: int) -> None:
    assert recall_at_k(ranking, relevant, k) <= recall_at_k(ranking, relevant, k + 1)


@given(RANKINGS, st.dictionaries(st.sampled_from(IDS), st.floats(0, allow_infinity=False), min_size=1), CUTOFFS)
def test_gains_of_any_size_are_no_trouble(ranking: list[str], gains: Gains, k: int) -> None:
    assert 0 <= ndcg_at_k(ranking, gains, k) <= 1


@metrics
@pytest.mark.parametrize("k", [0, -1, 1.5, "3"])
def test_k_is_a_whole_number_of_one_or_more(metric: Metric, k: object) -> None:
    with pytest.raises(InvalidCutoff, match="1 or more"):
        metric(["a"], {"a"}, k)


@metrics
def test_an_id_twice_is_refused_wherever_it_stands(metric: Metric) -> None:
    with pytest.raises(InvalidRanking, match=r"'a' again at rank 3.*unique"):
        metric(["a", "b", "a"], {"a"}, 1)


@metrics
@pytest.mark.parametrize("ranking", ["abc", b"abc", {"a", "b"}, {"a": 0.5}])
def test_what_is_no_list_is_refused(metric: Metric, ranking: object) -> None:
    with pytest.raises(InvalidRanking, match="best first"):
        metric(ranking, {"a"}, 1)


@metrics
def test_any_iterable_in_order_is_a_ranking(metric: Metric) -> None:
    assert metric((item for item in "a"), {"a"}, 1) == 1


@metrics
@pytest.mark.parametrize("judgements", ["a", ["a"], {"a": -1}, {"a": math.nan}, {"a": math.inf}])
def test_judgements_that_say_nothing_are_refused(metric: Metric, judgements: object) -> None:
    with pytest.raises(InvalidJudgements, match="expected"):
        metric(["a"], judgements, 1)


def test_a_gain_too_large_for_its_exponential_is_refused() -> None:
    with pytest.raises(InvalidJudgements, match="at most 1000"):
        ndcg_at_k(["a"], {"a": 1001}, 1, gain="exponential")
    assert ndcg_at_k(["a", "b"], {"a": 1000, "b": 1000}, 2, gain="exponential") == 1
    assert ndcg_at_k(["a"], {"a": 1e-300}, 1, gain="exponential") == 1


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(InvalidJudgements, match="'linear' or 'exponential'"):
        ndcg_at_k(["a"], {"a"}, 1, gain="cubic")  # type: ignore[arg-type]


@given(st.permutations([("b", 0.5), ("a", 0.5), ("c", 0.9), ("d", -1.0)]))
def test_ties_are_broken_the_same_way_whatever_came_first(scores: list[tuple[str, float]]) -> None:
    assert ranked(dict(scores)) == ["c", "a", "b", "d"]


def test_a_score_that_is_no_number_has_no_rank() -> None:
    with pytest.raises(InvalidRanking, match="NaN for 'b'"):
        ranked({"a": 1.0, "b": math.nan})


def test_unique_keeps_the_best_rank() -> None:
    assert unique(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
