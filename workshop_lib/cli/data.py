"""`workshop data`: what data sets there are, and whether they are as published."""

import typer

from workshop_lib.cli.terminal import console, say
from workshop_lib.i18n import _

app = typer.Typer(
    help=_("The course's data sets: what there is, and whether it is as published."), no_args_is_help=True
)


@app.command("list", help=_("Name, licence, source and content hash of every data set."))
def list_() -> None:
    from rich.table import Table

    from workshop_lib.datasets import catalogue

    table = Table(_("name"), _("licence"), _("source"), _("content hash"), _("folder"))
    for entry in catalogue().values():
        table.add_row(entry.name, entry.licence, entry.source, entry.content_hash[:12], str(entry.path))
    console().print(table, soft_wrap=False)


@app.command(help=_("Check every file against the hash it was published with; exit 1 where one differs."))
def verify() -> None:
    from workshop_lib.datasets import catalogue, changes
    from workshop_lib.datasets.errors import difference, restore

    changed = False
    for entry in catalogue().values():
        found = changes(entry)
        changed |= bool(found)
        say(f"{entry.name}: " + (_("changed") if found else _("as published")))
        for change in found:
            say(f"  {difference(entry, change)}")
        if found:
            say(f"  {restore(entry, found)}")
    if changed:
        raise typer.Exit(1)
