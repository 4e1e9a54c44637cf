"""What a query gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool


@dataclass(frozen=True)
class Result:
    """One chunk that was found.

    Attributes:
        id: of the chunk, unique in the collection.
        content: the chunk's text.
        metadata: the caller's own, beside document_id, chunk_index, chunk_total, start and end (offsets of the chunk in
            its document, in characters) and headings.
        distance: 1 − cosine similarity, from 0 to 2.
    """

    id: str
    content: str
    distance: float
    metadata: Mapping[str, Value] = field(default_factory=dict)

    @property
    def relevance_score(self) -> float:
        """Cosine similarity, with everything below 0 shown as 0. Not a probability."""
        return max(0.0, 1.0 - self.distance)

    @property
    def document_id(self) -> str:
        """The document that the chunk is from."""
        return str(self.metadata["document_id"])
