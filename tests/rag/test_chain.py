import asyncio
import socket
import threading
from functools import cache

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langsmith.utils import tracing_is_enabled

from workshop_lib.datasets import load
from workshop_lib.rag.answering import ExtractiveAnswerer
from workshop_lib.rag.chain import LangChainRAG, build_chain
from workshop_lib.rag.embedders import open_embedder
from workshop_lib.rag.errors import BudgetTooSmall, EmptyQuery, InvalidChain, UnknownModel
from workshop_lib.rag.prompt import Prompt, build_prompt, find_citations
from workshop_lib.rag.results import Answer, Citation, Result
from workshop_lib.rag.retriever import ServiceRetriever
from workshop_lib.rag.service import RAGService

PAGES = ("en/tutorial/body", "en/tutorial/query-params", "en/tutorial/cors", "en/tutorial/background-tasks")
QUESTION = "How do I run a background task after the response was sent?"


def words(texts):
    return [len(text.split()) for text in texts]


class Shelf:
    """Two documents for any question."""

    def query(self, query_text, top_k=5, filter=None):
        return [
            Result("body:0:v", "A body is data.", 0.2, {"document_id": "body", "start": 0, "end": 15}),
            Result("path:0:v", "A path is a URL.", 0.6, {"document_id": "path", "start": 0, "end": 16}),
        ][:top_k]


class Last:
    """Answers with the last result, and keeps the threads it worked in."""

    def __init__(self):
        self.threads = []

    def answer(self, question, results):
        self.threads.append(threading.current_thread())
        last = results[-1]
        citation = Citation(1, last.document_id, last.id, 0, len(last.content), last.content, 1.0)
        return Answer(question, f"{question} {last.content} [1]", (citation,), False, 0.8, None, tuple(results))


class Recorder(FakeListChatModel):
    """A chat model with one answer that keeps what it was given."""

    given: list = []  # noqa: RUF012 - pydantic copies it for each object

    def _call(self, messages, *args, **kwargs):
        self.given.append(messages)
        return super()._call(messages, *args, **kwargs)


@pytest.fixture
def retriever():
    return ServiceRetriever(service=Shelf())


@pytest.fixture
def model():
    return Recorder(responses=["It is data [1], or not [7]."], given=[])


@cache
def use():
    return open_embedder("use")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Four real pages in a real index."""
    with RAGService(embedding_model=use(), url=tmp_path_factory.mktemp("chroma")) as service:
        service.index_documents([load("documents")[page] for page in PAGES])
        yield service


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


def test_on_real_pages_each_source_carries_the_numbers_that_cite_it(service):
    with LangChainRAG(service=service) as rag:
        found = rag.query(QUESTION)

    assert found.keys() == {"answer", "sources", "warning"}
    assert found["warning"] is None
    assert found["answer"] == service.answer(QUESTION).text
    assert len(found["sources"]) == 5
    cited = {number: source for source in found["sources"] for number in source["metadata"]["numbers"]}
    assert cited
    page = load("documents")["en/tutorial/background-tasks"].text
    for number, source in cited.items():
        assert f"[{number}]" in found["answer"]
        assert source["content"] == page[source["metadata"]["start"] : source["metadata"]["end"]]
    assert service.query(QUESTION)[0].id == found["sources"][0]["metadata"]["id"]


def test_on_real_pages_it_abstains_where_the_service_does(service):
    question = "Which team won the football world cup in 1998?"

    found = LangChainRAG(service=service).query(question)

    assert service.answer(question).abstained
    assert found["answer"] == service.answer(question).text
    assert [source["metadata"]["numbers"] for source in found["sources"]] == [[]] * 5


def test_a_language_that_the_embedder_never_learnt_is_told(tmp_path):
    class English:
        name, languages = "english", frozenset({"en"})

        def __getattr__(self, asked):
            return getattr(use(), asked)

    with LangChainRAG(embedding_model=English(), url=tmp_path) as rag:
        rag.service.index_document("A body is data.")

        assert "english" in rag.query("¿Cómo se declara el cuerpo de una petición?")["warning"]
        assert rag.query("How is the body of a request declared?")["warning"] is None


def test_on_real_pages_a_model_reads_the_passages_and_a_service_that_was_given_stays_open(service, model):
    with LangChainRAG(service=service, llm=model, top_k=3, budget=400) as rag:
        found = rag.query(QUESTION)
        asked = rag.chain.invoke(QUESTION)
        again = asyncio.run(rag.aquery(QUESTION))

    assert found["answer"] == "It is data [1], or not [7]."
    assert isinstance(asked["prompt"], Prompt)
    assert use().count_tokens([asked["prompt"].text]) == [asked["prompt"].tokens]
    assert asked["prompt"].tokens <= 400
    shown = [source for source in found["sources"] if source["metadata"]["numbers"]]
    assert len(shown) == 3 - len(asked["prompt"].dropped)
    for source in shown:
        (number,) = source["metadata"]["numbers"]
        assert source["content"] in asked["prompt"].passages[number].text
    assert again == found
    assert service.query(QUESTION)


def test_it_makes_its_own_service_as_in_the_seed_and_closes_it(tmp_path):
    with RAGService(embedding_model=use(), url=tmp_path, collection_name="pages") as service:
        service.index_document("A background task runs after the response was sent.", document_id="tasks")

    with LangChainRAG(collection_name="pages", embedding_model=use(), url=tmp_path) as rag:
        assert rag.query(QUESTION)["sources"][0]["metadata"]["document_id"] == "tasks"
        with pytest.raises(EmptyQuery):
            rag.query("  ")

    with RAGService(embedding_model=use(), url=tmp_path, collection_name="pages") as service:
        assert service.get_collection_stats()["num_documents"] == 1


@pytest.mark.parametrize("llm", [None, RunnableLambda(str)])
def test_a_models_name_is_refused_before_anything_is_opened(tmp_path, llm):
    with pytest.raises(UnknownModel, match=r"got the name 'gpt-3\.5-turbo'.*Give llm=MODEL.*leave llm_model out"):
        LangChainRAG(llm_model="gpt-3.5-turbo", url=tmp_path / "chroma", llm=llm)

    assert not (tmp_path / "chroma").exists()


@pytest.mark.parametrize(
    "twice", [{"url": "chroma"}, {"collection_name": "pages"}, {"embedding_model": "use"}, {"chroma_port": 8000}]
)
def test_a_service_and_what_it_has_already_contradict(service, twice):
    with pytest.raises(InvalidChain, match=f"expected service alone, got {next(iter(twice))}"):
        LangChainRAG(service=service, **twice)


def test_a_model_and_an_answerer_contradict(service, model):
    with pytest.raises(InvalidChain, match="got both"):
        LangChainRAG(service=service, llm=model, answerer=Last())
