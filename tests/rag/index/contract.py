"""What an index does wherever it is: run against folders by `test_folder`, against a server by `test_server`."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import chromadb
import numpy as np
import pytest

from workshop_lib.rag.errors import (
    IndexClosed,
    IndexMismatch,
    IndexUnavailable,
    InvalidEntry,
    InvalidFilter,
    InvalidQuery,
)
from workshop_lib.rag.index import ChromaIndex, Entry, drop_index, open_index, search, writer
from workshop_lib.rag.index.entries import prepare
from workshop_lib.rag.results import Result

from .making import (
    DIMENSION,
    RECIPE,
    Place,
    by_document,
    chunks,
    entry,
    everything,
    is_whole,
    put,
    raw_ids,
    vectors,
)

SHELF: list[tuple[str, Mapping[str, Any]]] = [
    ("a", {"language": "en", "year": 2020, "draft": True}),
    ("b", {"language": "es", "year": 2021.5, "draft": False}),
    ("c", {"language": "de", "year": 2022}),
    ("d", {"year": "2020"}),
]


def ids(results: list[Result]) -> list[str]:
    return sorted({result.document_id for result in results})


class IndexContract:
    """A subclass has a fixture `place`."""

    @pytest.fixture
    def index(self, place: Place) -> Iterator[ChromaIndex]:
        with place.open() as index:
            yield index

    # Search

    def test_the_nearest_come_first(self, index: ChromaIndex) -> None:
        axes = np.eye(4, dtype=np.float32)
        index.replace("axes", chunks(["x", "y", "z", "w"]), axes)
        found = index.search(np.array([0.8, 0.6, 0, 0]), 3)
        assert [result.content for result in found[:2]] == ["x", "y"]
        assert [result.distance for result in found] == pytest.approx([0.2, 0.4, 1.0], abs=1e-5)
        assert [result.relevance_score for result in found] == pytest.approx([0.8, 0.6, 0.0], abs=1e-5)

    def test_the_distance_is_one_minus_cosine_whatever_the_length(self, index: ChromaIndex) -> None:
        index.replace("a", chunks(["same", "opposite"]), np.array([[9, 0, 0, 0], [-9, 0, 0, 0]], dtype=np.float32))
        same, opposite = index.search(np.array([0.1, 0, 0, 0]), 2)
        assert (same.content, same.distance, same.relevance_score) == ("same", 0.0, 1.0)
        assert (opposite.content, opposite.distance, opposite.relevance_score) == ("opposite", 2.0, 0.0)

    def test_a_result_says_where_it_is_from(self, index: ChromaIndex) -> None:
        pieces = chunks(["First.", "Second."], headings=("Guide", "Install"))
        index.replace("guide: part 1", pieces, np.eye(2, 4, dtype=np.float32), {"language": "en", "year": 2024})
        _, second = index.search(np.array([1, 0.5, 0, 0]), 2)
        assert second.document_id == "guide: part 1"
        assert list(second.metadata.items()) == [
            ("document_id", "guide: part 1"),
            ("chunk_index", 1),
            ("chunk_total", 2),
            ("start", 7),
            ("end", 14),
            ("headings", "Guide > Install"),
            ("language", "en"),
            ("year", 2024),
        ]

    def test_values_come_back_as_they_were(self, index: ChromaIndex) -> None:
        given = {"text": "ñ\0", "empty": "", "yes": True, "no": False, "int": 2**63 - 1, "float": 1.0, "tiny": -1e-300}
        index.replace("a", chunks(["x"]), vectors(1), given)
        got = {key: value for key, value in everything(index)[0].metadata.items() if key in given}
        assert got == given
        assert {key: type(value) for key, value in got.items()} == {key: type(value) for key, value in given.items()}

    def test_top_k_over_the_count_returns_what_there_is(self, index: ChromaIndex) -> None:
        assert index.search(np.ones(4), 5) == []
        put(index, entry("a", size=3))
        assert len(index.search(np.ones(4), 4)) == 3
        assert len(index.search(np.ones(4), 100_000)) == 3

    def test_equally_near_ones_come_in_a_fixed_order(self, index: ChromaIndex) -> None:
        one = np.ones((2, 4), dtype=np.float32)
        for name in ("c", "a", "d", "b"):
            index.replace(name, chunks([f"{name}0", f"{name}1"]), one)
        index.replace("far", chunks(["far"]), -one[:1])
        for top_k in range(1, 9):
            found = [result.content for result in index.search(np.ones(4), top_k)]
            assert found == ["a0", "a1", "b0", "b1", "c0", "c1", "d0", "d1"][:top_k]

    @pytest.mark.parametrize("top_k", [0, -1, True, 2.0, None])
    def test_top_k_below_one_is_refused(self, index: ChromaIndex, top_k: Any) -> None:
        with pytest.raises(InvalidQuery, match="top_k of 1 or more"):
            index.search(np.ones(4), top_k)

    @pytest.mark.parametrize(
        ("vector", "why"),
        [
            (np.ones(3), r"shape \(4,\); got shape \(3,\)"),
            (np.ones((1, 4)), "shape"),
            ([1, 2, np.nan, 4], "finite"),
            ("x", "numbers"),
        ],
    )
    def test_a_vector_of_another_model_is_refused(self, index: ChromaIndex, vector: Any, why: str) -> None:
        with pytest.raises(InvalidQuery, match=why):
            index.search(vector)

    # The filter

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            (None, "abcd"),
            ({}, "abcd"),
            ({"language": "en"}, "a"),
            ({"language": "fr"}, ""),
            ({"year": 2020}, "a"),
            ({"year": 2020.0}, "a"),
            ({"year": "2020"}, "d"),
            ({"draft": True}, "a"),
            ({"draft": 1}, ""),
            ({"language": "en", "year": 2020}, "a"),
            ({"language": "en", "year": 2021.5}, ""),
            ({"language": {"$in": ["en", "de"]}}, "ac"),
            ({"year": {"$in": ["2020", 2022, 2021.5]}}, "bcd"),
            ({"year": {"$nin": ["2020", 2022]}}, "ab"),
            ({"year": {"$gt": 2020}}, "bc"),
            ({"year": {"$gte": 2020, "$lt": 2022}}, "ab"),
            ({"year": {"$lte": 2021.4}}, "a"),
            ({"year": 2020.5}, ""),
            ({"year": {"$ne": 2020.5}}, "abcd"),
            ({"year": {"$gt": 2021.25, "$lte": 2022.5}}, "bc"),
            ({"year": {"$gte": 2020.5}}, "bc"),
            ({"year": {"$lt": 2020.5}}, "a"),
            ({"year": {"$in": [2020.5, 2021.5, 2022.0]}}, "bc"),
            ({"year": {"$nin": [2020.5, 2021.5]}}, "acd"),
            ({"language": {"$ne": "en"}}, "bcd"),
            ({"$or": [{"language": "en"}, {"year": {"$gt": 2021.5}}]}, "ac"),
            ({"$or": [{"language": "en"}]}, "a"),
            ({"$and": [{"language": "en"}, {"$or": [{"year": 2020}, {"year": 2022}]}]}, "a"),
            ({"$or": [{"language": "en"}, {"language": "es", "year": 2021.5}], "draft": False}, "b"),
            ({"document_id": "c"}, "c"),
            ({"chunk_index": {"$gt": 2}}, ""),
        ],
    )
    def test_the_filter_finds(self, index: ChromaIndex, where: Mapping[str, Any] | None, found: str) -> None:
        index.replace_many(Entry(name, entry(name).chunks, entry(name).vectors, metadata) for name, metadata in SHELF)
        assert ids(everything(index, where)) == [*found]

    def test_an_unknown_operator_names_the_known(self, index: ChromaIndex) -> None:
        with pytest.raises(InvalidFilter, match=r"\$eq, \$ne, \$gt, \$gte, \$lt, \$lte, \$in, \$nin; got '\$regex'"):
            index.search(np.ones(4), 5, {"language": {"$regex": "e."}})

    # Replacing

    def test_a_document_is_replaced_whole(self, index: ChromaIndex) -> None:
        assert put(index, entry("a", 1, size=5)) is True
        assert put(index, entry("b", 1)) is True
        assert put(index, entry("a", 2, size=2)) is True
        found = by_document(everything(index))
        assert [result.content for result in sorted(found["a"], key=lambda result: result.id)] == [
            "a, version 2, chunk 0.",
            "a, version 2, chunk 1.",
        ]
        assert len(found["b"]) == 3
        assert len(raw_ids(index)) == 5

    def test_the_same_content_has_the_same_ids_and_is_not_written_again(self, index: ChromaIndex) -> None:
        first, second = entry("a", 1), entry("a", 2)
        put(index, first)
        before = raw_ids(index)
        assert index.is_current("a", first.chunks, first.metadata)
        assert not index.is_current("a", second.chunks, second.metadata)
        assert put(index, first) is False
        assert put(index, second) is True
        assert raw_ids(index).isdisjoint(before)
        assert put(index, first) is True
        assert raw_ids(index) == before == set(prepare(first, DIMENSION).ids)

    def test_other_metadata_alone_is_another_version_without_the_old_keys(self, index: ChromaIndex) -> None:
        one = entry("a")
        index.replace("a", one.chunks, one.vectors, {"old": 1})
        assert index.replace("a", one.chunks, one.vectors, {"new": 1}) is True
        assert {"old", "new"} & everything(index)[0].metadata.keys() == {"new"}

    def test_ids_of_documents_do_not_collide(self, index: ChromaIndex) -> None:
        names = ["a", "a:0", "a:0:1", ":", "A", "a ", "ñ/ñ", "document:a", "mark"]
        same = chunks(["same text", "same text"])
        assert index.replace_many(Entry(name, same, vectors(2)) for name in names) == len(names)
        assert index.documents() == sorted(names)
        assert {name: len(found) for name, found in by_document(everything(index)).items()} == dict.fromkeys(names, 2)
        assert index.delete("a") is True
        assert index.documents() == sorted({*names} - {"a"})
        assert len(raw_ids(index)) == 2 * len(names) - 2

    def test_many_documents_and_one_beyond_the_limit_of_a_call(self, index: ChromaIndex) -> None:
        large = entry("large", size=6_000)
        done: list[int] = []
        shelf = [entry("small"), large, entry("twice", 1), entry("twice", 2)]
        assert index.replace_many(shelf, done.append) == 4
        assert done[-1] == 4
        assert done == sorted(done)
        assert (index.stats().documents, index.stats().chunks) == (3, 6_006)
        assert len(raw_ids(index)) == 6_006
        found = by_document(everything(index, {"document_id": {"$in": ["small", "twice"]}}))
        assert found["twice"][0].metadata["version"] == 2
        assert index.replace_many(shelf[:2], done.append) == 0
        assert index.delete("large") is True
        assert len(raw_ids(index)) == 6

    def test_what_the_source_of_documents_raises_is_its_own(self, index: ChromaIndex) -> None:
        def shelf() -> Iterator[Entry]:
            yield entry("a")
            raise ConnectionError("the embedder is gone")

        with pytest.raises(ConnectionError, match="the embedder is gone"):
            index.replace_many(shelf())
        assert raw_ids(index) == set()

    def test_delete(self, index: ChromaIndex) -> None:
        index.replace_many([entry("a"), entry("b")])
        assert index.delete("a") is True
        assert index.delete("a") is False
        assert index.delete("never there") is False
        assert index.documents() == ["b"]
        assert len(raw_ids(index)) == 3
        assert put(index, entry("a")) is True
        assert ids(everything(index)) == ["a", "b"]

    # One step

    @pytest.mark.parametrize("step", ["_write", "_sweep"])
    def test_an_unfinished_replacement_is_not_seen(
        self, index: ChromaIndex, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        put(index, entry("a", 0, size=4))
        put(index, entry("b", 0, size=2))
        original: Callable[..., None] = getattr(writer.Writer, step)
        seen: list[list[Result]] = []

        def reading(me: writer.Writer, *arguments: Any) -> None:
            if step == "_write":
                original(me, *arguments)
            # On a thread of its own, as a reader has: with both versions' records there.
            with ThreadPoolExecutor(1) as reader:
                seen.append(reader.submit(index.search, np.ones(4), 6).result())
                seen.append(reader.submit(index.search, np.ones(4), 6, {"document_id": "a"}).result())
            if step == "_sweep":
                original(me, *arguments)

        with monkeypatch.context() as patched:
            patched.setattr(writer.Writer, step, reading)
            put(index, entry("a", 1, size=3))
        for found in seen:
            whole = by_document(found)
            assert all(map(is_whole, whole.values()))
            assert {result.metadata["version"] for result in whole["a"]} == {0 if step == "_write" else 1}
        assert ids(seen[0]) == ["a", "b"]
        assert len(raw_ids(index)) == 5

    def test_two_threads_index_while_two_query(self, index: ChromaIndex) -> None:
        names = ["a", "b", "c", "d"]
        index.replace_many(entry(name, 0, size=5) for name in names)
        ended = threading.Event()

        def write(own: list[str]) -> None:
            for version in range(1, 9):
                for name in own:
                    put(index, entry(name, version, size=4 + version % 3))
            index.replace_many(entry(f"{own[0]} {number}", size=2) for number in range(20))

        def read(where: Mapping[str, Any] | None) -> int:
            reads = 0
            while not ended.is_set() or not reads:
                found = by_document(everything(index, where))
                assert {*names} <= found.keys()
                assert [name for name, results in found.items() if not is_whole(results)] == []
                reads += 1
            return reads

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read, where) for where in (None, {"version": {"$gte": 0}})]
            writers = [pool.submit(write, own) for own in (["a", "b"], ["c", "d"])]
            try:
                for each in writers:
                    each.result()
            finally:
                ended.set()
            assert all(each.result() for each in readers)
        assert index.stats().documents == 44
        assert len(raw_ids(index)) == index.stats().chunks

    def test_a_failed_write_leaves_the_old_document_and_is_cleared_away_by_the_next(
        self, index: ChromaIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(index, entry("a", 0))
        write = writer.Writer._write

        def half(me: writer.Writer, documents: Any) -> None:
            write(me, documents)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(writer.Writer, "_write", half)
            with pytest.raises(KeyboardInterrupt):
                put(index, entry("a", 1))
        assert len(raw_ids(index)) == 6
        assert [result.metadata["version"] for result in everything(index)] == [0, 0, 0]
        assert index.stats().chunks == 3
        put(index, entry("b"))
        assert len(raw_ids(index)) == 6
        assert ids(everything(index)) == ["a", "b"]

    # Stats

    def test_stats_agree_with_a_full_scan(self, index: ChromaIndex, place: Place) -> None:
        index.replace_many(entry(f"{number}", size=1 + number % 5) for number in range(40))
        index.replace_many(entry(f"{number}", 1, size=2) for number in range(0, 40, 3))
        for number in range(0, 40, 7):
            index.delete(f"{number}")
        stats = index.stats()
        scanned = index._store.collection.get(include=["metadatas"])["metadatas"] or []
        assert (stats.documents, stats.chunks) == (len({each["document_id"] for each in scanned}), len(scanned))
        assert stats.documents == len(index.documents()) == 34
        assert stats.chunks == len(everything(index))
        assert (stats.collection, stats.space) == (place.collection, "cosine")
        assert {name: getattr(stats, name) for name in RECIPE} == RECIPE

    def test_documents_outlive_the_index(self, place: Place) -> None:
        with place.open() as first:
            put(first, entry("a"))
            before = raw_ids(first)
        with place.open() as second:
            assert raw_ids(second) == before
            assert ids(everything(second)) == second.documents() == ["a"]
            assert put(second, entry("a")) is False

    def test_two_indexes_of_one_process_see_the_same(self, place: Place) -> None:
        with place.open() as first, place.open() as second:
            put(first, entry("a"))
            assert second.documents() == ["a"]
            put(second, entry("a", 1, size=2))
            first.close()
            assert [result.metadata["version"] for result in everything(second)] == [1, 1]

    def test_collections_stand_apart(self, place: Place) -> None:
        with place.open() as first, place._replace(collection=f"{place.collection}-2").open(model="other") as second:
            put(first, entry("a"))
            put(second, entry("b"))
            assert (first.documents(), second.documents()) == (["a"], ["b"])

    # Bad input

    @pytest.mark.parametrize(
        ("key", "value", "why"),
        [
            ("tags", None, "metadata key 'tags', got None"),
            ("tags", ["a"], "metadata key 'tags'"),
            ("tags", {"a": 1}, "metadata key 'tags'"),
            ("tags", b"a", "metadata key 'tags'"),
            ("ratio", float("nan"), "metadata key 'ratio', got nan"),
            ("ratio", float("inf"), "metadata key 'ratio'"),
            ("count", 2**63, "metadata key 'count'"),
            ("title", "\ud800", "metadata key 'title'"),
            ("", 1, "metadata key"),
            (3, 1, "metadata key"),
            ("$in", 1, "metadata key"),
            ("#id", 1, "metadata key"),
            ("chroma:document", "x", "metadata key"),
            ("document_id", "b", "the key 'document_id', which the index sets itself"),
            ("start", 0, "the key 'start'"),
            ("headings", "", "the key 'headings'"),
        ],
    )
    def test_metadata_that_chroma_cannot_keep_is_refused(
        self, index: ChromaIndex, key: Any, value: Any, why: str
    ) -> None:
        put(index, entry("a"))
        before = raw_ids(index)
        one = entry("a", 1)
        with pytest.raises(InvalidEntry, match=why):
            index.replace("a", one.chunks, one.vectors, {key: value})
        with pytest.raises(InvalidEntry):
            index.replace_many([entry("b"), Entry("a", one.chunks, one.vectors, {key: value})])
        assert raw_ids(index) == before

    @pytest.mark.parametrize(
        ("document_id", "texts", "given", "why"),
        [
            ("", ["x"], vectors(1), "document id"),
            (None, ["x"], vectors(1), "document id"),
            ("\ud800", ["x"], vectors(1), "document id"),
            ("a", [], vectors(0), r"at least one chunk.*delete\(document_id\)"),
            ("a", [""], vectors(1), "chunk 0"),
            ("a", ["x", "\ud800"], vectors(2), "chunk 1"),
            ("a", ["x", "y"], vectors(1), r"shape \(2, 4\); got shape \(1, 4\)"),
            ("a", ["x"], vectors(1, dimension=3), r"shape \(1, 4\); got shape \(1, 3\)"),
            ("a", ["x"], np.full((1, 4), np.nan), "finite"),
            ("a", ["x"], [["a", "b", "c", "d"]], "numbers"),
        ],
    )
    def test_a_document_that_cannot_be_stored_is_refused(
        self, index: ChromaIndex, document_id: Any, texts: list[str], given: Any, why: str
    ) -> None:
        with pytest.raises(InvalidEntry, match=why):
            index.replace(document_id, chunks(texts), given)
        assert raw_ids(index) == set()

    def test_some_chunks_of_a_document_are_refused(self, index: ChromaIndex) -> None:
        with pytest.raises(InvalidEntry, match="got chunk 1 of 3 as number 0 of 2"):
            index.replace("a", entry("a").chunks[1:], vectors(2))

    def test_a_closed_index_says_so(self, place: Place) -> None:
        index = place.open()
        index.close()
        index.close()
        calls: list[Callable[[], Any]] = [
            lambda: put(index, entry("a")),
            lambda: index.delete("a"),
            lambda: index.search(np.ones(4)),
            index.documents,
            index.stats,
            lambda: index.location,
        ]
        for call in calls:
            with pytest.raises(IndexClosed, match="open_index"):
                call()

    # Mismatch

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"model": "other"}, "model other; it has model cheap"),
            ({"dimension": 8}, "dimension 8; it has dimension 4"),
            ({"chunk_size": 300}, "chunk_size 300; it has chunk_size 500"),
            ({"chunk_overlap": 0}, "chunk_overlap 0; it has chunk_overlap 50"),
        ],
    )
    @pytest.mark.parametrize("still_open", [True, False])
    def test_another_model_or_chunking_is_refused(
        self, place: Place, change: dict[str, Any], found: str, still_open: bool
    ) -> None:
        with place.open() as index:
            put(index, entry("a"))
            if not still_open:
                index.close()
            with pytest.raises(IndexMismatch, match=found) as raised:
                place.open(**change)
            assert "drop_index" in str(raised.value)
        with place.open() as index:
            assert index.documents() == ["a"]

    @pytest.mark.parametrize("space", ["l2", "ip", "cosine"])
    def test_a_collection_made_by_another_program_is_refused(
        self, place: Place, client: Callable[[], chromadb.ClientAPI], space: str
    ) -> None:
        theirs = client()
        configuration: Any = {"hnsw": {"space": space}}
        made = theirs.create_collection(place.collection, configuration=configuration, embedding_function=None)
        made.add(ids=["theirs"], embeddings=[[1.0, 0.0, 0.0, 0.0]])
        _close(theirs)
        expected = "made_by nothing" if space == "cosine" else f"it has distance {space}"
        with pytest.raises(IndexMismatch, match=expected):
            place.open()
        theirs = client()
        names = [each.name for each in theirs.list_collections() if each.name.startswith(place.collection)]
        assert names == [place.collection]
        assert theirs.get_collection(place.collection, embedding_function=None).get(include=[])["ids"] == ["theirs"]
        _close(theirs)

    def test_a_collection_without_its_manifest_is_refused_and_can_be_dropped(
        self, place: Place, client: Callable[[], chromadb.ClientAPI]
    ) -> None:
        with place.open() as index:
            put(index, entry("a"))
        theirs = client()
        theirs.delete_collection(f"{place.collection}.manifest")
        _close(theirs)
        with pytest.raises(IndexUnavailable, match=r"lost its manifest.*drop_index"):
            place.open()
        assert drop_index(place.url, place.collection) is True
        assert drop_index(place.url, place.collection) is False
        with place.open() as index:
            assert index.documents() == []

    def test_a_dropped_collection_says_so_to_whom_has_it_open(self, place: Place) -> None:
        with place.open() as index:
            put(index, entry("a"))
            assert drop_index(place.url, place.collection) is True
            with pytest.raises(IndexUnavailable, match="does not exist"):
                index.search(np.ones(4))
            with pytest.raises(IndexUnavailable, match="does not exist"):
                put(index, entry("b"))

    @pytest.mark.parametrize("name", ["", "ab", "a b", "-abc", "abc.", "x" * 503, "documents.manifest", "ñandú"])
    def test_a_name_that_no_collection_can_have(self, place: Place, name: str) -> None:
        with pytest.raises(InvalidQuery, match="name of a collection"):
            open_index(place.url, name, **RECIPE)


class AskedContract(IndexContract):
    """Where Chroma answers a search, in more than one look."""

    def test_a_document_replaced_while_it_is_read_is_read_anew(
        self, index: ChromaIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(index, entry("a", 0, size=5))
        query, versions = search._query, [1, 2]

        def replaced_after_the_look(*arguments: Any) -> Any:
            found = query(*arguments)
            if versions:
                put(index, entry("a", versions.pop(0), size=4))
            return found

        monkeypatch.setattr(search, "_query", replaced_after_the_look)
        for _ in range(2):
            found = everything(index)
            assert is_whole(found)
        assert found[0].metadata["version"] == 2

    def test_a_reader_that_never_gets_a_quiet_moment_makes_writers_wait(
        self, index: ChromaIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(index, entry("a", 0))
        query = search._query
        writing: list[threading.Thread] = []

        def replaced_each_time(*arguments: Any) -> Any:
            found = query(*arguments)
            writing.append(threading.Thread(target=put, args=(index, entry("a", 1 + len(writing)))))
            writing[-1].start()
            # The last one waits for this reader: to wait for it here would be for ever.
            if len(writing) <= search._FREE_TRIES:
                writing[-1].join()
            return found

        monkeypatch.setattr(search, "_query", replaced_each_time)
        assert is_whole(everything(index))
        assert len(writing) == search._FREE_TRIES + 1
        for each in writing:
            each.join()


def _close(client: chromadb.ClientAPI) -> None:
    close: Callable[[], None] = getattr(client, "close")  # noqa: B009
    close()
