"""The same figures as scikit-learn, which comes with the models."""

import random

import numpy as np
import pytest
from sklearn.metrics import ndcg_score, precision_recall_fscore_support

from workshop_lib.evaluation import measure_abstention, ndcg_at_k, ranked


@pytest.mark.parametrize("seed", range(20))
def test_ndcg_agrees_with_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    ids = [f"d{number}" for number in range(30)]
    gains = {item: draw.choice([0, 0, 0, 1, 2, 3]) for item in ids}
    scores = {item: draw.random() for item in ids}
    for k in (1, 3, 10, 30):
        theirs = ndcg_score([list(gains.values())], [list(scores.values())], k=k)
        assert ndcg_at_k(ranked(scores), gains, k) == pytest.approx(theirs, abs=1e-12)
        exponential = ndcg_score([[2**gain - 1 for gain in gains.values()]], [list(scores.values())], k=k)
        assert ndcg_at_k(ranked(scores), gains, k, gain="exponential") == pytest.approx(exponential, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_abstention_agrees_with_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    questions = [(draw.random(), draw.random() < 0.7) for _ in range(40)]
    found = measure_abstention(questions, 0.4)
    silent, unanswerable = np.array([[score < 0.4, not answerable] for score, answerable in questions]).T
    precision, recall, f1, _ = precision_recall_fscore_support(
        unanswerable, silent, average="binary", zero_division=0.0
    )
    assert (found.precision, found.recall, found.f1) == pytest.approx((precision, recall, f1))
