import dataclasses

import pytest

from workshop_lib.rag import Indexed, Result

FOUND = Result("a:0:v", "A text.", 1.25, {"document_id": "a"})


def test_a_result_reads_as_the_seed_s_dictionary():
    assert dict(FOUND) == {
        "id": "a:0:v",
        "content": "A text.",
        "distance": 1.25,
        "metadata": {"document_id": "a"},
        "relevance_score": 0.0,
    }
    assert dict(FOUND) == {**FOUND}
    assert len(FOUND) == 5
    assert list(FOUND) == list(dict(FOUND))


def test_only_its_fields_are_keys():
    assert "content" in FOUND
    for name in ("keys", "document_id", "__class__", 0):
        assert name not in FOUND
        with pytest.raises(KeyError):
            FOUND[name]


def test_it_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Indexed("a", 1, ["a:0:v"]).num_chunks = 2


@pytest.mark.parametrize(("distance", "score"), [(0.0, 1.0), (0.25, 0.75), (1.0, 0.0), (2.0, 0.0)])
def test_a_score_is_never_below_0(distance, score):
    assert Result("a", "", distance).relevance_score == score
