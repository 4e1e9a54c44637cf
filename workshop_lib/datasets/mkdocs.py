"""MkDocs Material's own syntax, rewritten to CommonMark, which would take its indented containers for code."""

import re
from collections.abc import Iterator, Sequence

from workshop_lib.datasets.html import visible

_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
_INCLUDE = re.compile(r"\{!>?[^}]*!\}")
_FENCE = re.compile(r"^ *(`{3,}|~{3,}) *(\w*)")
_ADMONITION = re.compile(r'^ *(?:!!!|\?\?\?\+?) +([\w-]+)(?: +"(.*)")? *$')
_TAB = re.compile(r'^ *===[!+]? +"(.*)" *$')
_REFERENCE = re.compile(r"^ *::: +(\S+) *$")
_LOOP = re.compile(r"\{%-? *(for|endfor)\b")
_INDENT = 4


def to_commonmark(page: str) -> str:
    """A page without front matter, includes and Jinja loops; containers become a label and plain paragraphs."""
    body = _FRONT_MATTER.sub("", page, count=1)
    return "\n".join(_flatten(list(_without_loops(body.splitlines()))))


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
    out: list[str] = []
    at = 0
    while at < len(lines):
        line, indent = lines[at], _indent(lines[at])
        at += 1
        if match := _FENCE.match(line):
            code, at = _code(lines, at, match[1])
            if any(part.strip() for part in code):
                if match[2] == "console":
                    code = [visible(part) if "<" in part else part for part in code]
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
