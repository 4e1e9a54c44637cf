"""`workshop doctor`: whether this machine can run the course."""

import json
from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
) -> None:
    """Look over this machine: what the course needs, and how to mend what it lacks. Exit 1 if it can't run."""
    from rich.console import Console
    from rich.text import Text

    from workshop_lib.course.doctor import Mark, ThisMachine, can_run, diagnose
    from workshop_lib.i18n import _

    findings = diagnose(ThisMachine())
    fit = can_run(findings)
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        fields = [
            {"mark": one.mark.value, "subject": one.subject, "found": one.found, "fix": one.fix} for one in findings
        ]
        typer.echo(json.dumps({"can_run": fit, "findings": fields}, indent=2, ensure_ascii=False))
    else:
        styles = {Mark.OK: "green", Mark.WARN: "yellow", Mark.FAIL: "bold red"}
        width = max(len(one.subject) for one in findings)
        for one in findings:
            # Assembled, not marked up: a path or a program's output may hold what looks like markup.
            mark = (f"{one.mark.value:<6}", styles[one.mark])
            console.print(Text.assemble(mark, f"{one.subject:<{width}}  {one.found}"))
            if one.fix:
                console.print(Text.assemble(" " * (width + 8), (f"-> {one.fix}", "dim")))
        verdict = _("The course can run here.") if fit else _("The course can't run here yet: mend what says fail.")
        console.print(verdict)
    if not fit:
        raise typer.Exit(1)
