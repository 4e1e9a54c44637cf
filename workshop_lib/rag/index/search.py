"""The nearest records of current versions, each document as it was in one moment: asked of Chroma.

For a server, and for a folder that is too large to be held in memory (see `resident`).
"""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workshop_lib.i18n import _
from workshop_lib.rag.errors import IndexUnavailable
from workshop_lib.rag.index.entries import RESERVED, place
from workshop_lib.rag.index.filters import Where
from workshop_lib.rag.index.manifest import Edition, Manifest
from workshop_lib.rag.results import Result

if TYPE_CHECKING:
    from chromadb import Collection

# After these the reader makes this process's writers wait; those of other processes it can't.
_FREE_TRIES = 3
_TRIES = 60


def nearest(
    collection: "Collection", manifest: Manifest, vector: npt.NDArray[np.float32], top_k: int, where: Where | None
) -> list[Result]:
    """The `top_k` nearest, or as many as there are; those equally near in the order of document id and chunk index.

    Raises:
        IndexUnavailable: other processes replaced what was found again and again while it was read.
    """
    # One more than asked for tells whether the last is as near as what was left out.
    wanted = top_k + 1
    tries = 0
    while tries < _TRIES:
        with manifest.still if tries >= _FREE_TRIES else nullcontext():
            before = manifest.mark
            found, furthest = _query(collection, vector, wanted, where)
            editions, after = manifest.look({place(result.id).document_id for result in found})
        if before != after:
            tries += 1
            continue
        current = sorted(
            (result for result in found if _is_current(result, editions)),
            key=lambda result: (result.distance, place(result.id)),
        )
        if furthest is None or (len(current) >= top_k and current[top_k - 1].distance < furthest):
            return current[:top_k]
        wanted *= 2
    raise IndexUnavailable(
        collection.name,
        _("what was found was replaced {tries} times while it was read. Ask again").format(tries=_TRIES),
    )


def _is_current(result: Result, editions: Mapping[str, Edition]) -> bool:
    document_id, _, version = place(result.id)
    return document_id in editions and editions[document_id].version == version


def _query(
    collection: "Collection", vector: npt.NDArray[np.float32], wanted: int, where: Where | None
) -> tuple[list[Result], float | None]:
    """What Chroma finds, and the distance beyond which there may be more; None where that was all."""
    found: Mapping[str, Any] = collection.query(
        query_embeddings=vector[None], n_results=wanted, where=where, include=["documents", "metadatas", "distances"]
    )
    columns = [found[column][0] for column in ("ids", "documents", "distances", "metadatas")]
    rows: Iterable[tuple[str, str, float, Mapping[str, Any]]] = zip(*columns, strict=True)
    results = [
        Result(record_id, text, rounded(distance), ordered(metadata))
        for record_id, text, distance, metadata in rows
        # Deleted between Chroma's two looks at it, it has nothing but an id.
        if metadata
    ]
    distances = columns[2]
    return results, rounded(distances[-1]) if len(distances) == wanted else None


def rounded(distance: float) -> float:
    """Within its range, and without the digits that 32 bits don't hold: equal vectors are equally near."""
    return min(2.0, max(0.0, round(distance, 6)))


def ordered(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The index's own keys, then the caller's: Chroma gives them in any order."""
    return {key: metadata[key] for key in (*RESERVED, *sorted(metadata.keys() - set(RESERVED)))}
