"""What can go wrong with retrieval and its answers::

WorkshopError
└── RagError
    ├── InvalidChunking        a size, an overlap or headings that no text can be split by
    ├── EmbedderError
    │   ├── UnknownEmbedder    no embedder of that name, and no folder
    │   ├── ModelMissing       its package or a file isn't there, or the hub does not give it
    │   ├── ModelChanged       a file is not the one that was measured
    │   ├── NotAModel          a folder that holds no model that can be loaded
    │   └── InvalidText        no text, or not Unicode
    │       └── EmptyText      nothing to embed
    ├── InvalidEntry           a document, its vectors or its metadata can't be stored
    │   └── InvalidDocument    no text that could be answered from
    │       ├── EmptyDocument      nothing but whitespace
    │       ├── BinaryDocument     it holds bytes or characters that no text has
    │       ├── NotUTF8            a text in another encoding, or half a character
    │       └── DocumentTooLarge   above the limit
    ├── InvalidQuery           a vector, top_k or collection name that can't be asked for
    │   ├── EmptyQuery         nothing is asked
    │   └── QueryTooLong       above the limit
    ├── InvalidFilter          not a filter on metadata
    ├── BudgetTooSmall         a prompt's instructions and question are longer than it
    ├── InvalidChain           parts that make no LangChain chain
    │   └── UnknownModel       a language model by a name that nothing here serves
    ├── JudgementMismatch      a page is judged by another text than it was indexed from
    ├── IndexClosed            used after it was closed
    └── IndexUnavailable       it can't be opened, read or written
        ├── IndexInUse         another process has the folder
        └── IndexMismatch      made with another distance, model or chunking
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from workshop_lib.errors import PlainError
from workshop_lib.i18n import _


class RagError(PlainError):
    """Something about documents, their index or the answers from it that a reader of the message can mend."""


class InvalidChunking(RagError):
    """A chunk size below 1, an overlap that is not below it, or headings that are not the text's own."""


class EmbedderError(RagError):
    """An embedder can't be had, or can't embed what it was given."""


class UnknownEmbedder(EmbedderError):
    """A name that is none of the `known` ones, nor a folder."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        text = _("expected one of {known}, or a model's folder; got {name!r}")
        if name.count("/") == 1 and "" not in name.split("/"):
            text = _(
                "expected one of {known}, or a model's folder; got {name!r}; hf:{name} would ask the Hugging Face hub"
            )
        super().__init__(text.format(known=", ".join(self.known), name=name))


class ModelMissing(EmbedderError):
    """A model's package, one of its files, or a model of the hub can't be had."""


class ModelChanged(EmbedderError):
    """A model's file has another content than the one whose figures are known."""


class NotAModel(EmbedderError):
    """A folder that holds no sentence-transformers model, or one that can't be loaded."""


class InvalidText(EmbedderError):
    """Something that is no text, or a text that isn't Unicode."""


class EmptyText(InvalidText):
    """A text that is empty, or all whitespace: no vector could say what it is about."""


class InvalidEntry(RagError):
    """A document that the index can't take: its id, chunks, vectors or metadata; `reason` is the message without it."""

    def __init__(self, document_id: object, reason: str) -> None:
        super().__init__(_("document {document_id!r}: {reason}").format(document_id=document_id, reason=reason))
        self.document_id, self.reason = document_id, reason


class InvalidDocument(InvalidEntry):
    """What was given as a document isn't one; nothing was written."""


class EmptyDocument(InvalidDocument):
    """A document that is empty, or all whitespace."""

    def __init__(self, document_id: object) -> None:
        super().__init__(document_id, _("expected text to index, got nothing but whitespace. To remove it: delete it"))


class BinaryDocument(InvalidDocument):
    """A document with control characters: an image, an archive, a text of another encoding than UTF-8."""

    def __init__(self, document_id: object, character: str, place: int) -> None:
        text = _(
            "expected text, got U+{code:04X} at {place}, as binary files and UTF-16 have. Extract the text "
            "first (from a PDF, say), or decode it: content.decode('utf-16')"
        )
        super().__init__(document_id, text.format(code=ord(character), place=place))
        self.character, self.place = character, place


class NotUTF8(InvalidDocument):
    """A document whose bytes are not UTF-8, or whose text UTF-8 can't hold."""

    def __init__(self, document_id: object, place: int) -> None:
        text = _(
            "expected UTF-8, got something else at {place}. Decode it with the encoding that it was written "
            "in, such as content.decode('latin-1')"
        )
        super().__init__(document_id, text.format(place=place))
        self.place = place


class DocumentTooLarge(InvalidDocument):
    """A document above the limit."""

    def __init__(self, document_id: object, size: int, limit: int) -> None:
        super().__init__(
            document_id,
            _("expected at most {limit:,} bytes, got {size:,}. Index it in parts, or raise DOCUMENT_LIMIT").format(
                limit=limit, size=size
            ),
        )
        self.size, self.limit = size, limit


class InvalidQuery(RagError):
    """A vector of another shape, a top_k below 1, or a name that no collection can have."""


class EmptyQuery(InvalidQuery):
    """A question that is empty, or all whitespace."""

    def __init__(self) -> None:
        super().__init__(_("expected a question, got nothing but whitespace"))


class QueryTooLong(InvalidQuery):
    """A question above the limit."""

    def __init__(self, size: int, limit: int) -> None:
        text = _(
            "expected a question of at most {limit:,} characters, got {size:,}. Ask in a few sentences; a text "
            "to search in is indexed, not asked"
        )
        super().__init__(text.format(limit=limit, size=size))
        self.size, self.limit = size, limit


class InvalidFilter(RagError):
    """Not a filter on metadata: an unknown operator, or a value that can't be stored."""


class BudgetTooSmall(RagError):
    """A prompt can't be cut down to its budget, counts being in the tokens of the model's tokenizer."""

    def __init__(self, budget: int, needed: int, what: str) -> None:
        text = _(
            "expected a budget of {needed} tokens or more, which {what} need; got {budget}. Give a larger "
            "budget, or a shorter question"
        )
        super().__init__(text.format(needed=needed, what=what, budget=budget))
        self.budget, self.needed = budget, needed


class InvalidChain(RagError):
    """What was given to a chain can't be part of it, or contradicts another part."""


class UnknownModel(InvalidChain):
    """A language model by a name: nothing here serves one."""

    def __init__(self, name: str) -> None:
        text = _(
            "expected a language model as an object, got the name {name!r}, and nothing here serves models by "
            "name. Give llm=MODEL, any LangChain chat model (such as ChatOpenAI of the package "
            "langchain-openai), or leave llm_model out: answers are then the documents' own sentences, and "
            "need no model"
        )
        super().__init__(text.format(name=name))
        self.name = name


class JudgementMismatch(RagError):
    """A chunk's offsets don't point to its text in the judged page: it was indexed from another text."""

    def __init__(self, document_id: str, chunk_id: str) -> None:
        text = _(
            "expected {document_id!r} to be indexed from the shelf's own text, got chunk {chunk_id!r}, which "
            "stands elsewhere there. Index the shelf again: workshop rag index"
        )
        super().__init__(text.format(document_id=document_id, chunk_id=chunk_id))
        self.document_id, self.chunk_id = document_id, chunk_id


class IndexClosed(RagError):
    """The index was used after it was closed."""

    def __init__(self) -> None:
        super().__init__(_("expected an open index, got a closed one. Open another: open_index(url, …)"))


class IndexUnavailable(RagError):
    """The folder or server can't be opened, read or written; what it holds was left as it is."""

    def __init__(self, location: str, why: str) -> None:
        text = _(
            "expected a vector index at {location}, but: {why}. What is there was left as it is. CHROMA_URL "
            "chooses another folder, or a server: http://host:port"
        )
        super().__init__(text.format(location=location, why=why))
        self.location = location


class IndexInUse(IndexUnavailable):
    """Another process has the folder open. Even reading there would give wrong answers."""

    def __init__(self, folder: Path, holder: str) -> None:
        text = _(
            "process {holder} has it open, and Chroma's folder is for one process. Close it there (in a notebook: "
            "service.close(), or shut its kernel down), or let both use a server: run `chroma run --path {folder} "
            "--port 8000` and set CHROMA_URL=http://127.0.0.1:8000"
        )
        super().__init__(str(folder), text.format(holder=holder, folder=folder))
        self.holder = holder


class IndexMismatch(IndexUnavailable):
    """A collection that was made with another distance, model or chunking: its vectors can't be compared."""

    def __init__(self, location: str, collection: str, expected: Mapping[str, str], found: Mapping[str, str]) -> None:
        self.expected, self.found = dict(expected), dict(found)
        text = _(
            "collection {collection!r} should have {expected}; it has {found}. Open it with what it was made "
            "with, index under another collection's name, or delete it: drop_index({location!r}, "
            "{collection!r})"
        )
        super().__init__(
            location,
            text.format(collection=collection, expected=_listed(expected), found=_listed(found), location=location),
        )


def _listed(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in pairs.items())
