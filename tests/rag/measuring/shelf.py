"""A tiny shelf whose figures can be worked out by hand."""

from pathlib import Path
from typing import Any

from workshop_lib.datasets import Document, Question
from workshop_lib.rag.chunking import split
from workshop_lib.rag.results import Result

SIZE = 20
# Four chunks of 20 characters each, told apart by their letters.
TEXTS = {name: " ".join(letter * 19 + "." for letter in letters) for name, letters in
         {"en/a": "abcd", "en/b": "efgh", "es/a": "ijkl", "en/c": "mnop"}.items()}  # fmt: skip


def document(document_id: str) -> Document:
    text = TEXTS[document_id]
    return Document(document_id, document_id, document_id[:2], (), text, document_id, len(text), "", Path())


PAGES = {document_id: document(document_id) for document_id in TEXTS}


def question(name: str, page: str | None, sentence: str | None = None, also: tuple[str, ...] = (), **fields: Any):
    return Question(**{"id": name, "language": "en", "question": name, "document_id": page, "sentence": sentence,
                       "split": "test", "also": also, **fields})  # fmt: skip


def chunk(letter: str) -> Result:
    """The chunk that is all that letter."""
    page = next(name for name, text in TEXTS.items() if letter in text)
    one = next(one for one in split(TEXTS[page], size=SIZE, overlap=0) if letter in one.text)
    place = {"document_id": page, "chunk_index": one.index, "chunk_total": one.total, "start": one.start}
    return Result(f"{page}:{one.index}:1", one.text, 0.5, {**place, "end": one.end, "headings": ""})


def chunks(letters: str) -> list[Result]:
    return [chunk(letter) for letter in letters]
