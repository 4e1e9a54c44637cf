"""What an embedder is, and what all of them tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from workshop_lib.i18n import _

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""`progress(done, all)`, in texts. What it raises ends the work."""


class Embedder(Protocol):
    """Turns texts into vectors of unit length, so that their dot product is their cosine.

    Ours may be asked by several threads at once, load their model at the first text, and have two more attributes:
    `identity`, the name and what the weights are, by which a cache tells models apart; and `last`, the `Call` that
    tells what the calling thread's last call did.

    Attributes:
        name: recorded in a collection; two embedders with the same name give the same vectors.
        dimension: of a vector.
        max_tokens: what the model reads of a text; it ignores the rest. None where there is no such limit.
        languages: ISO 639-1 codes of the languages it was trained for; empty where that is not known.
    """

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def max_tokens(self) -> int | None: ...
    @property
    def languages(self) -> frozenset[str]: ...

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Shape (texts, dimension), float32. `progress` is called after each batch.

        Raises:
            InvalidText: one of them is empty (`EmptyText`), not Unicode, or no text.
        """
        ...

    def embed_query(self, text: str) -> Vectors:
        """Shape (dimension,), float32.

        Raises:
            InvalidText: as `embed_documents`.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by the model's own tokenizer, before anything is cut."""
        ...


@dataclass(frozen=True)
class Call:
    """What one call of `embed_documents` or `embed_query` did.

    Attributes:
        texts: how many were given.
        computed: how many the model embedded; the others came from a cache, or were given twice.
        cut: which of them, by position, are longer than the model reads; their vectors know only the beginning.
    """

    texts: int = 0
    computed: int = 0
    cut: tuple[int, ...] = ()

    @property
    def cached(self) -> int:
        """How many needed no model."""
        return self.texts - self.computed

    def __str__(self) -> str:
        counts = {_("{count} computed"): self.computed, _("{count} cached"): self.cached}
        return ", ".join(text.format(count=count) for text, count in counts.items() if count) or _("nothing to do")


def last_call(embedder: Embedder) -> Call | None:
    """What the calling thread's last call did; None where the embedder doesn't tell."""
    call = getattr(embedder, "last", None)
    return call if isinstance(call, Call) else None


def knows(embedder: Embedder, language: str) -> bool:
    """False only where the model is known not to have learnt `language`: "es", "es-MX" and "ES" are one."""
    return not embedder.languages or language.replace("_", "-").partition("-")[0].lower() in embedder.languages
