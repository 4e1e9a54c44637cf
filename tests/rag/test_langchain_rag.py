import asyncio
from functools import cache

import pytest
from langchain_core.runnables import RunnableLambda

from workshop_lib.datasets import load
from workshop_lib.rag.embedders import open_embedder
from workshop_lib.rag.errors import EmptyQuery, InvalidChain, UnknownModel
from workshop_lib.rag.langchain_rag import LangChainRAG
from workshop_lib.rag.prompt import Prompt
from workshop_lib.rag.service import RAGService

from .chains import Last, model
from .serving import serve

PAGES = ("en/tutorial/body", "en/tutorial/query-params", "en/tutorial/cors", "en/tutorial/background-tasks")
QUESTION = "How do I run a background task after the response was sent?"


@pytest.fixture(name="model")
def _model():
    return model()


@cache
def use():
    return open_embedder("use")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Four real pages in a real index."""
    with RAGService(embedding_model=use(), url=tmp_path_factory.mktemp("chroma")) as service:
        service.index_documents([load("documents")[page] for page in PAGES])
        yield service


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

        assert "english was not trained" in rag.query("¿Cómo se declara el cuerpo de una petición?")["warning"]
        assert "was not trained" not in rag.query("How is the body of a request declared?")["warning"]


def test_all_that_the_service_warns_of_is_told(tmp_path):
    question = "¿Cómo se declara el cuerpo de una petición? " * 9
    with serve(tmp_path) as service:
        service.index_document("A body is data.")
        rag = LangChainRAG(service=service)
        with_model = LangChainRAG(service=service, llm=RunnableLambda(lambda prompt: "data"))

        told = service.answer(question).warning

        assert rag.query(question)["warning"] == asyncio.run(rag.aquery(question))["warning"] == told
        assert all(each in told for each in ("Spanish", "bag read only the beginning", "No threshold is known for bag"))
        # A model's answer has no threshold.
        assert with_model.query(question)["warning"] == told.partition(" No threshold")[0] != told


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
