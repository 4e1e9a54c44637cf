from collections.abc import Callable

import pytest

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import expect_each

CASES = [(0, 0), (2, 4), (3, 9), (4, 16)]
MISTAKES: dict[str, Callable[[int], int]] = {
    "doubled": lambda n: 2 * n,
    "squared, but for 3": lambda n: 6 if n == 3 else n * n,
}


def test_a_right_answer_passes() -> None:
    expect_each(lambda n: n**2, CASES, mistakes=MISTAKES)


def raises_at_four(n: int) -> int:
    if n == 4:
        raise ZeroDivisionError
    return 2 * n


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda n: n + n, "doubled"),
        (lambda n: 8 if n == 4 else 6 if n == 3 else n * n, "doubled"),
        (lambda n: 6 if n else 0, None),
        (lambda n: n + 1, None),
        (raises_at_four, None),
    ],
)
def test_a_mistake_is_named_where_two_different_results_speak_for_it(
    answer: Callable[[int], int], mistake: str | None
) -> None:
    with pytest.raises(Incorrect) as error:
        expect_each(answer, CASES, mistakes=MISTAKES)
    assert error.value.mistake == mistake


def test_the_input_that_failed_is_told() -> None:
    def squared(n: int) -> str:
        return str(n * n)

    with pytest.raises(Incorrect) as error:
        expect_each(squared, [(2, "4"), (3, "10")])
    assert (error.value.tried, error.value.expected, error.value.got, error.value.case) == (
        "squared(3)",
        "'10'",
        "'9'",
        3,
    )
