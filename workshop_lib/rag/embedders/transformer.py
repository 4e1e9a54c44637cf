"""Any sentence-transformers model; `minilm` is one whose weights a package carries."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workshop_lib.i18n import _
from workshop_lib.rag.embedders.batched import BatchedEmbedder
from workshop_lib.rag.embedders.once import Once
from workshop_lib.rag.embedders.weights import MINILM
from workshop_lib.rag.errors import NotAModel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# What a tokenizer without a window gives as its window.
_NO_WINDOW = 10**6


class TransformerEmbedder(BatchedEmbedder):
    """A sentence-transformers model in a folder.

    Documents and queries get the prompts that the model was trained with, if it declares any. Code that lies in the
    folder is never run.

    Args:
        find: gives the model's folder; called once, before it is loaded, and may check or fetch it.
        name: recorded in a collection.
        identity: names the content, for a cache; default: `name`, which then must name it.
        languages: see `Embedder`.
        device: as torch names it.
    """

    def __init__(
        self,
        find: Callable[[], Path],
        *,
        name: str,
        identity: str = "",
        languages: frozenset[str] = frozenset(),
        device: str = "cpu",
    ) -> None:
        super().__init__()
        self._find, self._name, self._device = find, name, device
        self.identity = identity or name
        self.languages = languages
        # The tokenizer's truncation is set and reset around each use. The forward pass needs no lock.
        self._tokenizing = threading.Lock()
        self._model = Once(self._load)

    @property
    def name(self) -> str:
        """As `Embedder`."""
        return self._name

    @property
    def dimension(self) -> int:
        """As `Embedder`. Loads the model."""
        return int(self._model().get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int | None:
        """As `Embedder`. Loads the model."""
        limit = self._model().max_seq_length
        return int(limit) if limit and limit < _NO_WINDOW else None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As `Embedder`."""
        if not texts:
            return []
        model = self._model()
        with self._tokenizing:
            encoded: Any = model.tokenizer(list(texts), truncation=False, add_special_tokens=True, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode(self, texts: list[str], *, query: bool) -> tuple[npt.NDArray[np.floating], list[bool]]:
        model = self._model()
        encode = model.encode_query if query else model.encode_document
        vectors = np.asarray(encode(texts, batch_size=len(texts), show_progress_bar=False), dtype=np.float32)
        return vectors, self._cut(texts)

    def _cut(self, texts: list[str]) -> list[bool]:
        cut = [False] * len(texts)
        if (limit := self.max_tokens) is not None:
            # A token takes a byte at the least, so a short text need not be counted.
            long = [row for row, text in enumerate(texts) if len(text.encode()) > limit - 2]
            for row, tokens in zip(long, self.count_tokens([texts[row] for row in long]), strict=True):
                cut[row] = tokens > limit
        return cut

    def _load(self) -> "SentenceTransformer":
        folder = self._find()
        from sentence_transformers import SentenceTransformer

        try:
            with _no_bar():
                model = SentenceTransformer(
                    str(folder), device=self._device, local_files_only=True, trust_remote_code=False
                )
        except Exception as error:
            # A damaged folder fails in as many ways as it has files.
            why = " ".join(str(error).split()) or type(error).__name__
            raise NotAModel(
                _("expected a sentence-transformers model in {folder}, but: {why}").format(folder=folder, why=why[:200])
            ) from error
        preprocess = model.preprocess

        def one_at_a_time(*args: Any, **kwargs: Any) -> Any:
            with self._tokenizing:
                return preprocess(*args, **kwargs)

        setattr(model, "preprocess", one_at_a_time)  # noqa: B010 (a method, as mypy sees it)
        return model


class _MiniLM(TransformerEmbedder):
    """Known without loading torch."""

    dimension = 384
    max_tokens = 256


def minilm() -> TransformerEmbedder:
    """all-MiniLM-L6-v2, English, 384 dimensions, 256 tokens.

    Raises:
        ModelMissing: the package with its weights isn't installed. With the first text, `ModelChanged` is raised too.
    """
    MINILM.find()
    return _MiniLM(MINILM.checked, name="minilm", identity=f"minilm:{MINILM.identity}", languages=frozenset({"en"}))


@contextmanager
def _no_bar() -> Iterator[None]:
    """No progress bar for loading weights, which is a matter of milliseconds."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
