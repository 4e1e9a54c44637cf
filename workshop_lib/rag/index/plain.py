"""A document in a plain Chroma collection, without the manifest of `ChromaIndex`.

For one writer, in a collection that nobody reads meanwhile: between the two calls a reader would find the old version
and the new one side by side.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from workshop_lib.rag.index.entries import Vectors, check_id, record_id
from workshop_lib.rag.results import Value

if TYPE_CHECKING:
    from chromadb import Collection


def replace_document(
    collection: "Collection",
    document_id: str,
    texts: Sequence[str],
    vectors: Vectors,
    metadata: Mapping[str, Value] | None = None,
) -> list[str]:
    """Put a document's chunks in place of what the collection has under its id, and return the ids of their records.

    The same texts and metadata have the same ids always and everywhere. The old chunks go last, so that a write that
    fails loses nothing.

    Args:
        texts: of all its chunks, in order.
        vectors: one a chunk, shape (chunks, dimension).
        metadata: kept with each chunk, beside document_id and chunk_index.

    Raises:
        InvalidEntry: no document id.
        ChromaError, ValueError: what Chroma refuses.
    """
    check_id(document_id)
    version = hashlib.sha256(json.dumps([list(texts), sorted((metadata or {}).items())]).encode()).hexdigest()[:20]
    ids = [record_id(document_id, index, version) for index in range(len(texts))]
    if ids:
        collection.upsert(
            ids=ids,
            documents=list(texts),
            embeddings=np.asarray(vectors, dtype=np.float32),
            metadatas=[
                {**(metadata or {}), "document_id": document_id, "chunk_index": index} for index in range(len(texts))
            ],
        )
    there = collection.get(where={"document_id": document_id}, include=[])["ids"]
    if stale := sorted(set(there) - set(ids)):
        collection.delete(ids=stale)
    return ids
