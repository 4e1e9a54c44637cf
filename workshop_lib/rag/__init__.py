"""Answers from documents, with their sources.

split(text, size=500, overlap=50, headings=…) -> Chunks     pieces to embed, each with its place in the page
embedders.open_embedder("minilm")                           texts to vectors
index.open_index(folder or URL, …)                          vectors to where they came from
RagError                                                    the root of the errors, drawn in `errors`

`embedders` and `index` are imported by name: they need the extra [rag].
"""

from workshop_lib.rag.chunking import Chunk, split
from workshop_lib.rag.errors import InvalidChunking, RagError

__all__ = ["Chunk", "InvalidChunking", "RagError", "split"]
