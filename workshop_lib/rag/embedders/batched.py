"""What our embedders share: texts checked, batches by length, vectors of unit length, and a word on each call."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from workshop_lib.i18n import _
from workshop_lib.rag.embedders.base import Call, Progress, Vectors
from workshop_lib.rag.embedders.texts import usable

_log = logging.getLogger(__name__)


class Told(threading.local):
    """A thread's last call: another thread's never shows in between."""

    call = Call()


class BatchedEmbedder(ABC):
    """An `Embedder` that encodes a batch of texts at a time.

    Its first cut text is also said through logging, once: `last` tells of each.
    """

    batch = 32

    def __init__(self) -> None:
        self._told = Told()
        self._warned = False

    @property
    @abstractmethod
    def name(self) -> str:
        """As `Embedder`."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """As `Embedder`."""

    @property
    @abstractmethod
    def max_tokens(self) -> int | None:
        """As `Embedder`."""

    @abstractmethod
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As `Embedder`."""

    @abstractmethod
    def _encode(self, texts: list[str], *, query: bool) -> tuple[npt.NDArray[np.floating], list[bool]]:
        """Their vectors, of any length but 0, and whether each text was cut."""

    @property
    def last(self) -> Call:
        """What the calling thread's last call did. Ask in the thread that embedded, right after it did."""
        return self._told.call

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As `Embedder`. A batch holds texts of similar length, so that little of it is padding."""
        texts = usable(texts)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        cut: list[int] = []
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            encoded, were_cut = self._encode([texts[row] for row in rows], query=False)
            vectors[rows] = unit(encoded)
            cut += [row for row, was_cut in zip(rows, were_cut, strict=True) if was_cut]
            if progress:
                progress(start + len(rows), len(order))
        self._told.call = Call(len(texts), len(texts), tuple(sorted(cut)))
        if cut:
            self._warn(len(cut), len(texts))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """As `Embedder`."""
        encoded, (was_cut,) = self._encode(usable([text]), query=True)
        self._told.call = Call(1, 1, (0,) if was_cut else ())
        vector: Vectors = unit(encoded)[0]
        return vector

    def _warn(self, cut: int, texts: int) -> None:
        if self._warned:
            return
        self._warned = True
        _log.warning(
            _(
                "%d of %d texts are longer than %s reads (%s): their vectors know only their beginning. "
                "Smaller chunks lose nothing"
            ),
            cut,
            texts,
            self.name,
            _("{count} tokens").format(count=self.max_tokens) if self.max_tokens else _("a page or two"),
        )


def unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Each row at length 1; a row of zeros stays."""
    exact = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(exact, axis=-1, keepdims=True)
    scaled: npt.NDArray[np.float64] = np.divide(exact, norms, out=np.zeros_like(exact), where=norms > 0)
    return scaled.astype(np.float32)
