import pytest

from workshop_lib.rag.answering import SHIPPED, ExtractiveAnswerer, cited
from workshop_lib.rag.embedders import KNOWN

from .making import found

PAGE = "A cookie is a small text for the browser. You set a cookie on\tthe response. Oaks grow tall in a hundred years."


def test_the_best_sentences_best_first_each_with_its_citation():
    results = [found(PAGE, 0.75, start=50, title="Cookies")]
    answer = ExtractiveAnswerer(most=2).answer("cookie, response, browser", results)
    assert [(each.number, each.text) for each in answer.citations] == [
        (1, "You set a cookie on\tthe response."),
        (2, "A cookie is a small text for the browser."),
    ]
    assert answer.text == "You set a cookie on the response. [1] A cookie is a small text for the browser. [2]"
    assert answer.text == " ".join(map(cited, answer.citations))
    for each in answer.citations:
        assert PAGE[each.start - 50 : each.end - 50] == each.text
        assert (each.document_id, each.chunk_id, each.title) == ("page", "page:50", "Cookies")
    assert answer.citations[0].score > answer.citations[1].score


def test_a_document_without_a_title():
    assert ExtractiveAnswerer().answer("cookie", [found(PAGE)]).citations[0].title is None


@pytest.mark.parametrize(("threshold", "abstained"), [(0.79, False), (0.8, False), (0.81, True), (None, False)])
def test_silence_below_the_threshold(threshold, abstained):
    # Relevance 0.6, and all of the question's words.
    answer = ExtractiveAnswerer(threshold).answer("cookie", [found(PAGE, 0.6)])
    assert (answer.abstained, answer.threshold, answer.score) == (abstained, threshold, pytest.approx(0.8))
    assert (answer.citations == ()) == abstained
    assert (answer.text == "The documents don't answer this.") == abstained
    assert len(answer.results) == 1


def test_a_sentence_that_two_chunks_hold_in_part_is_said_once():
    whole, tail = found(PAGE, 0.6), found(PAGE[12:], 0.7, start=12)
    question = "What is a small text for the browser?"
    texts = [each.text for each in ExtractiveAnswerer().answer(question, [tail, whole]).citations]
    assert len([text for text in texts if "small text for the browser" in text]) == 1
    elsewhere = found(PAGE[12:], 0.7, start=12, document_id="other")
    texts = [each.text for each in ExtractiveAnswerer().answer(question, [elsewhere, whole]).citations]
    assert len([text for text in texts if "small text for the browser" in text]) == 2


def test_nothing_found():
    answer = ExtractiveAnswerer().answer("cookie", [])
    assert (answer.abstained, answer.citations, answer.score) == (True, (), 0.0)


def test_the_same_input_gives_the_same_answer():
    results = [found(PAGE), found(PAGE, document_id="copy")]
    assert len({repr(ExtractiveAnswerer().answer("cookie oaks", results)) for _ in range(5)}) == 1


def test_a_warning_is_handed_on():
    assert ExtractiveAnswerer().answer("cookie", [found(PAGE)], warning="Mind the gap.").warning == "Mind the gap."


def test_silence_is_translated(pseudo):
    assert ExtractiveAnswerer().answer("cookie", []).text == "⟦The documents don't answer this.⟧"


def test_every_known_embedder_has_a_threshold():
    assert SHIPPED.keys() == KNOWN.keys()
