from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop_lib.rag.service import RAGService

from .serving import serve


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RAGService]:
    """An empty one, on a folder of the test's own."""
    with serve(tmp_path / "index") as opened:
        yield opened
