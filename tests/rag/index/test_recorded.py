from pathlib import Path

import chromadb
import pytest

from workshop_lib.rag.errors import IndexUnavailable
from workshop_lib.rag.index.recipe import Recipe
from workshop_lib.rag.index.recorded import recorded

from .making import RECIPE, Place


def test_a_collection_tells_how_it_was_made(tmp_path: Path) -> None:
    made = {"model": "my-model@0123456789ab", "chunk_size": 90, "chunk_overlap": 9}
    with Place(str(tmp_path), "mine").open(**made) as index:
        assert recorded(tmp_path, "mine") == Recipe(**(RECIPE | made))
        # Its connection was the index's own, and is open still.
        assert index.stats().documents == 0
    assert recorded(tmp_path, "mine") == Recipe(**(RECIPE | made))


def test_looking_makes_no_folder_and_no_collection(tmp_path: Path) -> None:
    assert recorded(tmp_path / "none", "mine") is None
    assert not (tmp_path / "none").exists()
    Place(str(tmp_path), "mine").open().close()
    assert recorded(tmp_path, "other") is None
    assert recorded(tmp_path, "other") is None


def test_a_relative_folder_is_under_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path))
    Place(str(tmp_path / "shelf"), "mine").open().close()
    assert recorded("shelf", "mine") == Recipe(**RECIPE)


@pytest.mark.parametrize("metadata", [None, {"model": "cheap"}, {"model": "cheap", "dimension": "many"}])
def test_another_programs_collection_is_told(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    client = chromadb.PersistentClient(tmp_path)
    client.create_collection("theirs", metadata=metadata, embedding_function=None)
    client.close()
    with pytest.raises(IndexUnavailable, match="collection 'theirs' was made by another program"):
        recorded(tmp_path, "theirs")
    # What was refused is let go of.
    with Place(str(tmp_path), "mine").open() as index:
        assert index.stats().documents == 0


def test_no_server_and_no_database_are_told(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database")
    with pytest.raises(IndexUnavailable, match=r"chroma\.sqlite3 can't be read"):
        recorded(tmp_path)
    with pytest.raises(IndexUnavailable, match="no server answers there"):
        recorded("http://127.0.0.1:9")
