import asyncio
import threading

import pytest
from langchain_core.documents import Document

from workshop_lib.rag.errors import InvalidChain, InvalidQuery
from workshop_lib.rag.results import Result
from workshop_lib.rag.retriever import ServiceRetriever, to_document, to_result

BODY = Result("body:0:v", "A body is data.", 0.25, {"document_id": "body", "start": 0, "end": 15, "language": "en"})
PATH = Result("path:0:v", "A path is a URL.", 1.2, {"document_id": "path", "start": 0, "end": 16, "language": "en"})


class Shelf:
    """Two results for any question; it keeps what it was asked, and by which thread."""

    def __init__(self):
        self.asked = []
        self.threads = []

    def query(self, query_text, top_k=5, filter=None):
        if top_k < 1:
            raise InvalidQuery("expected top_k of 1 or more")
        self.asked.append((query_text, top_k, filter))
        self.threads.append(threading.current_thread())
        return [BODY, PATH][:top_k]


def test_what_the_service_finds_comes_as_documents_in_its_order():
    found = ServiceRetriever(service=Shelf()).invoke("What is a body?")

    assert [document.page_content for document in found] == [BODY.content, PATH.content]
    assert found[0].id == "body:0:v"
    assert found[0].metadata == {
        "document_id": "body",
        "start": 0,
        "end": 15,
        "language": "en",
        "id": "body:0:v",
        "distance": 0.25,
        "relevance_score": 0.75,
    }
    assert found[1].metadata["relevance_score"] == 0


def test_number_and_filter_are_the_retrievers_unless_the_call_has_its_own():
    shelf = Shelf()
    retriever = ServiceRetriever(service=shelf, top_k=2, filter={"language": "en"})

    retriever.invoke("one")
    retriever.invoke("two", top_k=1)
    retriever.bind(filter={"language": "es"}).invoke("three")

    assert shelf.asked == [
        ("one", 2, {"language": "en"}),
        ("two", 1, {"language": "en"}),
        ("three", 2, {"language": "es"}),
    ]


def test_a_mistaken_argument_is_refused_and_not_passed_over():
    with pytest.raises(TypeError, match="k"):
        ServiceRetriever(service=Shelf()).invoke("one", k=3)


@pytest.mark.parametrize("call", [{}, {"top_k": 1}])
def test_asynchronously_another_thread_searches(call):
    shelf = Shelf()

    found = asyncio.run(ServiceRetriever(service=shelf).ainvoke("What?", **call))

    assert len(found) == call.get("top_k", 2)
    assert shelf.threads != [threading.main_thread()]


def test_batches_keep_the_order_of_the_questions():
    shelf = Shelf()

    found = ServiceRetriever(service=shelf).batch(["one", "two", "three"])

    assert [len(documents) for documents in found] == [2, 2, 2]
    assert sorted(asked for asked, _, _ in shelf.asked) == ["one", "three", "two"]


def test_the_services_errors_come_through():
    with pytest.raises(InvalidQuery, match="1 or more"):
        ServiceRetriever(service=Shelf(), top_k=0).invoke("one")


@pytest.mark.parametrize("result", [BODY, PATH])
def test_a_document_turns_back_into_its_result(result):
    assert to_result(to_document(result)) == result


def test_ones_own_metadata_under_our_names_gives_way():
    mine = Result("a:0:v", "Text.", 0.5, {"document_id": "a", "id": "mine", "distance": "far"})

    assert to_document(mine).metadata["id"] == "a:0:v"
    assert to_result(to_document(mine)) == Result("a:0:v", "Text.", 0.5, {"document_id": "a"})


def test_another_retrievers_document_is_refused_with_what_it_lacks():
    with pytest.raises(InvalidChain, match="without distance, document_id in its metadata"):
        to_result(Document("Text.", metadata={"id": "1"}))
