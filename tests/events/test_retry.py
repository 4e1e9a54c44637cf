import random
import statistics

import pytest

from workshop_lib.events import backoff


def test_it_is_anything_up_to_a_bound_that_doubles() -> None:
    random.seed(3)
    for attempt, most in [(1, 1.0), (2, 2.0), (3, 4.0), (6, 30.0), (1000, 30.0)]:
        waits = [backoff(attempt) for _ in range(2000)]
        assert 0 <= min(waits) < most / 20
        assert most * 0.95 < max(waits) <= most
        assert statistics.mean(waits) == pytest.approx(most / 2, rel=0.1)


def test_base_and_cap_can_be_given() -> None:
    assert all(backoff(3, base=0.01, cap=0.02) <= 0.02 for _ in range(100))
    assert backoff(1, cap=0) == backoff(1, base=0) == 0


@pytest.mark.parametrize("wrong", [(0,), (-1,), (1, -1.0), (1, 1.0, -1.0)])
def test_what_is_no_attempt_is_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected attempt"):
        backoff(*wrong)  # type: ignore[arg-type]
