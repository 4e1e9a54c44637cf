from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workshop_lib.rag.errors import InvalidEntry
from workshop_lib.rag.index.plain import replace_document


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Any]:
    import chromadb

    client = chromadb.PersistentClient(tmp_path)
    yield client.create_collection("plain", embedding_function=None)
    client.close()


def vectors(number: int, dimension: int = 3) -> Any:
    return np.eye(dimension, dtype=np.float32)[np.arange(number) % dimension]


def kept(collection: Any, document_id: str) -> list[str]:
    found = collection.get(where={"document_id": document_id})
    placed = zip(found["metadatas"], found["documents"], strict=True)
    return [text for _, text in sorted((metadata["chunk_index"], text) for metadata, text in placed)]


def test_a_document_is_replaced_whole_and_its_neighbours_stay(collection: Any) -> None:
    replace_document(collection, "page", ["one", "two", "three"], vectors(3))
    replace_document(collection, "page:0", ["other"], vectors(1))
    ids = replace_document(collection, "page", ["ONE"], vectors(1))
    assert kept(collection, "page") == ["ONE"]
    assert kept(collection, "page:0") == ["other"]
    assert replace_document(collection, "page", ["ONE"], vectors(1)) == ids
    assert collection.count() == 2


def test_a_document_without_chunks_is_gone(collection: Any) -> None:
    replace_document(collection, "page", ["one"], vectors(1))
    assert replace_document(collection, "page", [], vectors(0)) == []
    assert collection.count() == 0


def test_what_chroma_refuses_loses_nothing(collection: Any) -> None:
    replace_document(collection, "page", ["one", "two"], vectors(2))
    with pytest.raises(Exception, match="dimension"):
        replace_document(collection, "page", ["three"], vectors(1, dimension=4))
    assert kept(collection, "page") == ["one", "two"]


def test_an_id_that_is_none_is_refused(collection: Any) -> None:
    with pytest.raises(InvalidEntry, match="expected a document id"):
        replace_document(collection, "", ["one"], vectors(1))
