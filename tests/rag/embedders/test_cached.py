import logging
import multiprocessing
import sqlite3
import threading

import numpy as np
import pytest

from workshop_lib.rag.embedders import CachedEmbedder, Call, open_embedder
from workshop_lib.rag.embedders.cached import SLICE
from workshop_lib.rag.errors import EmptyText

TEXTS = [f"text number {n}" for n in range(20)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "embeddings.db"


def test_a_second_call_computes_nothing_and_gives_the_same(counting, path) -> None:
    plain, inner = counting().embed_documents(TEXTS), counting()
    cached = CachedEmbedder(inner, path)
    assert np.array_equal(cached.embed_documents(TEXTS), plain)
    assert str(cached.last) == "20 computed"
    again = CachedEmbedder(counting(), path)
    assert np.array_equal(again.embed_documents(TEXTS[::-1]), plain[::-1])
    assert str(again.last) == "20 cached"
    assert (again.last.computed, again.last.cached) == (0, 20)


def test_it_looks_like_what_it_wraps(counting, path) -> None:
    inner = counting()
    cached = CachedEmbedder(inner, path)
    assert (cached.name, cached.identity, cached.dimension) == (inner.name, inner.identity, inner.dimension)
    assert (cached.max_tokens, cached.languages) == (inner.max_tokens, inner.languages)
    assert cached.count_tokens(["a b"]) == [2]
    assert cached.embed_documents([]).shape == (0, 8)
    assert cached.last == Call()


def test_only_what_is_new_is_computed_and_twins_once(counting, path) -> None:
    CachedEmbedder(counting(), path).embed_documents(TEXTS[:5])
    inner = counting()
    cached = CachedEmbedder(inner, path)
    seen: list[tuple[int, int]] = []
    vectors = cached.embed_documents(["new", *TEXTS[:5], "new"], lambda *at: seen.append(at))
    assert inner.asked == ["new"]
    assert cached.last == Call(7, 1)
    assert np.array_equal(vectors[0], vectors[-1])
    assert seen == [(5, 7), (6, 7), (7, 7)]


def test_another_model_or_dimension_never_answers(counting, path) -> None:
    CachedEmbedder(counting(), path).embed_documents(TEXTS)
    for other in (counting("counting:2"), counting(dimension=16)):
        cached = CachedEmbedder(other, path)
        cached.embed_documents(TEXTS)
        assert cached.last.cached == 0


def test_what_was_cut_is_known_from_the_cache_too(counting, path) -> None:
    texts = ["short", "word " * 11]
    for _ in range(2):
        cached = CachedEmbedder(counting(), path)
        cached.embed_documents(texts)
        assert cached.last.cut == (1,)
    assert cached.last.cached == 2


def test_queries_pass_through_unless_asked(counting, path) -> None:
    inner = counting()
    for _ in range(2):
        CachedEmbedder(inner, path).embed_query("why")
    assert inner.asked == ["why", "why"]
    assert not path.exists()
    keeping = CachedEmbedder(inner, path, queries=True)
    first, second = keeping.embed_query("why"), keeping.embed_query("why")
    assert np.array_equal(first, second)
    assert len(inner.asked) == 3
    assert str(keeping.last) == "1 cached"
    # A query is no document: a model may embed the two differently.
    keeping.embed_documents(["why"])
    assert str(keeping.last) == "1 computed"


def test_texts_are_checked_before_anything_is_kept(counting, path) -> None:
    with pytest.raises(EmptyText):
        CachedEmbedder(counting(), path).embed_documents(["a", " "])
    with pytest.raises(EmptyText):
        CachedEmbedder(counting(), path, queries=True).embed_query("")
    assert not path.exists()


def test_a_run_that_ends_early_keeps_what_it_had(counting, path) -> None:
    texts = [f"{n:04}" for n in range(SLICE + 50)]

    def stop(done: int, total: int) -> None:
        if done > SLICE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CachedEmbedder(counting(), path).embed_documents(texts, stop)
    cached = CachedEmbedder(counting(), path)
    cached.embed_documents(texts)
    assert cached.last.cached == SLICE


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 400, "header", "middle"])
def test_a_damaged_file_is_moved_aside_and_said(counting, path, caplog, damage) -> None:
    plain = counting().embed_documents(TEXTS)
    CachedEmbedder(counting(), path).embed_documents(TEXTS)
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:100] = b"\xff" * 100
    elif damage == "middle":
        content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(damage if isinstance(damage, bytes) else content)
    with caplog.at_level(logging.WARNING):
        for expected in ("20 computed", "20 cached"):
            cached = CachedEmbedder(counting(), path)
            assert np.array_equal(cached.embed_documents(TEXTS), plain)
            assert str(cached.last) == expected
    # An empty file is what SQLite makes of a new one.
    moved = [file.name for file in path.parent.iterdir() if "corrupt" in file.name]
    assert moved == (["embeddings.db.corrupt-1"] if damage else [])
    assert len(caplog.records) == len(moved)


def test_a_vector_of_another_length_or_not_finite_is_computed_again(counting, path) -> None:
    CachedEmbedder(counting(), path).embed_documents(TEXTS[:3])
    with sqlite3.connect(path) as db:
        keys = [key for (key,) in db.execute("SELECT key FROM vectors")]
        for key, blob in zip(keys, (b"\0" * 12, np.full(8, np.nan, "<f4").tobytes(), "text"), strict=True):
            db.execute("UPDATE vectors SET vector = ? WHERE key = ?", (blob, key))
    db.close()
    cached = CachedEmbedder(counting(), path)
    assert np.array_equal(cached.embed_documents(TEXTS[:3]), counting().embed_documents(TEXTS[:3]))
    assert str(cached.last) == "3 computed"


def test_another_programs_database_is_left_alone(counting, path, caplog) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE events (id)")
    db.close()
    before = path.read_bytes()
    cached = CachedEmbedder(counting(), path)
    assert cached.embed_documents(TEXTS).shape == (20, 8)
    assert "another program's" in caplog.text
    assert path.read_bytes() == before


def test_a_cache_that_takes_no_files_is_done_without(counting, tmp_path, caplog) -> None:
    (tmp_path / "file").touch()
    cached = CachedEmbedder(counting(), tmp_path / "file" / "embeddings.db")
    assert cached.embed_documents(TEXTS).shape == (20, 8)
    assert "doing without" in caplog.text


def test_threads_share_one_cache_and_each_sees_its_own_call(counting, path) -> None:
    cached = CachedEmbedder(counting(), path)
    plain = counting().embed_documents(TEXTS)
    failures: list[object] = []

    def work(count: int) -> None:
        for _ in range(10):
            vectors = cached.embed_documents(TEXTS[:count])
            if cached.last.texts != count or not np.array_equal(vectors, plain[:count]):
                failures.append(cached.last)

    threads = [threading.Thread(target=work, args=(count,)) for count in (3, 20, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def _write(counting, path, start, results) -> None:
    start.wait()
    vectors = CachedEmbedder(counting(), path).embed_documents([f"shared {n}" for n in range(300)])
    results.put(vectors.sum())


@pytest.mark.parametrize("content", [None, b"damaged" * 1000])
def test_processes_share_one_file(counting, path, content) -> None:
    path.parent.mkdir()
    if content:
        path.write_bytes(content)
    fork = multiprocessing.get_context("fork")
    start, results = fork.Event(), fork.Queue()
    writers = [fork.Process(target=_write, args=(counting, path, start, results)) for _ in range(4)]
    for writer in writers:
        writer.start()
    start.set()
    sums = {results.get(timeout=60) for _ in writers}
    for writer in writers:
        writer.join()
    assert len(sums) == 1
    cached = CachedEmbedder(counting(), path)
    cached.embed_documents([f"shared {n}" for n in range(300)])
    assert str(cached.last) == "300 cached"
    assert len(list(path.parent.glob("*corrupt*"))) == bool(content)


def test_open_embedder_keeps_its_cache_in_the_folder_it_is_given(tmp_path) -> None:
    for expected in ("2 computed", "2 cached"):
        embedder = open_embedder("use", cache=tmp_path)
        embedder.embed_documents(["one", "two"])
        assert str(embedder.last) == expected
    assert (tmp_path / "embeddings.db").exists()
