"""Pages small enough to read in a message."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Page:
    """A page small enough to read in a message. Its raw Markdown is longer than its text."""

    id: str
    text: str
    headings: tuple[object, ...] = ()

    @property
    def language(self) -> str:
        return self.id.partition("/")[0]

    @property
    def title(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def raw(self) -> bytes:
        return f"# {self.text}\n".encode()

    @property
    def filename(self) -> str:
        return f"{self.id}.md"

    @property
    def path(self) -> Path:
        return Path(self.filename)

    @property
    def size(self) -> int:
        return len(self.raw)

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


CAFE, TEA = Page("es/cafe", "Café con leche"), Page("en/tea", "Tea with milk")
