"""What of a folder is held in memory: it finds what Chroma finds, and stays in step with what is written."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workshop_lib.rag.index import ChromaIndex, Entry, drop_index, resident, search
from workshop_lib.rag.index.filters import where as translated
from workshop_lib.rag.index.manifest import Manifest
from workshop_lib.rag.index.resident import Snapshot

from .making import DIMENSION, Place, by_document, chunks, entry, everything, is_whole, put, vectors

ANYWHERE = np.ones(DIMENSION, dtype=np.float32)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path), "documents")


@pytest.fixture
def index(place: Place) -> Iterator[ChromaIndex]:
    with place.open() as index:
        yield index


def held(index: ChromaIndex) -> Snapshot | None:
    assert index._store.resident is not None
    return index._store.resident.snapshot()


def versions(snapshot: Snapshot | None) -> dict[str, int]:
    assert snapshot is not None
    found = by_document(snapshot.nearest(ANYWHERE, 100_000, None))
    assert all(map(is_whole, found.values()))
    return {name: int(results[0].metadata["version"]) for name, results in found.items()}


@pytest.mark.parametrize(
    "where",
    [None, {"even": True}, {"chunk_index": {"$lt": 2}}, {"even": False, "start": {"$gt": 20}}, {"document_id": "7"}],
)
@pytest.mark.parametrize("reopened", [True, False])
def test_it_finds_what_chroma_finds(place: Place, where: Mapping[str, Any] | None, reopened: bool) -> None:
    index = place.open()
    everything(index)
    index.replace_many(entry(f"{number}", size=1 + number % 7, even=number % 2 == 0) for number in range(40))
    index.replace_many(entry(f"{number}", 1, size=2, even=False) for number in range(0, 40, 3))
    index.delete("5")
    if reopened:
        index.close()
        index = place.open()
    with index:
        for vector in vectors(10, seed=1):
            for top_k in (1, 5, 1_000):
                store = index._store
                chroma = search.nearest(store.collection, store.manifest, vector, top_k, translated(where))
                ours = index.search(vector, top_k, where)
                assert [(each.id, each.content, dict(each.metadata)) for each in ours] == [
                    (each.id, each.content, dict(each.metadata)) for each in chroma
                ]
                assert [each.distance for each in ours] == pytest.approx([each.distance for each in chroma], abs=2e-6)


def test_chroma_is_not_asked(index: ChromaIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("Chroma was asked")

    monkeypatch.setattr(search, "_query", never)
    put(index, entry("a"))
    assert len(everything(index)) == 3


def test_a_vector_of_zeros_is_at_right_angles_to_all(index: ChromaIndex) -> None:
    index.replace("a", chunks(["zeros", "ones"]), np.array([[0] * 4, [1] * 4], dtype=np.float32))
    assert {result.content: result.distance for result in everything(index)} == {"ones": 0.0, "zeros": 1.0}
    assert [result.distance for result in index.search(np.zeros(4), 2)] == [1.0, 1.0]


def test_what_a_caller_does_to_a_result_stays_his(index: ChromaIndex) -> None:
    put(index, entry("a", size=1))
    metadata: Any = everything(index)[0].metadata
    metadata["version"] = "spoilt"
    assert everything(index)[0].metadata["version"] == 0


def test_a_snapshot_never_changes(index: ChromaIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    # Room for few, so that the arrays are made anew again and again.
    monkeypatch.setattr(resident, "_SMALLEST", 4)
    everything(index)
    taken: list[tuple[Snapshot | None, dict[str, int]]] = []
    now: dict[str, int] = {}
    for version in range(12):
        for name in ("a", "b", "c")[: 1 + version % 3]:
            put(index, entry(name, version, size=1 + (version * 5) % 9))
            now[name] = version
            taken.append((held(index), dict(now)))
        if version % 4 == 3:
            assert index.delete("a")
            del now["a"]
            taken.append((held(index), dict(now)))
    for snapshot, expected in taken:
        assert versions(snapshot) == expected


def test_beyond_the_limit_chroma_is_asked_until_it_is_opened_again(
    place: Place, index: ChromaIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "_SMALLEST", 4)
    monkeypatch.setattr(resident, "LIMIT", 6 * DIMENSION)
    put(index, entry("a", size=3))
    assert held(index) is not None
    put(index, entry("b", size=4))
    assert held(index) is None
    assert sorted(by_document(everything(index))) == ["a", "b"]
    index.delete("a")
    assert held(index) is None
    assert sorted(by_document(everything(index))) == ["b"]
    index.close()
    with place.open() as again:
        assert versions(held(again)) == {"b": 0}
        put(again, entry("c", size=2))
        assert versions(held(again)) == {"b": 0, "c": 0}


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_commit_that_failed_is_as_chroma_has_it(
    place: Place, index: ChromaIndex, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A failure may hit before Chroma has made the version current, or when it already has."""
    put(index, entry("a", 0))
    everything(index)
    upsert = type(index._store.collection).upsert

    def fails(me: Any, *arguments: Any, **named: Any) -> None:
        if not str(named["ids"][0]).startswith("document:"):
            upsert(me, *arguments, **named)
            return
        if step == "after":
            upsert(me, *arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(index._store.collection), "upsert", fails)
        with pytest.raises(KeyboardInterrupt):
            put(index, entry("a", 1))
    assert versions(held(index)) == {"a": 0}
    put(index, entry("b"))
    expected = {"a": 0 if step == "before" else 1, "b": 0}
    assert versions(held(index)) == expected
    index.close()
    with place.open() as again:
        assert versions(held(again)) == expected
        assert again.stats().chunks == len(everything(again)) == 6


def test_it_is_read_while_others_write(index: ChromaIndex) -> None:
    names = ["a", "b", "c"]
    index.replace_many(entry(name, size=4) for name in names)
    ended = threading.Event()

    def write() -> None:
        try:
            for version in range(1, 15):
                index.replace_many(entry(name, version, size=3 + version % 4) for name in names)
        finally:
            ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ended.is_set():
        assert index._store.resident is not None
        index._store.resident.discard()
        assert sorted(versions(held(index))) == names
    writer.join()
    assert versions(held(index)) == dict.fromkeys(names, 14)


def test_nothing_is_held_of_what_was_dropped(place: Place, index: ChromaIndex) -> None:
    put(index, entry("a"))
    assert held(index) is not None
    drop_index(place.url, place.collection)
    assert held(index) is None


def test_a_server_s_chunks_are_not_held(on_server: Place) -> None:
    with on_server.open() as index:
        assert index._store.resident is None


def test_the_manifest_and_what_is_held_change_in_one_step(index: ChromaIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    put(index, entry("a", 0, size=2))
    everything(index)
    commit = Manifest.commit
    seen: list[int] = []

    def and_then_look(me: Manifest, *arguments: Any) -> None:
        commit(me, *arguments)
        counted = threading.Thread(target=lambda: seen.append(index.stats().chunks))
        counted.start()
        counted.join(timeout=0.2)
        assert seen == []
        waiting.append(counted)

    waiting: list[threading.Thread] = []
    monkeypatch.setattr(Manifest, "commit", and_then_look)
    put(index, entry("a", 1, size=5))
    waiting[0].join()
    assert seen == [len(everything(index))] == [5]


def test_chunks_that_were_lost_are_not_found(place: Place, index: ChromaIndex) -> None:
    put(index, entry("a", size=3))
    index._store.collection.delete(ids=[everything(index)[0].id])
    index.close()
    with place.open() as again:
        assert len(everything(again)) == 2


def test_a_document_may_be_replaced_by_a_much_smaller_one(index: ChromaIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_SMALLEST", 4)
    everything(index)
    put(index, entry("a", 0, size=30))
    put(index, entry("b", 0, size=14))
    one = entry("a", 1, size=3)
    index.replace_many([Entry("a", one.chunks, one.vectors, {"version": 1})])
    assert versions(held(index)) == {"a": 1, "b": 0}
