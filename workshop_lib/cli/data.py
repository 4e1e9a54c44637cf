"""`workshop data`: what data sets there are, and whether they are as published."""

import typer

app = typer.Typer(help="The course's data sets: what there is, and whether it is as published.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Name, licence, source and content hash of every data set."""
    from rich.console import Console
    from rich.table import Table

    from workshop_lib.datasets import catalogue

    table = Table("name", "licence", "source", "content hash", "folder")
    for entry in catalogue().values():
        table.add_row(entry.name, entry.licence, entry.source, entry.content_hash[:12], str(entry.path))
    Console().print(table)


@app.command()
def verify() -> None:
    """Check every file against the hash it was published with; exit 1 where one differs."""
    from rich.console import Console

    from workshop_lib.datasets import catalogue, changes
    from workshop_lib.datasets.errors import restore

    console = Console(highlight=False, soft_wrap=True, markup=False)
    changed = False
    for entry in catalogue().values():
        found = changes(entry)
        changed |= bool(found)
        console.print(f"{entry.name}: " + ("changed" if found else "as published"))
        for change in found:
            console.print(f"  {entry.path / change.file}: expected {change.expected}, got {change.got}")
        if found:
            console.print(f"  {restore(entry, found)}")
    if changed:
        raise typer.Exit(1)
