import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workshop_lib.evaluation import (
    Abstention,
    InvalidSample,
    Scored,
    by_cost,
    by_f1,
    choose_threshold,
    measure_abstention,
)

QUESTIONS = st.lists(st.builds(Scored, st.sampled_from([-0.1, 0, 0.1, 0.2, 0.2000001, 0.5, 1]), st.booleans()))
BOTH_KINDS = QUESTIONS.filter(lambda questions: len({question.answerable for question in questions}) == 2)
OBJECTIVES = st.sampled_from([by_f1, by_cost(), by_cost(missed=5), by_cost(needless=0)])


def test_by_hand() -> None:
    questions = [(0.1, False), (0.2, False), (0.3, True), (0.6, True), (0.7, False)]
    found = measure_abstention(questions, 0.35)
    assert found == Abstention(right=2, needless=1, missed=1, answered=1)
    assert (found.precision, found.recall, found.f1) == (2 / 3, 2 / 3, 2 / 3)


def test_a_score_at_the_threshold_is_answered() -> None:
    assert measure_abstention([(0.5, True)], 0.5).answered == 1
    assert measure_abstention([(0.5, True)], 0.5000001).needless == 1


def test_where_there_is_nothing_to_be_right_about_it_is_zero() -> None:
    assert measure_abstention([], 0.5) == Abstention(0, 0, 0, 0)
    assert (Abstention(0, 0, 0, 0).precision, Abstention(0, 0, 0, 0).recall, Abstention(0, 0, 0, 0).f1) == (0, 0, 0)
    assert measure_abstention([(0.9, False)], 0.5).precision == 0


def test_the_threshold_is_midway_between_the_scores_that_it_parts() -> None:
    chosen = choose_threshold([(0.2, False), (0.3, False), (0.7, True), (0.9, True)])
    assert chosen.value == 0.5
    assert chosen.abstention == Abstention(right=2, needless=0, missed=0, answered=2)


def test_of_equally_good_thresholds_the_lowest_is_taken() -> None:
    # Silent below 0.15 or below 0.35: one mistake each.
    questions = [(0.1, False), (0.2, True), (0.3, False), (0.4, True)]
    assert choose_threshold(questions, by_cost()).value == pytest.approx(0.15)


def test_costs_move_it() -> None:
    questions = [(0.1, False), (0.2, True), (0.3, False), (0.4, True)]
    assert choose_threshold(questions, by_cost(missed=5)).value == pytest.approx(0.35)
    assert choose_threshold(questions, by_cost(missed=0)).abstention.answered == 2


def test_never_and_always_silent_are_tried() -> None:
    upside_down = [(0.1, True), (0.9, False)]
    never = choose_threshold(upside_down, by_cost(needless=5))
    assert (never.value, never.abstention) == (0.1, Abstention(0, 0, 1, 1))
    always = choose_threshold(upside_down, by_cost(missed=5))
    assert (always.value, always.abstention) == (math.nextafter(0.9, 1), Abstention(1, 1, 0, 0))


@given(BOTH_KINDS, OBJECTIVES)
def test_no_threshold_is_better_and_no_lower_one_as_good(questions: list[Scored], objective: object) -> None:
    assert callable(objective)
    chosen = choose_threshold(questions, objective)
    assert measure_abstention(questions, chosen.value) == chosen.abstention
    reached = objective(chosen.abstention)
    for score, _ in questions:
        for threshold in (score, math.nextafter(score, math.inf)):
            found = measure_abstention(questions, threshold)
            if found.right + found.needless < chosen.abstention.right + chosen.abstention.needless:
                assert objective(found) < reached
            else:
                assert objective(found) <= reached


@given(BOTH_KINDS, OBJECTIVES)
def test_the_order_of_the_questions_does_not_matter(questions: list[Scored], objective: object) -> None:
    assert callable(objective)
    assert choose_threshold(questions, objective) == choose_threshold(questions[::-1], objective)


@given(st.floats(-1e308, 1e308), st.floats(-1e308, 1e308))
def test_any_two_scores_can_be_parted(lower: float, higher: float) -> None:
    assume(lower < higher)
    assert lower < choose_threshold([(lower, False), (higher, True)]).value <= higher


@pytest.mark.parametrize("questions", [[], [(0.5, True)], [(0.5, False), (0.1, False)]])
def test_a_threshold_needs_questions_of_both_kinds(questions: list[tuple[float, bool]]) -> None:
    with pytest.raises(InvalidSample, match="both kinds"):
        choose_threshold(questions)


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    for found in (choose_threshold, lambda questions: measure_abstention(questions, 0.5)):
        with pytest.raises(InvalidSample, match="finite"):
            found([(score, True), (0.1, False)])
    with pytest.raises(InvalidSample, match="threshold"):
        measure_abstention([], math.nan)


@pytest.mark.parametrize("costs", [{"missed": -1}, {"needless": math.nan}, {"missed": math.inf}])
def test_a_cost_is_a_finite_number_of_zero_or_more(costs: dict[str, float]) -> None:
    with pytest.raises(InvalidSample, match="finite cost"):
        by_cost(**costs)
