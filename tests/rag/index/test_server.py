from collections.abc import Callable
from urllib.parse import urlsplit

import chromadb
import pytest

from .contract import AskedContract
from .making import Place


class TestServer(AskedContract):
    @pytest.fixture
    def place(self, on_server: Place) -> Place:
        return on_server

    @pytest.fixture
    def client(self, place: Place) -> Callable[[], chromadb.ClientAPI]:
        port = urlsplit(place.url).port
        assert port
        settings = chromadb.Settings(anonymized_telemetry=False)
        return lambda: chromadb.HttpClient("127.0.0.1", port, settings=settings)
