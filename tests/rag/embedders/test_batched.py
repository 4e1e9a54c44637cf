import logging

import numpy as np
import pytest

from workshop_lib.rag.embedders import Call, knows, last_call
from workshop_lib.rag.embedders.batched import unit


def test_rows_come_back_in_order_and_progress_reaches_the_end(counting) -> None:
    texts = [f"{'word ' * (n % 7)}{n}" for n in range(10)]
    seen: list[tuple[int, int]] = []
    vectors = counting().embed_documents(texts, lambda done, total: seen.append((done, total)))
    assert seen == [(4, 10), (8, 10), (10, 10)]
    assert np.array_equal(vectors, np.vstack([counting().embed_query(text) for text in texts]))


def test_what_progress_raises_ends_the_work(counting) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    embedder = counting()
    with pytest.raises(KeyboardInterrupt):
        embedder.embed_documents(list("abcdefgh"), stop)
    assert len(embedder.asked) == 4


def test_cut_texts_are_told_each_time_and_logged_once(counting, caplog) -> None:
    embedder = counting()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            embedder.embed_documents(["a", "word " * 11, "b", "word " * 12])
            assert last_call(embedder) == Call(4, 4, (1, 3))
    (record,) = caplog.records
    assert "2 of 4 texts are longer than counting reads (10 tokens)" in record.getMessage()
    embedder.embed_documents(["a"])
    assert last_call(embedder).cut == ()


def test_an_embedder_that_tells_nothing_is_no_error() -> None:
    assert last_call(object()) is None


def test_a_model_of_unknown_languages_is_not_said_to_lack_one(counting) -> None:
    embedder = counting()
    embedder.languages = frozenset()
    assert knows(embedder, "de")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call(), "nothing to do"),
        (Call(5, 5), "5 computed"),
        (Call(5), "5 cached"),
        (Call(5, 2), "2 computed, 3 cached"),
    ],
)
def test_a_call_reads_as_a_timing_says_it(call, said) -> None:
    assert str(call) == said


def test_unit_leaves_zeros_and_takes_any_size() -> None:
    found = unit(np.array([[0.0, 0.0], [3e-30, 4e-30], [3e30, 4e30]]))
    assert np.allclose(found, [[0, 0], [0.6, 0.8], [0.6, 0.8]])
