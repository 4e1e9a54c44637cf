"""How a collection was made: recorded in it when it is made, and compared whenever it is opened."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workshop_lib.i18n import _
from workshop_lib.rag.errors import IndexMismatch

SPACE = "cosine"
_FORMAT = {"made_by": "workshop_lib.rag", "format": 1}


@dataclass(frozen=True)
class Recipe:
    """What the vectors of a collection have in common. Those made otherwise can't be compared with them.

    Attributes:
        model: the embedder's name.
        dimension: of a vector.
        chunk_size, chunk_overlap: in characters.
    """

    model: str
    dimension: int
    chunk_size: int
    chunk_overlap: int

    def metadata(self) -> dict[str, str | int]:
        """What is recorded in the collection."""
        return {**_FORMAT, **asdict(self)}

    def check(self, location: str, collection: str, space: str, metadata: Mapping[str, Any] | None) -> None:
        """Compare with what a collection has.

        Raises:
            IndexMismatch: another distance, model, dimension or chunking, or made by another program.
        """
        expected = {"distance": SPACE, **self.metadata()}
        found = {"distance": space, **(metadata or {})}
        if differing := [key for key in expected if found.get(key) != expected[key]]:
            raise IndexMismatch(
                location,
                collection,
                {key: str(expected[key]) for key in differing},
                {key: str(found.get(key, _("nothing"))) for key in differing},
            )
