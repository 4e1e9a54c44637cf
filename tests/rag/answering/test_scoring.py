import math

import pytest

from workshop_lib.rag.answering import confidence, sentences
from workshop_lib.rag.answering.scoring import Overlap

from .making import found

FIRST = "Some cookies are small and have a name."
SECOND = "The response has a method that sets cookies."
THIRD = "A header is read by its own name there."
PAGE = f"{FIRST} {SECOND} {THIRD}"


def overlap(question: str, *results) -> Overlap:
    return Overlap(question, list(sentences(results or [found(PAGE)])))


def test_the_formula_by_hand():
    # Asked: cookies (2 of 3 sentences), response (1 of 3); "set" and "sets" are two words, so set is in none.
    cookies, response, absent = (math.log(1 + (3 - n + 0.5) / (n + 0.5)) for n in (2, 1, 0))
    weight = cookies + response + absent
    scored = overlap("How do I set cookies on the response?").best(3)
    assert [(each.text, score) for each, score in scored] == [
        (SECOND, pytest.approx((cookies + response) / weight + 1.0)),
        (THIRD, pytest.approx(0.4 * (cookies + response) / weight + 1.0)),
        (FIRST, pytest.approx(cookies / weight + 1.0)),
    ]
    assert overlap("How do I set cookies on the response?").coverage() == pytest.approx((cookies + response) / weight)


@pytest.mark.parametrize(
    ("question", "first"),
    [("response methods", SECOND), ("RESPONSÉ", SECOND), ("reading of headers", THIRD), ("naming cookies", FIRST)],
)
def test_words_meet_by_their_beginnings(question, first):
    assert overlap(question).best(1)[0][0].text == first


def test_a_sentence_of_a_nearer_chunk_goes_first():
    near, far = found(PAGE, 0.8), found(PAGE.replace("Some", "Most"), 0.4, document_id="other")
    assert overlap("small cookies", far, near).best(1)[0][0].result is near


def test_a_fragment_comes_last():
    heading = found("Cookie response\nA cookie that you set goes with the response.")
    assert [each.text for each, _ in overlap("cookie response", heading).best(2)] == [
        "A cookie that you set goes with the response.",
        "Cookie response",
    ]


def test_the_sentence_before_is_of_the_same_chunk_only():
    one, other = found(FIRST, 0.5), found(THIRD.replace("name", "place"), 0.5, document_id="other")
    scores = {each.text: score for each, score in overlap("small cookies", one, other).best(2)}
    assert scores[other.content] == 1.0


def test_of_equals_the_first_found_comes_first():
    assert [each.start for each, _ in overlap("oaks").best(3)] == [0, 40, 85]


def test_nothing_but_stop_words_covers_nothing():
    assert overlap("what is it?").coverage() == 0.0
    assert overlap("").coverage() == 0.0
    assert overlap("¿qué es?").coverage() == 0.0


def test_confidence_is_the_mean_of_relevance_and_coverage():
    assert confidence("small cookies", [found(PAGE, 0.6)]) == pytest.approx((0.6 + 1.0) / 2)
    assert confidence("oaks", [found(PAGE, 0.6)]) == pytest.approx(0.3)
    assert confidence("oaks", []) == 0.0


def test_confidence_looks_at_the_nearest_five():
    five = [found(PAGE, 0.6, document_id=str(number)) for number in range(5)]
    assert confidence("oaks", [*five, found("Oaks grow tall in a hundred years.", 0.5)]) == confidence("oaks", five)
