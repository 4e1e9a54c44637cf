"""Finds the text of an answer's cell, and what it lacks to stand alone."""

import ast
import builtins
import inspect
import symtable
from collections.abc import Sequence
from typing import Any


def cell_source(name: str, inputs: Sequence[str]) -> str | None:
    """The last of a kernel's inputs that defines `name` at its top level, without magics; None if none does.

    `inspect.getsource` fails on a class defined in a notebook cell; IPython's `In` has every input's text.
    """
    for text in reversed(inputs):
        source = without_magics(text)
        if name in defined_names(source):
            return source
    return None


def file_source(subject: Any) -> str | None:
    """The text of the definition in a plain Python file, None where there is no file to read."""
    try:
        return inspect.getsource(subject)
    except (OSError, TypeError):
        return None


def without_magics(text: str) -> str:
    """A cell without its `%magic` and `!command` lines; the line count stays."""
    try:
        ast.parse(text)
    except SyntaxError:
        lines = text.split("\n")
        return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
    return text


def defined_names(source: str) -> set[str]:
    """The names that functions, classes and assignments define at the top level; none where it doesn't parse.

    `backoff = answer("2.3")` fetches an answer and doesn't count as its definition.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign) and not _fetches(node.value):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def _fetches(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "answer"


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
