"""From a page written for MkDocs Material to plain text: what a retriever should see, and nothing else.

Kept: paragraphs, list items (behind ``- `` or ``1. ``, nesting flattened), table rows (cells joined by `` | ``), link
texts, image alternatives, inline code, and code blocks unwrapped to their code. An admonition (``!!! note``) becomes
its title and its text, a tab (``=== "Python 3.10+"``) its label and its content. ``::: fastapi.Depends``, which asks
for generated reference, becomes the name ``fastapi.Depends``.

Dropped: front matter, emphasis, link targets, attribute lists (``{.internal-link}``), HTML tags and comments,
scripts, styles and frames, rules, Jinja tags and expressions outside code, and whole Jinja loops, since the tables
that fill them are not part of the data set. An include (``{!> ../../../docs_src/body/tutorial001.py!}``) is dropped
with the code block, and the tab, that it leaves empty: the included files are not shipped, and most exist in three or
four variants that differ in one line, which would fill a retriever's answers with copies.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from workshop_lib.datasets.html import visible
from workshop_lib.datasets.mkdocs import to_commonmark

_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
_ATTRIBUTES = re.compile(r"\{[.:#][^}\n]*\}")


@dataclass(frozen=True)
class Heading:
    """A heading of `level` 1 to 6; `start` is its offset in the page's text, in characters."""

    level: int
    text: str
    start: int


@dataclass(frozen=True)
class Page:
    """A page's plain text and its headings in order; `text[heading.start:]` begins with the heading's text."""

    text: str
    headings: tuple[Heading, ...]


@dataclass(frozen=True)
class _Block:
    text: str
    level: int = 0
    tight: bool = False


def clean(markdown: str) -> Page:
    """The plain text of a page; blocks are parted by an empty line, items of a tight list by a line's end."""
    text, headings, previous = "", [], _Block("")
    for block in _blocks(_parser().parse(to_commonmark(markdown))):
        text += "" if not text else "\n" if block.tight and previous.tight else "\n\n"
        if block.level:
            headings.append(Heading(block.level, block.text, len(text)))
        text += block.text
        previous = block
    return Page(text, tuple(headings))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _blocks(tokens: Sequence[Token]) -> Iterator[_Block]:
    marker, level, tight = "", 0, False
    row: list[str] | None = None
    for token in tokens:
        text = ""
        if token.type == "list_item_open":
            marker = f"{token.info}. " if token.info else "- "
        elif token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "paragraph_open":
            tight = token.hidden
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            text, row, tight = " | ".join(row or ()), None, True
        elif token.type == "inline":
            text = _inline(token.children or []).strip()
            if row is not None:
                row.append(text)
                continue
        elif token.type in ("fence", "code_block"):
            text, tight = token.content.strip("\n").rstrip(), False
        elif token.type == "html_block":
            lines = visible(_JINJA.sub("", token.content)).splitlines()
            text, tight = "\n".join(line.strip() for line in lines if line.strip()), False
        if text:
            yield _Block(marker + text, level, tight)
            marker, level, tight = "", 0, False


def _inline(tokens: Sequence[Token]) -> str:
    return "".join(map(_span, tokens))


def _span(token: Token) -> str:
    if token.type == "text":
        return _ATTRIBUTES.sub("", _JINJA.sub("", token.content))
    if token.type == "code_inline":
        return token.content
    if token.type == "html_inline":
        return visible(_JINJA.sub("", token.content))
    if token.type == "image":
        return _inline(token.children or [])
    return {"softbreak": " ", "hardbreak": "\n"}.get(token.type, "")
