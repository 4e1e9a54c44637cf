"""A part of the shelf small enough to embed while somebody waits, and large enough to be asked about."""

from collections import Counter
from collections.abc import Iterable

from workshop_lib.datasets import Document, Question
from workshop_lib.rag.chunking import chunk_spans


def few_pages(
    documents: Iterable[Document],
    questions: Iterable[Question],
    *,
    most_chunks: int = 500,
    size: int = 500,
    overlap: int = 50,
) -> list[Document]:
    """Whole pages with at most `most_chunks` chunks together, in the order of their ids.

    First those that are a question's own page, in the order of how few chunks they cost a question; then others,
    shortest first, as long as there is room. So the part holds the answers to as many questions as it can; it is easier
    to search than the whole, since fewer and shorter pages compete.

    Args:
        size, overlap: the chunking by which chunks are counted, in characters.

    Raises:
        InvalidChunking: as `chunk_spans`.
    """
    chunks = {page: len(chunk_spans(page.text, size, overlap, headings=page.headings)) for page in documents}
    asked = Counter(question.document_id for question in questions if question.answerable)
    wanted = sorted(chunks, key=lambda page: (not asked[page.id], chunks[page] / max(1, asked[page.id]), page.id))
    chosen: list[Document] = []
    room = most_chunks
    for page in wanted:
        if chunks[page] <= room:
            chosen.append(page)
            room -= chunks[page]
    return sorted(chosen, key=lambda page: page.id)
