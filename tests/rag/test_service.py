import json
from pathlib import Path

import pytest
from langchain_core.documents import Document as LangChainDocument

from workshop_lib.datasets import Heading, load
from workshop_lib.rag.errors import IndexClosed, IndexUnavailable, InvalidChunking, RagError, UnknownEmbedder
from workshop_lib.rag.results import Result
from workshop_lib.rag.service import RAGService
from workshop_lib.settings import Settings

from .index.server import Server
from .serving import BagOfWords, serve

COOKIES = "Cookies are small. You set a cookie on the response with the method set_cookie."
HEADERS = "Headers come first. You read a header from the request by its name."


def test_the_seeds_own_test(service):
    result = service.index_document(
        content="This is a test document about machine learning.",
        metadata={"category": "technical", "author": "test"},
        document_id="test_doc_1",
    )
    assert result["document_id"] == "test_doc_1"
    assert result["num_chunks"] > 0

    service.index_document(
        content="PyTorch is a deep learning framework.", metadata={"category": "technical"}, document_id="pytorch_doc"
    )
    results = service.query(query_text="deep learning framework", top_k=1)
    assert len(results) > 0
    assert "PyTorch" in results[0]["content"]


def test_what_comes_back_has_the_seeds_keys_and_types(service):
    indexed = dict(service.index_document(COOKIES, {"kind": "note"}, "cookies"))
    assert {key: type(indexed[key]) for key in ("document_id", "num_chunks", "chunk_ids")} == {
        "document_id": str,
        "num_chunks": int,
        "chunk_ids": list,
    }
    (found,) = service.query("Which method sets a cookie?")
    assert {key: type(found[key]) for key in ("id", "content", "metadata", "distance", "relevance_score")} == {
        "id": str,
        "content": str,
        "metadata": dict,
        "distance": float,
        "relevance_score": float,
    }
    assert (
        found["metadata"].items()
        >= {
            "document_id": "cookies",
            "chunk_index": 0,
            "chunk_total": 1,
            "kind": "note",
        }.items()
    )
    stats = service.get_collection_stats()
    assert (stats["collection_name"], stats["num_documents"]) == ("documents", 1)
    # The seed put the dimension under this name.
    assert (stats["embedding_model"], stats["embedding_dimension"]) == ("bag", 256)
    json.dumps([indexed, dict(found), stats])


def test_the_ids_that_indexing_tells_are_those_that_are_found(service):
    indexed = service.index_document("One sentence that says a thing or two. " * 60, document_id="long")
    assert indexed.num_chunks == len(indexed.chunk_ids) > 3
    assert [result.id for result in sorted(service.query("sentence", 100), key=_place)] == indexed.chunk_ids


def test_the_same_content_is_neither_embedded_nor_written_again(service):
    first = service.index_document(COOKIES, {"kind": "note"}, "cookies")
    embedded = len(service.embedder.asked)
    again = service.index_document(COOKIES, {"kind": "note"}, "cookies")
    assert (first.written, again.written) == (True, False)
    assert again.chunk_ids == first.chunk_ids
    assert len(service.embedder.asked) == embedded


@pytest.mark.parametrize(
    ("content", "metadata"), [(HEADERS, {"kind": "note"}), (COOKIES, {"kind": "page"})], ids=["content", "metadata"]
)
def test_another_content_or_metadata_replaces_the_document(service, content, metadata):
    service.index_document(COOKIES, {"kind": "note"}, "one")
    assert service.index_document(content, metadata, "one").written
    (found,) = service.query("anything", 10)
    assert (found.content, found.metadata["kind"]) == (content, metadata["kind"])


def test_without_an_id_the_content_makes_one(service):
    ids = [service.index_document(text).document_id for text in (COOKIES, HEADERS, COOKIES)]
    assert ids[0] == ids[2] != ids[1]
    assert service.get_collection_stats()["num_documents"] == 2


def test_documents_of_any_form_are_indexed_alike(service):
    page = load("documents")["es/tutorial/index"]
    indexed = service.index_documents(
        iter(
            [
                page,
                (COOKIES, {"kind": "note"}, "tuple"),
                {"content": COOKIES, "document_id": "mapping"},
                LangChainDocument(COOKIES, metadata={"kind": "note"}, id="langchain"),
                COOKIES,
            ]
        )
    )
    assert [each.document_id for each in indexed[:4]] == ["es/tutorial/index", "tuple", "mapping", "langchain"]
    (found,) = service.query("tutorial", 1, {"language": "es"})
    assert (found.metadata["title"], found.metadata["source"]) == (page.title, page.filename)
    assert {found.document_id for found in service.query("cookie", 10, {"kind": "note"})} == {"tuple", "langchain"}


def test_splitting_gives_what_indexing_would_store(service):
    page = load("documents")["en/tutorial/cors"]
    pieces = service.split_documents([page, LangChainDocument(COOKIES, metadata={"kind": "note"})])
    service.index_document(page.text, {"title": page.title, "language": "en", "source": page.filename}, page.id,
                           headings=page.headings)  # fmt: skip
    stored = sorted(service.query("cors", 100), key=_place)
    assert [(piece.page_content, dict(piece.metadata)) for piece in pieces[:-1]] == [
        (result.content, dict(result.metadata)) for result in stored
    ]
    assert (pieces[-1]["page_content"], pieces[-1]["metadata"]["kind"]) == (COOKIES, "note")
    assert any(piece.metadata["headings"].startswith("CORS") for piece in pieces)


def test_headings_are_kept(service):
    service.index_document("Cookies\nSet one.", document_id="one", headings=[Heading(1, "Cookies", 0)])
    assert service.query("cookies")[0].metadata["headings"] == "Cookies"


def test_vectors_come_as_lists(service):
    assert service.embed_batch(["a cookie", "a header"])[0] == pytest.approx(service.embed_text("a cookie"))
    assert len(service.embed_text("a cookie")) == 256


def test_more_results_than_there_are(service):
    service.index_documents([COOKIES, HEADERS])
    assert len(service.query("cookie", top_k=50)) == 2
    assert len(service.query("cookie", top_k=1)) == 1


def test_an_answer_cites_its_sentences(service):
    service.index_documents([(COOKIES, {"title": "About cookies"}, "cookies"), (HEADERS, {}, "headers")])
    answer = service.answer("Which method sets a cookie on a response?", threshold=0.1)
    assert not answer.abstained
    first = answer.citations[0]
    assert first.text == "You set a cookie on the response with the method set_cookie."
    assert COOKIES[first.start : first.end] == first.text
    assert (first.number, first.document_id, first.title) == (1, "cookies", "About cookies")
    assert answer.text.startswith(f"{first.text} [1] ")
    assert first.chunk_id in {result.id for result in answer.results}


def test_a_question_that_the_documents_don_t_answer(service):
    service.index_document(COOKIES)
    answer = service.answer("How tall grow oaks?", threshold=0.5)
    assert (answer.abstained, answer.citations, answer.threshold) == (True, (), 0.5)
    assert answer.score < 0.5
    assert answer.results
    assert not service.answer("How tall grow oaks?", threshold=None).abstained


def test_an_empty_index_answers_nothing(service):
    assert service.query("anything") == []
    assert service.answer("anything", threshold=None).abstained


def test_an_embedder_without_a_threshold_says_so(service):
    service.index_document(COOKIES)
    answer = service.answer("How tall grow oaks?")
    assert (answer.abstained, answer.threshold) == (False, None)
    assert "No threshold is known for bag" in answer.warning
    assert service.answer("How tall grow oaks?", threshold=None).warning is None


def test_a_language_that_the_model_does_not_know_is_said(service):
    service.index_document(COOKIES)
    assert "Spanish" in service.answer("¿Con qué método pongo una cookie?", threshold=None).warning
    assert "set EMBEDDER=use" in service.answer("¿Con qué método pongo una cookie?", threshold=None).warning
    assert "set EMBEDDER=use" in service.answer("set_cookie?", threshold=None, language="es-MX").warning
    assert service.answer("¿Con qué método pongo una cookie?", threshold=None, language="en").warning is None


def test_a_question_that_the_model_does_not_read_to_its_end_is_said(service):
    service.index_document(COOKIES)
    assert "only the beginning" in service.answer("cookie " * 61, threshold=None).warning


def test_deleting(service):
    service.index_documents([(COOKIES, {}, "cookies"), (HEADERS, {}, "headers")])
    assert service.delete_document("cookies")
    assert not service.delete_document("cookies")
    assert {result.document_id for result in service.query("cookie", 10)} == {"headers"}


def test_what_was_indexed_is_there_when_it_is_opened_again(tmp_path: Path):
    with serve(tmp_path) as service:
        service.index_document(COOKIES, document_id="cookies")
    with serve(tmp_path) as service:
        assert not service.index_document(COOKIES, document_id="cookies").written
        assert service.query("cookie")[0].document_id == "cookies"


def test_the_settings_choose_where_and_by_which_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EMBEDDER", "use")
    with RAGService() as service:
        assert service.embedder.name == "use"
        assert service.index.location == str(tmp_path / "home" / "chroma")
    settings = Settings(workshop_home=tmp_path / "other", embedder="minilm-int8")
    with RAGService(settings=settings) as service:
        assert service.embedder.name == "minilm-int8"
        assert service.index.location == str(tmp_path / "other" / "chroma")
    with RAGService(url="mine", settings=settings, embedding_model="use") as service:
        assert service.index.location == str(tmp_path / "other" / "mine")


def test_vectors_are_kept_in_the_cache_that_is_given(tmp_path: Path):
    for folder, kept in ((tmp_path / "cache", True), (None, False)):
        with RAGService(url=tmp_path / str(kept), embedding_model="use", cache=folder) as service:
            service.index_document(COOKIES)
            assert (tmp_path / "cache" / "embeddings.db").exists()
            assert service.embedder.last.computed == 1
    with RAGService(url=tmp_path / "third", embedding_model="use", cache=tmp_path / "cache") as service:
        service.index_document(COOKIES)
        assert service.embedder.last.cached == 1


def test_a_closed_one(tmp_path: Path):
    service = serve(tmp_path)
    service.close()
    service.close()
    with pytest.raises(IndexClosed):
        service.query("cookie")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"chunk_overlap": 500}, InvalidChunking),
        ({"chunk_size": 0, "chunk_overlap": 0}, InvalidChunking),
        ({"embedding_model": "word2vec"}, UnknownEmbedder),
    ],
)
def test_an_impossible_service_makes_no_folder(tmp_path: Path, options, error):
    with pytest.raises(error):
        RAGService(url=tmp_path / "index", **options)
    assert not (tmp_path / "index").exists()
    assert issubclass(error, RagError)


def test_the_seeds_host_and_port(tmp_path: Path):
    server = Server(tmp_path / "server")
    server.start()
    try:
        port = int(server.url.rpartition(":")[2])
        with RAGService("127.0.0.1", port, "ours", BagOfWords()) as service:
            service.index_document(COOKIES, document_id="cookies")
            assert service.index.location == server.url
        with serve(server.url, collection_name="ours") as service:
            assert service.answer("Which method sets a cookie?", threshold=None).citations[0].document_id == "cookies"
    finally:
        server.stop()


def _place(result: Result) -> int:
    return int(result.metadata["chunk_index"])


@pytest.mark.parametrize("url", ["", "  "])
def test_an_empty_url_is_refused_and_not_the_home_itself(tmp_path, url):
    with pytest.raises(IndexUnavailable, match="expected a folder"):
        RAGService(url=url, settings=Settings(workshop_home=tmp_path), embedding_model="use", cache=None)
    assert list(tmp_path.iterdir()) == []
