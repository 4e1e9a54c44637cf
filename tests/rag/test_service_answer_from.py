import pytest
from prometheus_client import CollectorRegistry

from workshop_lib.rag.errors import EmptyQuery, InvalidQuery, InvalidText, QueryTooLong
from workshop_lib.rag.service import RAGService

from .serving import serve


def test_results_that_were_found_already_are_answered_from_alike_and_count_as_no_query(tmp_path):
    registry = CollectorRegistry()
    with serve(tmp_path, registry=registry) as service:
        service.index_document("A body is the data that a client sends to a server.")
        question = "What does a client send?"

        answer = service.answer(question)

        assert service.answer_from(question, service.query(question)) == answer
        assert not answer.abstained
        assert service.answer_from(question, answer.results, threshold=1.0).abstained
        assert registry.get_sample_value("rag_queries_total") == 2


@pytest.mark.parametrize("ask", [lambda service, text: service.answer_from(text, []), RAGService.question_warning])
@pytest.mark.parametrize(
    ("question", "error"), [(" ", EmptyQuery), ("a" * 4_001, QueryTooLong), ("\ud800", InvalidText), (7, InvalidQuery)]
)
def test_what_is_no_question_is_refused_wherever_it_is_given(service, ask, question, error):
    with pytest.raises(error):
        ask(service, question)


def test_what_a_reader_should_know_of_a_question(service):
    assert service.question_warning("What is a body?") is None
    assert "Spanish" in service.question_warning("¿Qué es un cuerpo?")
    assert "(fr)" in service.question_warning("Corps?", "fr")
    assert "bag read only the beginning" in service.question_warning("body " * 61)
