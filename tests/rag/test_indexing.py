import pytest

from workshop_lib.rag import indexing

from .serving import BagOfWords, serve


def _documents(number: int, sentences: int = 1) -> list[tuple[str, dict, str]]:
    return [(f"Document {name} says this and that. " * sentences, {}, f"document-{name}") for name in range(number)]


class Calls(BagOfWords):
    """Keeps how many texts each call had."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def embed_documents(self, texts, progress=None):
        self.calls.append(len(texts))
        return super().embed_documents(texts, progress)


def test_chunks_of_many_documents_are_embedded_in_one_call(tmp_path, monkeypatch):
    monkeypatch.setattr(indexing, "TOGETHER", 10)
    with serve(tmp_path, Calls()) as service:
        indexed = service.index_documents(_documents(25))
        assert service.embedder.calls == [10, 10, 5]
        assert [each.document_id for each in indexed] == [f"document-{name}" for name in range(25)]
        assert service.get_collection_stats()["num_chunks"] == 25


def test_each_chunk_gets_its_own_vector(service):
    service.index_documents(_documents(30))
    for name in (0, 17, 29):
        (found,) = service.query(f"Document {name} says this and that.", 1)
        assert (found.document_id, found.relevance_score) == (f"document-{name}", pytest.approx(1))


def test_only_what_changed_is_embedded(service):
    documents = _documents(5)
    service.index_documents(documents)
    documents[3] = ("Something else.", {}, "document-3")
    service.embedder.asked.clear()
    indexed = service.index_documents(documents)
    assert service.embedder.asked == ["Something else."]
    assert [each.written for each in indexed] == [False, False, False, True, False]


def test_of_one_id_the_last_document_stays(service):
    old, new = ("Old.", {}, "1"), ("New.", {}, "1")
    service.index_documents([old])
    indexed = service.index_documents([new, old, old])
    assert [each.written for each in indexed] == [True, True, False]
    assert [result.content for result in service.query("old or new", 5)] == ["Old."]


def test_progress_tells_documents_done_and_of_all(service, monkeypatch):
    monkeypatch.setattr(indexing, "TOGETHER", 64)
    told = []
    service.index_documents(_documents(150), lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {150}
    done = [each for each, _ in told]
    assert done == sorted(done)
    assert done[-1] == 150
    # In steps of the embedder's batches, not of documents or of all that is embedded together.
    assert len(told) == 6


def test_progress_of_an_iterator_counts_what_was_read(service):
    told = []
    service.index_documents(iter(_documents(3)), lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
    service.index_documents(_documents(3), lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3), "also where nothing is left to do"


def test_nothing_to_index(service):
    assert service.index_documents([]) == []


def test_chunks_that_the_model_does_not_read_to_their_end_are_told(service, caplog):
    # Sixty words are read of each; the last chunk is a short one.
    indexed = service.index_document("a b c d e f g h i j k l m n. " * 35, document_id="long")
    assert indexed.num_chunks == 3
    assert indexed.cut == (0, 1)
    assert "2 of 3 texts are longer than bag reads (60 tokens)" in caplog.text
    short, again = service.index_documents(["Short.", ("a b c d e f g h i j k l m n. " * 35, {}, "longer")])
    assert (short.cut, again.cut) == ((), (0, 1)), "positions in the document, not among all that were embedded"


def test_an_embedder_of_one_s_own_need_not_tell_what_it_cut(tmp_path):
    class Plain:
        """What `Embedder` asks for, and nothing else."""

        name, dimension, languages = "plain", 256, frozenset()

        def __init__(self, max_tokens):
            self.max_tokens, self._bag = max_tokens, BagOfWords()

        def embed_documents(self, texts, progress=None):
            return self._bag.embed_documents(texts)

        def embed_query(self, text):
            return self._bag.embed_query(text)

        def count_tokens(self, texts):
            return self._bag.count_tokens(texts)

    for limit, cut in ((60, (0, 1)), (None, ())):
        with serve(tmp_path, Plain(limit)) as service:
            assert service.index_document("a b c d e f g h i j k l m n. " * 35, document_id=str(limit)).cut == cut
            assert service.answer("a b", threshold=None).warning is None
