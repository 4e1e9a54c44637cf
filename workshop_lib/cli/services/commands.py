"""The commands: `workshop services up | down | status`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from workshop_lib.cli.terminal import console, say
from workshop_lib.errors import WorkshopError
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.cli.services.kinds import Kind
    from workshop_lib.cli.services.running import Running, Services

Names = Annotated[list[str] | None, typer.Argument(help=_("rabbitmq or redis. Default: both."))]


def up(
    names: Names = None,
    with_docker: Annotated[
        bool, typer.Option("--docker/--no-docker", help=_("Whether to take Docker where an engine answers."))
    ] = True,
) -> None:
    services = _services(with_docker)
    found: list[Running] = []
    failed = False
    for kind in _kinds(names):
        try:
            found.append(services.up(kind))
        except WorkshopError as error:
            # The other one may start all the same.
            failed = True
            console(stderr=True).print(Text.assemble((f"{kind.title}:", "bold red"), f" {error}"))
    _show(found)
    if failed:
        raise typer.Exit(1)


def down(names: Names = None) -> None:
    services = _services()
    for kind in _kinds(names):
        ended = services.down(kind)
        text = _("{title}: ended. Its data stays.") if ended else _("{title}: was not running.")
        say(text.format(title=kind.title))


def status(
    names: Names = None,
    export: Annotated[bool, typer.Option("--export", help=_("Only the lines for a shell to read."))] = False,
) -> None:
    services = _services()
    states = {kind.title: services.running(kind) for kind in _kinds(names)}
    found = [running for running in states.values() if running is not None]
    if export:
        for line in _exports(found):
            typer.echo(line)
        return
    for title, running in states.items():
        if running is None:
            say(_("{title}: not running. To start it: {command}").format(title=title, command="make services"))
    _show(found)


def _services(with_docker: bool = True) -> "Services":
    from workshop_lib.cli.services.running import Services
    from workshop_lib.settings import Settings

    screen = console(stderr=True)
    return Services(Settings().workshop_home / "services", screen.print, with_docker=with_docker)


def _kinds(names: Sequence[str] | None) -> "list[Kind]":
    from workshop_lib.cli.services.kinds import ServiceError
    from workshop_lib.cli.services.running import KINDS

    for name in names or ():
        if name not in KINDS:
            text = _("expected as service one of {known}, got {name!r}")
            raise ServiceError(text.format(known=", ".join(KINDS), name=name))
    return [kind for kind in KINDS.values() if not names or kind.name in names]


def _show(found: "Sequence[Running]") -> None:
    for running in found:
        manner = _("in Docker") if running.container else _("on this machine")
        text = _("{title}: runs already, {manner}.") if running.already else _("{title}: started, {manner}.")
        say(text.format(title=running.kind.title, manner=manner))
    if not found:
        return
    say(_("To use them, give this to your shell:"))
    for line in _exports(found):
        say(f"  {line}")
    for running in found:
        if running.kind.name == "redis":
            say(_("The bus runs on Redis too: {line}").format(line=f"export EVENT_BUS_URL={running.url}"))
    say(_("To end them: {command}").format(command="make services-down"))


def _exports(found: "Sequence[Running]") -> list[str]:
    return [f"export {running.kind.variable}={running.url}" for running in found]
