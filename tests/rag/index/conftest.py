from collections.abc import Iterator
from itertools import count

import pytest

from .making import Place
from .server import Server

_numbers = count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("chroma-server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def on_server(server: Server) -> Place:
    return Place(server.url, f"documents-{next(_numbers)}")
