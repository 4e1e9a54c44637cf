"""`workshop doctor`: whether this machine can run the course."""

import json
from typing import Annotated

import typer

from workshop_lib.cli.terminal import console, say
from workshop_lib.i18n import _


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=_("Write the findings as JSON."))] = False,
) -> None:
    from rich.text import Text

    from workshop_lib.course.doctor import Mark, ThisMachine, can_run, diagnose

    findings = diagnose(ThisMachine())
    fit = can_run(findings)
    if as_json:
        fields = [
            {"mark": one.mark.value, "subject": one.subject, "found": one.found, "fix": one.fix} for one in findings
        ]
        typer.echo(json.dumps({"can_run": fit, "findings": fields}, indent=2, ensure_ascii=False))
    else:
        styles = {Mark.OK: "green", Mark.WARN: "yellow", Mark.FAIL: "bold red"}
        marks = max(len(_(mark.value)) for mark in Mark)
        width = max(len(one.subject) for one in findings)
        for one in findings:
            mark = (f"{_(one.mark.value):<{marks}}  ", styles[one.mark])
            console().print(Text.assemble(mark, f"{one.subject:<{width}}  {one.found}"))
            if one.fix:
                console().print(Text.assemble(" " * (marks + width + 4), (f"-> {one.fix}", "dim")))
        verdict = _("The course can run here.") if fit else _("The course can't run here yet: mend what says fail.")
        say(verdict)
    if not fit:
        raise typer.Exit(1)
