"""The documents: FastAPI's user guide in English and Spanish, 136 and 18 pages, as plain text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.datasets.errors import UnknownDocument
from workshop_lib.datasets.integrity import Entry, read_checked, sha256
from workshop_lib.datasets.markdown import Heading, clean

_PAGE = re.compile(r"(?P<id>(?P<language>[a-z]{2})/.+)\.md")


@dataclass(frozen=True)
class Document:
    """One page.

    Attributes:
        id: the same in every run and release of the data set, such as "en/tutorial/body".
        title: the first level-1 heading, else the first line of the text.
        language: "en" or "es".
        headings: all headings in order.
        text: the page as plain text, as `workshop_lib.datasets.markdown` describes.
        filename: the raw Markdown page, relative to the data set's folder, such as "en/tutorial/body.md".
        size: of the raw page, in bytes.
        content_hash: SHA-256 of the raw page, in hex.
        path: where the raw page lies on this machine.
    """

    id: str
    title: str
    language: str
    headings: tuple[Heading, ...]
    text: str
    filename: str
    size: int
    content_hash: str
    path: Path


class Documents:
    """The checked pages in the order of their ids; each is turned into text when it is first asked for.

    Iterating yields `Document`s, `documents["en/tutorial/body"]` is one, `len(documents)` their number.
    """

    def __init__(self, entry: Entry) -> None:
        """Read and check every file.

        Raises:
            DatasetChanged: a file is changed, lost, unreadable or added.
        """
        self.entry = entry
        self._raw: dict[str, tuple[str, bytes]] = {}
        for filename, content in read_checked(entry).items():
            if page := _PAGE.fullmatch(filename):
                self._raw[page["id"]] = filename, content
        self.ids = tuple(sorted(self._raw))
        self._documents: dict[str, Document] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Document]:
        return map(self.__getitem__, self.ids)

    def __getitem__(self, document_id: str) -> Document:
        """The page of that id.

        Raises:
            UnknownDocument: there is none; the message gives the nearest ids.
        """
        if document_id not in self._raw:
            raise UnknownDocument(document_id, self.ids)
        if document_id not in self._documents:
            self._documents[document_id] = self._read(document_id)
        return self._documents[document_id]

    def __repr__(self) -> str:
        return f"<Documents: {len(self)} pages, {self.entry.source}, {self.entry.licence}>"

    def _read(self, document_id: str) -> Document:
        filename, content = self._raw[document_id]
        page = clean(content.decode("utf-8"))
        return Document(
            id=document_id,
            title=next((h.text for h in page.headings if h.level == 1), page.text.partition("\n")[0]),
            language=document_id.partition("/")[0],
            headings=page.headings,
            text=page.text,
            filename=filename,
            size=len(content),
            content_hash=sha256(content),
            path=self.entry.path / filename,
        )
