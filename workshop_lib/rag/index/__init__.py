"""The vector index: documents in, nearest chunks out, on Chroma in a folder or on a server.

open_index(url, collection, model=…, …) -> ChromaIndex     replace, delete, search, stats
Entry                                                      a document to index, for `replace_many`
Stats                                                      what an index holds, and how it was made
drop_index(url, collection)                                delete a collection
"""

from workshop_lib.rag.index.entries import Entry
from workshop_lib.rag.index.index import ChromaIndex, Stats, drop_index, open_index

__all__ = ["ChromaIndex", "Entry", "Stats", "drop_index", "open_index"]
