"""What is given as a document, checked and decoded before anything else looks at it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workshop_lib.datasets import Document, Heading
from workshop_lib.i18n import _
from workshop_lib.rag.errors import BinaryDocument, DocumentTooLarge, EmptyDocument, InvalidDocument, NotUTF8
from workshop_lib.rag.results import Value

# All that Unicode's C0 has but tab, line feed, form feed and carriage return (and vertical tab, as old editors wrote).
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CONTROL_BYTE = re.compile(_CONTROL.pattern.encode())


@dataclass(frozen=True)
class Source:
    """A document that may be indexed.

    Attributes:
        document_id: any text.
        text: what is split; the offsets of its chunks and citations count in it.
        metadata: the caller's own.
        headings: the text's own, in order.
    """

    document_id: str
    text: str
    metadata: Mapping[str, Value] = field(default_factory=dict)
    headings: Sequence[Heading] = ()


def source(
    content: str | bytes,
    metadata: Mapping[str, Value] | None = None,
    document_id: str | None = None,
    headings: Sequence[Heading] = (),
    *,
    limit: int,
) -> Source:
    """A document from its parts.

    Args:
        content: text, or its bytes in UTF-8; a byte order mark is dropped.
        document_id: None for one made from the content, so that the same content is one document.
        limit: bytes of UTF-8.

    Raises:
        EmptyDocument, BinaryDocument, NotUTF8, DocumentTooLarge: what their names say.
        InvalidDocument: neither text nor bytes.
    """
    named = "without an id" if document_id is None else document_id
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidDocument(
            named, _("expected a mapping as metadata, got {kind}").format(kind=type(metadata).__name__)
        )
    text = _text(content, named, limit)
    if document_id is None:
        document_id = f"sha256-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return Source(document_id, text, dict(metadata or {}), headings)


def sources(items: Iterable[object], *, limit: int) -> Iterator[Source]:
    """As `source_of`, one by one.

    Raises:
        InvalidDocument: one document where many belong: its characters or keys would pass for documents.
        as `source_of`, when the document is reached.
    """
    if isinstance(items, str | bytes | Mapping):
        raise InvalidDocument(
            _("without an id"),
            _("expected a list of documents, got one, of type {kind}. Give [document]").format(
                kind=type(items).__name__
            ),
        )
    return (source_of(item, limit=limit) for item in items)


def source_of(item: object, *, limit: int) -> Source:
    """A document from any of the forms that `RAGService.index_documents` takes.

    Raises:
        as `source`; InvalidDocument for another form.
    """
    match item:
        case Source():
            return source(item.text, item.metadata, item.document_id, item.headings, limit=limit)
        case Document():
            metadata = {"title": item.title, "language": item.language, "source": item.filename}
            return source(item.text, metadata, item.id, item.headings, limit=limit)
        case str() | bytes():
            return source(item, limit=limit)
        case Mapping():
            return _source_of_mapping(item, limit)
        case tuple() if 1 <= len(item) <= 3:
            return source(*item, limit=limit)
        case object(page_content=content, metadata=metadata):
            return source(content, metadata, getattr(item, "id", None), limit=limit)
    raise InvalidDocument(
        _("without an id"),
        _(
            "expected a page of load('documents'), (content, metadata, document_id), a mapping with those keys or "
            "LangChain's Document; got {kind}"
        ).format(kind=type(item).__name__),
    )


def _source_of_mapping(item: Mapping[str, Any], limit: int) -> Source:
    known = {"content", "metadata", "document_id", "headings"}
    if "content" not in item or item.keys() - known:
        text = _("expected a mapping with content, and perhaps metadata, document_id and headings; got {keys}")
        raise InvalidDocument(item.get("document_id", _("without an id")), text.format(keys=sorted(map(str, item))))
    return source(item["content"], item.get("metadata"), item.get("document_id"), item.get("headings", ()), limit=limit)


def _text(content: object, named: object, limit: int) -> str:
    if isinstance(content, bytes | bytearray | memoryview):
        data = bytes(content)
        _check_size(named, len(data), limit)
        if control := _CONTROL_BYTE.search(data):
            raise BinaryDocument(named, chr(control[0][0]), control.start())
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise NotUTF8(named, error.start) from None
    elif isinstance(content, str):
        text = str.__str__(content)
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise NotUTF8(named, error.start) from None
        _check_size(named, size, limit)
        if found := _CONTROL.search(text):
            raise BinaryDocument(named, found[0], found.start())
    else:
        raise InvalidDocument(named, _("expected text or bytes, got {kind}").format(kind=type(content).__name__))
    if not text.strip():
        raise EmptyDocument(named)
    return text


def _check_size(named: object, size: int, limit: int) -> None:
    if size > limit:
        raise DocumentTooLarge(named, size, limit)
