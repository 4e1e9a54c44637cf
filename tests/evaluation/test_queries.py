from functools import partial

import pytest

from workshop_lib.evaluation import (
    InvalidRanking,
    InvalidSample,
    QueryMismatch,
    mean_reciprocal_rank,
    recall_at_k,
    reciprocal_rank,
    score_queries,
)

JUDGEMENTS = {"q1": {"a"}, "q2": {"b"}, "q3": set[str]()}
RANKINGS = {"q2": ["x", "b"], "q1": ["a"], "q3": ["x"]}


def test_each_query_weighs_the_same_and_those_without_an_answer_none() -> None:
    scores = score_queries(reciprocal_rank, RANKINGS, JUDGEMENTS)
    assert list(scores.values.items()) == [("q1", 1.0), ("q2", 0.5)]
    assert scores.unanswerable == ("q3",)
    assert scores.mean == mean_reciprocal_rank(RANKINGS, JUDGEMENTS) == 0.75


def test_the_cutoff_is_handed_on() -> None:
    assert score_queries(partial(recall_at_k, k=1), RANKINGS, JUDGEMENTS).mean == 0.5
    assert mean_reciprocal_rank(RANKINGS, JUDGEMENTS, k=1) == 0.5


def test_a_query_for_which_nothing_was_found_counts() -> None:
    assert mean_reciprocal_rank(RANKINGS | {"q2": []}, JUDGEMENTS) == 0.5


def test_a_query_can_not_leave_the_average_by_being_left_out() -> None:
    with pytest.raises(QueryMismatch, match=r"a ranking for every query, got none for 2: 'q1', 'q3'\. .*empty list"):
        mean_reciprocal_rank({"q2": ["b"]}, JUDGEMENTS)


def test_a_ranking_without_judgements_is_refused() -> None:
    extra = {f"extra-{number}": ["a"] for number in range(5)}
    with pytest.raises(QueryMismatch, match=r"judgements .* got none for 5: .*'extra-2', …\. .*empty set"):
        mean_reciprocal_rank(RANKINGS | extra, JUDGEMENTS)


def test_an_error_names_its_query() -> None:
    with pytest.raises(InvalidRanking, match="query 'q3': expected each id once"):
        mean_reciprocal_rank(RANKINGS | {"q3": ["x", "x"]}, JUDGEMENTS)


@pytest.mark.parametrize("judgements", [{}, {"q3": set[str]()}])
def test_without_a_query_that_has_an_answer_there_is_no_average(judgements: dict[str, set[str]]) -> None:
    with pytest.raises(InvalidSample, match="expected a query that something is relevant to"):
        mean_reciprocal_rank({query: ["x"] for query in judgements}, judgements)
