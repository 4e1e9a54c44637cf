"""Text and Markdown files as documents. A file that can't be one is passed over, and told with its reason."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from workshop_lib.datasets.markdown import clean
from workshop_lib.i18n import _
from workshop_lib.rag.errors import DocumentTooLarge, InvalidEntry, RagError
from workshop_lib.rag.index.entries import check_id
from workshop_lib.rag.intake import Source, source
from workshop_lib.rag.results import Value

MARKDOWN = frozenset({".md", ".markdown"})
SUFFIXES = MARKDOWN | {".txt"}
"""What is taken from a folder; a file that is named itself may have any."""


class Skipped(NamedTuple):
    """A path that is no document, and why."""

    path: Path
    reason: str


class Files:
    """The documents in `paths`, files and folders, read one by one as they are iterated.

    A document's id is its file's absolute path, so that it is the same from every folder. Its metadata has `source`,
    the same path, and `title`, the first heading or the file's name. Offsets count in the text that Markdown gives,
    not in its source. Files and folders whose name begins with a dot are passed over within a folder.

    Attributes:
        skipped: what could not be read, once it was come upon.
    """

    def __init__(self, paths: Sequence[Path], *, limit: int, language: str | None = None) -> None:
        """Find the files; none is opened yet.

        Args:
            limit: bytes; a file above it is not read.
            language: recorded with each document where it is given.
        """
        self._limit = limit
        self._own: dict[str, Value] = {} if language is None else {"language": language}
        self.skipped: list[Skipped] = []
        self._files = list(dict.fromkeys(file for path in paths for file in self._found(path)))

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Source]:
        for file in self._files:
            try:
                yield self._read(file)
            except RagError as error:
                self.skipped.append(Skipped(file, error.reason if isinstance(error, InvalidEntry) else str(error)))
            except OSError as error:
                self.skipped.append(Skipped(file, _("can't be read: {why}").format(why=error.strerror or error)))

    def _found(self, path: Path) -> list[Path]:
        path = path.expanduser().absolute()
        if path.is_dir():
            files = sorted(_within(path))
            if not files:
                suffixes = ", ".join(sorted(SUFFIXES))
                self.skipped.append(
                    Skipped(path, _("holds no file that ends with {suffixes}").format(suffixes=suffixes))
                )
            return files
        if not path.exists():
            self.skipped.append(Skipped(path, _("there is no such file or folder")))
            return []
        if not path.is_file():
            # A pipe or a device would be waited for.
            self.skipped.append(Skipped(path, _("is neither a file nor a folder")))
            return []
        return [path]

    def _read(self, file: Path) -> Source:
        name = str(file)
        # A file's name may be bytes that are no UTF-8, and would then be refused half-way through.
        check_id(name)
        if (size := file.stat().st_size) > self._limit:
            raise DocumentTooLarge(name, size, self._limit)
        metadata: dict[str, Value] = {"title": file.stem, "source": name, **self._own}
        raw = source(file.read_bytes(), metadata, name, limit=self._limit)
        if file.suffix.lower() not in MARKDOWN:
            return raw
        page = clean(raw.text)
        if title := next((heading.text for heading in page.headings if heading.level == 1), ""):
            metadata["title"] = title
        return source(page.text, metadata, name, page.headings, limit=self._limit)


def _within(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(root, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and path.is_file():
                yield path
