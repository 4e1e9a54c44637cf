"""A service whose vectors cost nothing, and yet texts with common words are near one another."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from workshop_lib.rag.answering.words import words
from workshop_lib.rag.embedders import BatchedEmbedder
from workshop_lib.rag.service import RAGService


class BagOfWords(BatchedEmbedder):
    """Counts words in buckets; reads sixty words, and knows English."""

    name = "bag"
    dimension = 256
    max_tokens = 60
    languages = frozenset({"en"})

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(words(text)) for text in texts]

    def _encode(self, texts, *, query):
        self.asked += texts
        vectors = np.full((len(texts), self.dimension), 0.01)
        for row, text in enumerate(texts):
            for word in words(text)[: self.max_tokens]:
                vectors[row, int.from_bytes(hashlib.md5(word.encode()).digest()[:2]) % self.dimension] += 1
        return vectors, [count > self.max_tokens for count in self.count_tokens(texts)]


def serve(url: str | Path, embedder: Any = None, **options: Any) -> RAGService:
    return RAGService(embedding_model=embedder or BagOfWords(), url=url, **{"registry": CollectorRegistry(), **options})
