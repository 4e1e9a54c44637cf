"""`workshop events schema`: the generated documents, and whether those that are committed are current."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workshop_lib.cli.terminal import console, say
from workshop_lib.errors import PlainError
from workshop_lib.i18n import _


class Format(StrEnum):
    """What it is written as; the committed file is `FILES`'s."""

    ASYNCAPI = "asyncapi"
    JSON = "json"


FILES = {Format.ASYNCAPI: "docs/events/asyncapi.json", Format.JSON: "docs/events/schemas.json"}


class CannotWrite(PlainError):
    """The file that was asked for can't be written."""


def schema(
    kind: Annotated[
        Format | None,
        typer.Option("--format", help=_("asyncapi (the default), or json: the JSON Schema of each event by its type.")),
    ] = None,
    out: Annotated[Path | None, typer.Option(help=_("Write to this file, and not to the terminal."))] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help=_("Only look whether --out, or else the checkout's docs/events, is current; exit 1 if not.")
        ),
    ] = False,
) -> None:
    if check:
        _check({out: kind or Format.ASYNCAPI} if out is not None else _committed(kind))
    elif out is None:
        typer.echo(document(kind or Format.ASYNCAPI), nl=False)
    else:
        try:
            out.write_text(document(kind or Format.ASYNCAPI), encoding="utf-8")
        except OSError as error:
            text = _("expected a file to write at {file}, but: {why}")
            raise CannotWrite(text.format(file=out, why=error.strerror)) from None
        say(_("wrote {file}").format(file=out))


def document(kind: Format) -> str:
    """The text of the document of every event that this package registers."""
    from workshop_lib.events.asyncapi import asyncapi, json_schemas

    found = asyncapi() if kind is Format.ASYNCAPI else json_schemas()
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _committed(kind: Format | None) -> dict[Path, Format]:
    from workshop_lib.course.errors import ProjectNotFound
    from workshop_lib.home import project_root

    root = project_root()
    if root is None:
        raise ProjectNotFound(_("expected to run in a checkout of the course. Go there, or give --out FILE."))
    return {root / FILES[one]: one for one in ((kind,) if kind is not None else Format)}


def _check(files: dict[Path, Format]) -> None:
    stale = False
    for file, kind in files.items():
        try:
            current = file.read_text(encoding="utf-8") == document(kind)
        except (OSError, UnicodeDecodeError):
            current = False
        stale |= not current
        if current:
            say(_("current: {file}").format(file=file))
        else:
            text = _("not what the code says: {file}. To write it: {command}")
            command = f"workshop events schema --format {kind} --out {file}"
            console(stderr=True).print(text.format(file=file, command=command))
    if stale:
        raise typer.Exit(1)
