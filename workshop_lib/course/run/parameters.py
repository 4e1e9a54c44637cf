"""Turns `-p name value` and `-f parameters.yml` into sets of parameters: one run of each notebook for each set."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from workshop_lib.course.run.errors import BadParameter, UnknownParameter
from workshop_lib.course.run.notebook import Notebook
from workshop_lib.i18n import _

Parameters = dict[str, Any]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Makes what JSON has: papermill can't write a date or a set into a notebook. Dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_JSON = ("null", "bool", "int", "float", "str", "seq", "map")
_Loader.yaml_constructors = {
    tag: make
    for tag, make in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in _JSON
}
# YAML's own constructors raise more than YAMLError: for `!!int x`, `!!bool x`, an integer of 5,000 digits.
_REFUSED = (yaml.YAMLError, ValueError, LookupError, RecursionError)


def parameter_sets(
    pairs: Iterable[tuple[str, str]] = (), file: Path | None = None, *, fast: bool | None = None
) -> list[Parameters]:
    """At least one set. A pair's value is read as YAML; pairs win over the file, and both over `fast`.

    Raises:
        BadParameter: a value or the file isn't YAML, or the file isn't a mapping or a list of mappings.
    """
    given = {name: _value(name, text) for name, text in pairs}
    base: Parameters = {} if fast is None else {"fast": fast}
    return [{**base, **one, **given} for one in (_read(file) if file else [{}])]


def known_parameters(notebook: Notebook, parameters: Parameters) -> Parameters:
    """Those that the notebook has: papermill would inject the others where nothing reads them."""
    return {name: value for name, value in parameters.items() if name in notebook.parameters}


def refuse_unknown(notebooks: Sequence[Notebook], sets: Iterable[Parameters]) -> None:
    """Nothing, where each parameter is known to a notebook; "fast" is a default and may be unknown to all.

    Raises:
        UnknownParameter: papermill itself would only warn, and the run would not do what was asked.
    """
    known = frozenset[str]().union(*(n.parameters for n in notebooks))
    unknown = sorted({name for one in sets for name in one} - known - {"fast"})
    if unknown:
        said = _("no chosen notebook has the parameter {unknown}. They have: {known}")
        raise UnknownParameter(said.format(unknown=", ".join(unknown), known=", ".join(sorted(known)) or "–"))


def _value(name: str, text: str) -> Any:
    try:
        return _parsed(text)
    except _REFUSED as error:
        said = _("-p {name}: expected a YAML value, got {text}: {why}")
        raise BadParameter(said.format(name=name, text=_shape(text), why=_why(error))) from None


def _read(file: Path) -> list[Parameters]:
    try:
        content = _parsed(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadParameter(_("-f {file}: {why}").format(file=file, why=error.strerror)) from None
    except _REFUSED as error:
        raise BadParameter(_("-f {file}: expected YAML: {why}").format(file=file, why=_why(error))) from None
    sets = content if isinstance(content, list) else [content]
    if not sets or not all(_is_mapping(one) for one in sets):
        said = _("-f {file}: expected a mapping of names to values, or a list of such mappings, got {got}")
        raise BadParameter(said.format(file=file, got=_shape(content)))
    return sets


def _parsed(text: str) -> Any:
    value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    # Refuses a list that an alias has put into itself.
    json.dumps(value)
    return value


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) and name.isidentifier() for name in value)


def _shape(content: Any) -> str:
    if content is None or content == []:
        return _("nothing")
    text = repr(content)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _("it is nested too deeply")
    return " ".join(str(error).split())
