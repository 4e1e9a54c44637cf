"""Results as a search gives them."""

from workshop_lib.rag.results import Result


def found(content: str, relevance: float = 0.5, document_id: str = "page", start: int = 0, **metadata) -> Result:
    place = {"document_id": document_id, "start": start, "end": start + len(content), **metadata}
    return Result(f"{document_id}:{start}", content, 1 - relevance, place)
