import asyncio
import socket
import threading

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langsmith.utils import tracing_is_enabled

from workshop_lib.rag.answering import ExtractiveAnswerer
from workshop_lib.rag.chain import build_chain
from workshop_lib.rag.errors import BudgetTooSmall, InvalidChain
from workshop_lib.rag.prompt import build_prompt, find_citations
from workshop_lib.rag.results import Answer, Result
from workshop_lib.rag.retriever import ServiceRetriever

from .chains import Last, model, words


class Shelf:
    """Two documents for any question."""

    def query(self, query_text, top_k=5, filter=None):
        return [
            Result("body:0:v", "A body is data.", 0.2, {"document_id": "body", "start": 0, "end": 15}),
            Result("path:0:v", "A path is a URL.", 0.6, {"document_id": "path", "start": 0, "end": 16}),
        ][:top_k]


@pytest.fixture
def retriever():
    return ServiceRetriever(service=Shelf())


@pytest.fixture(name="model")
def _model():
    return model()


def test_the_answerer_answers_from_what_the_retriever_finds(retriever):
    asked = build_chain(retriever, Last()).invoke("What is a path?")

    assert asked["question"] == "What is a path?"
    assert asked["answer"] == "What is a path? A path is a URL. [1]"
    assert isinstance(asked["extract"], Answer)
    assert list(asked["extract"].results) == Shelf().query("What is a path?")
    assert [document.id for document in asked["documents"]] == ["body:0:v", "path:0:v"]


def test_a_chat_model_is_given_the_builders_prompt_as_it_is(retriever, model):
    asked = build_chain(retriever, model, budget=500, count_tokens=words).invoke("What is a body?")

    expected = build_prompt("What is a body?", Shelf().query(""), budget=500, count_tokens=words)
    assert asked["prompt"] == expected
    assert [[message.content for message in messages] for messages in model.given] == [[expected.text]]
    assert asked["answer"] == "It is data [1], or not [7]."
    valid = {mention.number: mention.valid for mention in find_citations(asked["answer"], asked["prompt"])}
    assert valid == {1: True, 7: False}


@pytest.mark.parametrize(
    "reply", ["Data [1].", AIMessage("Data [1]."), AIMessage([{"type": "text", "text": "Data [1]."}])]
)
def test_any_runnable_may_answer_with_a_text_or_a_message(retriever, reply):
    chain = build_chain(retriever, RunnableLambda(lambda prompt: reply), count_tokens=words)

    assert chain.invoke("What is a body?")["answer"] == "Data [1]."


def test_a_batch_answers_each_question_in_order(retriever):
    asked = build_chain(retriever, Last()).batch(["one", "two", "three"])

    assert [each["answer"].split()[0] for each in asked] == ["one", "two", "three"]


def test_a_stream_gives_the_documents_first_and_a_models_answer_in_pieces(retriever, model):
    pieces = list(build_chain(retriever, model, count_tokens=words).stream("What is a body?"))

    keys = [key for piece in pieces for key in piece]
    assert keys.index("documents") < keys.index("prompt") < keys.index("answer")
    assert keys.count("answer") == len("It is data [1], or not [7].")
    assert "".join(piece.get("answer", "") for piece in pieces) == "It is data [1], or not [7]."


def test_an_extractive_answer_streams_too(retriever):
    pieces = list(build_chain(retriever, Last()).stream("one"))

    assert [piece["answer"] for piece in pieces if "answer" in piece] == ["one A path is a URL. [1]"]


def test_asynchronously_the_answerer_works_in_another_thread(retriever):
    answerer = Last()
    chain = build_chain(retriever, answerer)

    async def all_ways():
        pieces = [piece async for piece in chain.astream("two")]
        return [await chain.ainvoke("one"), *await chain.abatch(["three"])], pieces

    asked, pieces = asyncio.run(all_ways())

    assert [each["answer"].split()[0] for each in asked] == ["one", "three"]
    assert "".join(piece.get("answer", "") for piece in pieces).startswith("two")
    assert len(answerer.threads) == 3
    assert threading.main_thread() not in answerer.threads


def test_a_budget_without_room_for_a_passage_is_refused_and_says_what_is_needed(retriever, model):
    empty = build_prompt("What is a body?", [], budget=1_000, count_tokens=words).tokens
    with pytest.raises(BudgetTooSmall, match="the question, and 1 of what was found, need") as refused:
        build_chain(retriever, model, budget=empty, count_tokens=words).invoke("What is a body?")
    assert model.given == []

    enough = build_chain(retriever, model, budget=refused.value.needed, count_tokens=words).invoke("What is a body?")
    assert [passage.document_id for passage in enough["prompt"].passages.values()] == ["body"]


def test_a_model_without_a_tokenizer_is_refused(retriever, model):
    with pytest.raises(InvalidChain, match="expected count_tokens"):
        build_chain(retriever, model)


def test_what_can_not_answer_is_refused(retriever):
    with pytest.raises(InvalidChain, match="expected an answerer or a LangChain Runnable, got str"):
        build_chain(retriever, "gpt-3.5-turbo")


def test_no_chain_opens_a_connection_or_traces(retriever, model, monkeypatch):
    for name in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *place, **_: asked.append(place))
    monkeypatch.setattr(socket.socket, "connect", lambda self, place: asked.append(place))

    build_chain(retriever, ExtractiveAnswerer()).invoke("What is a body?")
    build_chain(retriever, model, count_tokens=words).batch(["What is a body?", "And a path?"])

    assert asked == []
    assert not tracing_is_enabled()
