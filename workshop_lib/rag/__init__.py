"""Answers from documents, with their sources.

split(text, size=500, overlap=50, headings=…) -> Chunks     pieces to embed, each with its place in the page
RagError                                                    the root of the errors, drawn in `errors`
"""

from workshop_lib.rag.chunking import Chunk, split
from workshop_lib.rag.errors import InvalidChunking, RagError

__all__ = ["Chunk", "InvalidChunking", "RagError", "split"]
