"""Finds the text of an answer's cell, and what it lacks to stand alone."""

import ast
import builtins
import inspect
import re
import symtable
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import Any

_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_RUNS_THE_CELL = ("time", "capture", "prun")
_MAGIC = re.compile(r"\s*([%!?]|[\w.]+\?\??\s*$|\w+\s*=\s*[%!])")
_CELL = re.compile(r"^# %%.*\n", re.MULTILINE)
_DESK = {"answer", "begin", "case", "check", "hint", "solution"}
_OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def cell_source(name: str, inputs: Sequence[str]) -> str | None:
    """The last of a kernel's inputs that defines `name` at its top level, without magics; None if none does.

    `inspect.getsource` fails on a class defined in a notebook cell; IPython's `In` has every input's text.
    """
    for text in reversed(inputs):
        source = without_magics(text)
        if name in defined_names(source) and _compiles(source):
            return source
    return None


def _compiles(source: str) -> bool:
    """Whether Python takes it: what parses may still name a parameter twice. Such an input ran into an error."""
    try:
        compile(source, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return False
    return True


def without_desk_calls(source: str) -> str:
    """A cell without its own top-level `check(…)`, `hint(…)` and the like: students write them below the answer.

    The line count stays. A call that shares its line with something else stays too.
    """
    body = ast.parse(source).body
    lines = source.split("\n")
    for node in body:
        shared = any(o is not node and _overlap(o, node) for o in body)
        if not shared and isinstance(node, ast.Expr | ast.Assign) and _calls_desk(node.value):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines)


def file_source(subject: Any, name: str) -> str | None:
    """The text that defines `name` in a plain Python file, None where there is none to read (a lambda, a built-in).

    In a percent file, such as a chapter's source, it is the whole cell.
    """
    try:
        lines, _first = inspect.findsource(subject)
        source = textwrap.dedent(inspect.getsource(subject))
    except (OSError, TypeError):
        return None
    cells = [cell for cell in _CELL.split("".join(lines))[1:] if name in defined_names(cell)]
    if cells:
        return cells[-1]
    return source if name in defined_names(source) else None


def without_magics(text: str) -> str:
    """A cell without its `%magic`, `!command` and `help?` lines; the line count stays.

    Nothing is left of a cell that a magic took for itself (`%%bash`, `%%writefile`).
    """
    try:
        ast.parse(text)
    except SyntaxError:
        cell_magic = _CELL_MAGIC.match(text)
        if cell_magic and cell_magic[1] not in _RUNS_THE_CELL:
            return ""
        return "\n".join("" if _MAGIC.match(line) else line for line in text.split("\n"))
    return text


def defined_names(source: str) -> set[str]:
    """The names that functions, classes and assignments define at the top level; none where it doesn't parse.

    `backoff = answer("2.3")` fetches an answer and doesn't count as its definition.
    """
    try:
        return set(_defined(ast.parse(source)))
    except SyntaxError:
        return set()


def _defined(node: ast.AST) -> Iterator[str]:
    """Names bound at `node`'s own level: inside an `if`, `try`, `with` or loop too, not inside a function or class."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign) and (node.value is None or _fetches(node.value)):
        return
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif not isinstance(node, _OWN_SCOPE):
        for child in ast.iter_child_nodes(node):
            yield from _defined(child)


def _fetches(value: ast.expr) -> bool:
    return _calls_desk(value, {"answer"})


def _calls_desk(value: ast.expr, names: Collection[str] = _DESK) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in names


def _overlap(one: ast.stmt, other: ast.stmt) -> bool:
    return one.lineno <= (other.end_lineno or other.lineno) and other.lineno <= (one.end_lineno or one.lineno)


def missing_names(source: str) -> list[str]:
    """Names that `source` uses, and neither defines, imports nor finds among the builtins: other cells' names."""
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in ast.walk(ast.parse(source))):
        return []
    top = symtable.symtable(source, "answer", "exec")
    # A name that a function declares `global` and assigns is defined there, not at the top.
    tables = list(_walk(top))
    here = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    here |= {s.get_name() for t in tables for s in t.get_symbols() if s.is_declared_global() and s.is_assigned()}
    known = here | set(dir(builtins)) | {"__name__", "__file__", "__doc__", "__annotations__"}
    used = {s.get_name() for t in tables for s in t.get_symbols() if s.is_global() and s.is_referenced()}
    used |= {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    return sorted(used - known)


def _walk(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    return [table, *(t for child in table.get_children() for t in _walk(child))]
