from collections.abc import Callable
from pathlib import Path

import chromadb
import pytest

from workshop_lib.rag.index import resident

from .contract import AskedContract, IndexContract
from .making import Place


class Folder:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Place(str(tmp_path / "an index"), "documents")

    @pytest.fixture
    def client(self, place: Place) -> Callable[[], chromadb.ClientAPI]:
        settings = chromadb.Settings(anonymized_telemetry=False)
        return lambda: chromadb.PersistentClient(place.url, settings=settings)


class TestFolder(Folder, IndexContract):
    """Held in memory."""


class TestFolderTooLargeToBeHeld(Folder, AskedContract):
    @pytest.fixture(autouse=True)
    def nothing_held(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(resident, "LIMIT", 0)
