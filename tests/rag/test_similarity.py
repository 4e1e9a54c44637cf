import math

import numpy as np
import pytest

from workshop_lib.rag.results import Result
from workshop_lib.rag.similarity import cosine_similarity, relevance


@pytest.mark.parametrize(
    ("one", "other", "cosine"),
    [
        ([1, 0], [1, 0], 1.0),
        ([1, 0], [0, 1], 0.0),
        ([1, 0], [-1, 0], -1.0),
        ([3, 4], [30, 40], 1.0),
        ([1, 1], [1, 0], math.sqrt(0.5)),
        ([0, 0], [1, 0], 0.0),
        ([1e-200, 0], [1e200, 0], 1.0),
    ],
)
def test_it_is_the_angle_and_not_the_length(one: list[float], other: list[float], cosine: float) -> None:
    assert cosine_similarity(one, other) == pytest.approx(cosine)
    assert cosine_similarity(other, one) == cosine_similarity(one, other)
    assert relevance(one, other) == pytest.approx(max(0.0, cosine))


def test_it_agrees_with_numpy_and_stays_within_its_range() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 384)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row in range(1, 40):
        assert cosine_similarity(unit[row - 1], unit[row]) == pytest.approx(float(unit[row - 1] @ unit[row]), abs=1e-6)
        assert cosine_similarity(unit[row], unit[row]) <= 1.0


def test_vectors_of_two_models_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        cosine_similarity([1.0, 0.0], [1.0])


def test_a_result_has_the_relevance_of_its_vectors() -> None:
    question, chunk = [1.0, 0.5], [-0.2, -1.0]
    distance = 1 - cosine_similarity(question, chunk)
    assert Result("a:0:v", "text", distance).relevance_score == relevance(question, chunk) == 0.0
