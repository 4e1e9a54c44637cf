import hashlib
import threading
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from workshop_lib.datasets import load
from workshop_lib.rag.embedders import KNOWN, BatchedEmbedder, Embedder, open_embedder


class Counting(BatchedEmbedder):
    """Vectors from a text's hash; it keeps what it was asked, and cuts a text above ten words."""

    name = "counting"
    dimension = 8
    max_tokens = 10
    languages = frozenset({"en", "es"})
    batch = 4

    def __init__(self, identity: str = "counting:1", dimension: int = 8) -> None:
        super().__init__()
        self.identity = identity
        self.dimension = dimension
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def _encode(self, texts, *, query):
        with self._lock:
            self.asked += texts
        rows = [hashlib.shake_128(text.encode()).digest(self.dimension) for text in texts]
        vectors = np.array([list(row) for row in rows], dtype=np.float64) + 1
        return vectors, [len(text.split()) > self.max_tokens for text in texts]


@pytest.fixture
def counting() -> type[Counting]:
    return Counting


_opened = cache(open_embedder)


@pytest.fixture
def opened():
    """A known embedder by name, its model loaded once a session."""
    return _opened


@pytest.fixture(params=list(KNOWN))
def embedder(request) -> Embedder:
    return _opened(request.param)


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    pages = [page for page in load("documents") if page.language == "en"][:60]
    return [line for page in pages for line in page.text.splitlines() if 40 <= len(line) <= 300][:60]
