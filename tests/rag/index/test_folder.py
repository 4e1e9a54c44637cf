from collections.abc import Callable
from pathlib import Path

import chromadb
import pytest

from .contract import IndexContract
from .making import Place


class TestFolder(IndexContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Place(str(tmp_path / "an index"), "documents")

    @pytest.fixture
    def client(self, place: Place) -> Callable[[], chromadb.ClientAPI]:
        settings = chromadb.Settings(anonymized_telemetry=False)
        return lambda: chromadb.PersistentClient(place.url, settings=settings)
