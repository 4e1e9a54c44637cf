"""What can't be indexed or asked is refused by a typed error, and what is stored is still there."""

import subprocess
import sys
from pathlib import Path

import chromadb
import pytest

from workshop_lib.rag.errors import (
    BinaryDocument,
    DocumentTooLarge,
    EmptyDocument,
    EmptyQuery,
    IndexInUse,
    IndexMismatch,
    IndexUnavailable,
    InvalidChunking,
    InvalidDocument,
    InvalidEntry,
    InvalidFilter,
    InvalidQuery,
    InvalidText,
    NotUTF8,
    QueryTooLong,
    RagError,
)
from workshop_lib.settings import Settings

from .serving import BagOfWords, serve

KEPT = "Cookies are small. You set a cookie on the response."
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", EmptyDocument, "nothing but whitespace"),
        (" \n\t ", EmptyDocument, "nothing but whitespace"),
        (b"", EmptyDocument, "nothing but whitespace"),
        (b"\xef\xbb\xbf", EmptyDocument, "nothing but whitespace"),
        (PNG, BinaryDocument, r"U\+001A at 6"),
        ("text\x00text", BinaryDocument, r"U\+0000 at 4"),
        ("text\x1b[1m", BinaryDocument, r"U\+001B at 4"),
        ("in UTF-16".encode("utf-16"), BinaryDocument, "utf-16"),
        ("año".encode("latin-1"), NotUTF8, "something else at 1.*latin-1"),
        ("half \ud83d", NotUTF8, "something else at 5"),
        ("x" * 1_001, DocumentTooLarge, "at most 1,000 bytes, got 1,001"),
        ("ñ" * 501, DocumentTooLarge, "at most 1,000 bytes, got 1,002"),
        (b"x" * 1_001, DocumentTooLarge, "at most 1,000 bytes, got 1,001.*DOCUMENT_LIMIT"),
        (None, InvalidDocument, "expected text or bytes, got NoneType"),
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_document_that_is_none(tmp_path: Path, many, content, error, message):
    with serve(tmp_path, settings=Settings(document_limit=1_000)) as service:
        service.index_document(KEPT, document_id="kept")
        index = service.index_documents if many else lambda documents: service.index_document(*documents[0])
        with pytest.raises(error, match=f"(?s)document 'kept'.*{message}") as refused:
            index([(content, {}, "kept")])
        assert isinstance(refused.value, InvalidEntry)
        (found,) = service.query("cookie")
        assert found.content == KEPT


def test_bytes_are_decoded_as_utf_8(service):
    service.index_document("\ufeffEl año, with a tab\tand a form feed\f.".encode(), document_id="bytes")
    assert service.query("año")[0].content == "El año, with a tab\tand a form feed\f."


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"tags": ["a"]}, "under metadata key 'tags', got"),
        ({"when": None}, "under metadata key 'when', got"),
        ({"score": float("nan")}, "under metadata key 'score', got nan"),
        ({"chunk_index": 1}, "'chunk_index', which the index sets itself"),
        ({"document_id": "other"}, "'document_id', which the index sets itself"),
        ({3: "three"}, "a metadata key that is text"),
    ],
)
def test_metadata_that_can_t_be_stored(service, metadata, message):
    service.index_document(KEPT, document_id="kept")
    with pytest.raises(InvalidEntry, match=message):
        service.index_document("Another text.", metadata, "kept")
    assert service.embedder.asked == [KEPT], "it is refused before it is embedded"
    assert service.query("cookie")[0].content == KEPT


@pytest.mark.parametrize(
    "item", [3, None, {"text": "x"}, {"content": "x", "id": "1"}, {"content": "x", 1: 2}, (), ("x", {}, "1", (), 5)]
)
def test_what_is_in_no_known_form(service, item):
    with pytest.raises(InvalidDocument, match="expected a"):
        service.index_documents([item])


@pytest.mark.parametrize("documents", ["a text", b"a text", {"content": "a text"}])
def test_one_document_where_many_belong(service, documents):
    for method in (service.index_documents, service.split_documents):
        with pytest.raises(InvalidDocument, match=r"Give \[document\]"):
            method(documents)


@pytest.mark.parametrize("metadata", ["note", 3, [("kind", "note")]])
def test_metadata_that_is_no_mapping(service, metadata):
    with pytest.raises(InvalidDocument, match="expected a mapping as metadata"):
        service.index_document(KEPT, metadata)


@pytest.mark.parametrize("document_id", ["", 7, "half \ud83d"])
def test_an_id_that_is_none(service, document_id):
    with pytest.raises(InvalidEntry, match="expected a document id"):
        service.index_document(KEPT, document_id=document_id)


def test_headings_of_another_text(service):
    page = {"content": "A text.", "headings": [type("Heading", (), {"start": 0, "text": "Title", "level": 1})()]}
    with pytest.raises(InvalidChunking, match="the text's own headings"):
        service.index_documents([page])


def test_the_documents_before_one_that_is_refused_are_indexed(service):
    with pytest.raises(EmptyDocument):
        service.index_documents([("One.", {}, "1"), ("Two.", {}, "2"), ("", {}, "3"), ("Four.", {}, "4")])
    assert service.index.documents() == ["1", "2"]


@pytest.mark.parametrize("ask", ["query", "answer", "query_stream"])
@pytest.mark.parametrize(
    ("question", "error"),
    [("", EmptyQuery), ("  \n ", EmptyQuery), ("x" * 10_000, QueryTooLong), (None, InvalidQuery), (7, InvalidQuery)],
    ids=["empty", "spaces", "long", "none", "number"],
)
def test_a_question_that_is_none(service, ask, question, error):
    with pytest.raises(error) as refused:
        getattr(service, ask)(question)
    assert isinstance(refused.value, InvalidQuery)
    assert service.embedder.asked == []


@pytest.mark.parametrize("threshold", ["calibrate", float("nan"), True, [0.3]])
def test_a_threshold_that_is_none(service, threshold):
    service.index_document(KEPT)
    with pytest.raises(InvalidQuery, match="expected a threshold from 0 to 1, 'calibrated' or None"):
        service.answer("cookie", threshold=threshold)


def test_the_longest_question(service):
    service.index_document(KEPT)
    assert service.query("cookie " * 571) != []


def test_half_a_character_in_a_question(service):
    with pytest.raises(InvalidText, match="surrogate"):
        service.query("half \ud83d")


@pytest.mark.parametrize("top_k", [0, -1, True, 2.0, None])
def test_a_top_k_below_1(service, top_k):
    with pytest.raises(InvalidQuery, match="top_k of 1 or more"):
        service.query("cookie", top_k)


@pytest.mark.parametrize("where", [{"language": {"$like": "e%"}}, {"$not": []}, {"year": {"$gt": "2020"}}, "en"])
def test_an_unknown_filter(service, where):
    with pytest.raises(InvalidFilter):
        service.query("cookie", 5, where)


class Other(BagOfWords):
    name = "other"


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({"embedder": Other()}, "model other.* has model bag"),
        ({"chunk_size": 300}, "chunk_size 300.* has chunk_size 500"),
        ({"chunk_overlap": 10}, "chunk_overlap 10.* has chunk_overlap 50"),
    ],
)
def test_a_collection_that_was_made_otherwise(tmp_path: Path, options, differs):
    with serve(tmp_path) as service:
        service.index_document(KEPT)
        with pytest.raises(IndexMismatch, match=differs):
            serve(tmp_path, **options)
        assert len(service.query("cookie")) == 1
        with serve(tmp_path, collection_name="another", **options) as other:
            assert other.query("cookie") == []


def test_a_collection_of_another_distance(tmp_path: Path):
    made = chromadb.PersistentClient(tmp_path)
    made.create_collection("documents", metadata={"description": "RAG document collection"})
    made.close()
    with pytest.raises(IndexMismatch, match=r"distance cosine.* has distance l2"):
        serve(tmp_path)


def test_a_server_that_is_not_there():
    with pytest.raises(IndexUnavailable, match="no server answers there"):
        serve("http://127.0.0.1:9")


def test_a_folder_that_another_process_has(tmp_path: Path):
    hold = (
        "import sys; from pathlib import Path; from workshop_lib.rag.index.lock import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(IndexInUse, match=f"process {other.pid} has it open"):
            serve(tmp_path)
        other.communicate(b"\n")
    with serve(tmp_path) as service:
        assert issubclass(IndexInUse, RagError)
        assert service.index_document(KEPT).written
