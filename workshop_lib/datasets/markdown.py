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
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
_INCLUDE = re.compile(r"\{!>?[^}]*!\}")
_FENCE = re.compile(r"^ *(`{3,}|~{3,}) *(\w*)")
_ADMONITION = re.compile(r'^ *(?:!!!|\?\?\?\+?) +([\w-]+)(?: +"(.*)")? *$')
_TAB = re.compile(r'^ *===[!+]? +"(.*)" *$')
_REFERENCE = re.compile(r"^ *::: +(\S+) *$")
_LOOP = re.compile(r"\{%-? *(for|endfor)\b")
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
_ATTRIBUTES = re.compile(r"\{[.:#][^}\n]*\}")
_INDENT = 4


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
    body = _FRONT_MATTER.sub("", markdown, count=1)
    source = "\n".join(_flatten(_without_loops(body.splitlines())))
    text, headings, previous = "", [], _Block("")
    for block in _blocks(_parser().parse(source)):
        text += "" if not text else "\n" if block.tight and previous.tight else "\n\n"
        if block.level:
            headings.append(Heading(block.level, block.text, len(text)))
        text += block.text
        previous = block
    return Page(text, tuple(headings))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _without_loops(lines: Sequence[str]) -> Iterator[str]:
    fence, depth = "", 0
    for line in lines:
        if match := _FENCE.match(line):
            fence = "" if fence and line.strip().startswith(fence) else fence or match[1]
        tags = [] if fence else _LOOP.findall(line)
        if not depth and not tags:
            yield line
        depth = max(0, depth + tags.count("for") - tags.count("endfor"))


def _flatten(lines: Sequence[str]) -> list[str]:
    """MkDocs' containers as plain paragraphs, so that CommonMark doesn't take their indented text for code."""
    out: list[str] = []
    at = 0
    while at < len(lines):
        line, indent = lines[at], _indent(lines[at])
        at += 1
        if match := _FENCE.match(line):
            code, at = _code(lines, at, match[1])
            if any(part.strip() for part in code):
                if match[2] == "console":
                    code = [_html(part) if "<" in part else part for part in code]
                out += [line, *code, " " * indent + match[1]]
            continue
        label = _label(line)
        if label is None:
            out.append(_INCLUDE.sub("", line))
            continue
        body, at = _body(lines, at, indent + _INDENT)
        content = [] if _REFERENCE.match(line) else _flatten(body)
        if _TAB.match(line) and not any(part.strip() for part in content):
            continue
        out += ["", *(" " * indent + part for part in (label, "", *content)), ""]
    return out


def _label(line: str) -> str | None:
    if match := _ADMONITION.match(line):
        return match[1].capitalize() if match[2] is None else match[2]
    match = _TAB.match(line) or _REFERENCE.match(line)
    return match[1] if match else None


def _code(lines: Sequence[str], at: int, fence: str) -> tuple[list[str], int]:
    end = next((i for i in range(at, len(lines)) if lines[i].strip() == fence), len(lines))
    return [_INCLUDE.sub("", line) for line in lines[at:end]], end + 1


def _body(lines: Sequence[str], at: int, indent: int) -> tuple[list[str], int]:
    end = at
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) >= indent):
        end += 1
    return [line[indent:] for line in lines[at:end]], end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


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
            text, tight = _html(token.content).strip(), False
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
        return _html(token.content)
    if token.type == "image":
        return _inline(token.children or [])
    return {"softbreak": " ", "hardbreak": "\n"}.get(token.type, "")


class _Visible(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "iframe"):
            self._hidden += 1
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "iframe"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _html(source: str) -> str:
    parser = _Visible()
    parser.feed(_JINJA.sub("", source))
    parser.close()
    return "".join(parser.parts)
