"""Shows an outcome: a small card in JupyterLab, plain text anywhere else."""

from dataclasses import dataclass
from html import escape

from workshop_lib.course.outcome import Outcome, Status
from workshop_lib.i18n import _, mark

# The words carry the meaning; the colour only repeats it. The variables are JupyterLab's, so a card follows its theme.
_LABELS = {
    Status.PASSED: (mark("Passed"), "var(--jp-success-color1, #388e3c)"),
    Status.NOT_STARTED: (mark("Not started"), "var(--jp-border-color0, #757575)"),
    Status.NEEDS: (mark("Needs another exercise first"), "var(--jp-warn-color1, #f57c00)"),
    Status.INCORRECT: (mark("Not yet"), "var(--jp-error-color1, #d32f2f)"),
    Status.ERROR: (mark("Stopped by an error"), "var(--jp-error-color1, #d32f2f)"),
}
_FONT = "font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px)"


@dataclass(frozen=True)
class Card:
    """A heading and rows of (label, text, whether the text is code). IPython shows it as HTML, a terminal as text."""

    heading: str
    rows: tuple[tuple[str, str, bool], ...] = ()
    colour: str = "var(--jp-brand-color1, #1976d2)"

    def __str__(self) -> str:
        lines = [self.heading]
        for label, text, _code in self.rows:
            body = text.replace("\n", "\n    ")
            lines.append(f"  {label}: {body}" if label else f"  {body}")
        return "\n".join(lines)

    @property
    def line(self) -> str:
        """Everything on one line."""
        parts = [
            " ".join(f"{label}: {text}".split()) if label else " ".join(text.split()) for label, text, _ in self.rows
        ]
        return " · ".join([self.heading, *parts])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(_row(*row) for row in self.rows)
        # mathjax_ignore: between two dollar signs of an answer there is no formula.
        return (
            f'<div role="status" aria-label="{escape(self.heading)}" class="workshop-card mathjax_ignore" '
            f'style="border: 1px solid '
            f"var(--jp-border-color2, #bdbdbd); border-left: 6px solid {self.colour}; border-radius: 4px; "
            f'padding: 8px 12px; margin: 4px 0; max-width: 60em; color: var(--jp-ui-font-color0, inherit)">'
            f'<div style="font-weight: 600">{escape(self.heading)}</div>{rows}</div>'
        )


def _row(label: str, text: str, code: bool) -> str:
    # Labels share a column, so that what was expected stands right above what came.
    named = (
        f'<span style="flex: 0 0 auto; min-width: 5.5em; color: var(--jp-ui-font-color1, inherit); font-weight: 600">'
        f"{escape(label)}</span>"
    )
    style = (
        "min-width: 0; max-height: 40em; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; "
        f"{_FONT if code else ''}"
    )
    return (
        f'<div style="display: flex; gap: 0.6em; align-items: baseline; margin-top: 4px; line-height: 1.45">'
        f'{named if label else ""}<span style="{style}">{escape(text)}</span></div>'
    )


def outcome_card(outcome: Outcome, *, title: str = "", hints_left: int = 0, notes: tuple[str, ...] = ()) -> Card:
    """The card for `outcome`; `title` is the exercise's, `notes` are said below everything else."""
    label, colour = _LABELS[outcome.status]
    heading = " ".join(part for part in (outcome.exercise_id, title, "—", _(label)) if part)
    rows = _rows(outcome)
    if hints_left and outcome.status in (Status.INCORRECT, Status.ERROR):
        rows.append((_("Stuck?"), f'hint("{outcome.exercise_id}")', True))
    rows.extend(("", note, False) for note in notes)
    return Card(heading, tuple(rows), colour)


def _rows(outcome: Outcome) -> list[tuple[str, str, bool]]:
    rows: list[tuple[str, str, bool]] = []
    if outcome.status is Status.NOT_STARTED:
        text = _("Write your answer where the cell says TODO {id}, run the cell, and then this one again.")
        rows.append(("", text.format(id=outcome.exercise_id), False))
    if outcome.needs:
        text = _('It calls {id}, which is not done yet. Do that one first, or write: answer("{id}")')
        rows.append(("", text.format(id=outcome.needs), False))
    if outcome.tried:
        rows.append((_("Tried"), outcome.tried, True))
    if outcome.expected or outcome.got:
        rows.append((_("Expected"), outcome.expected, True))
        rows.append((_("Got"), outcome.got, True))
    if outcome.message:
        rows.append(("", outcome.message, outcome.status is Status.ERROR and not outcome.mistake))
    if outcome.line:
        rows.append((_("Your line {number}").format(number=outcome.line.number), outcome.line.text, True))
    if outcome.hint:
        rows.append((_("Hint"), _(outcome.hint), False))
    if outcome.output and not outcome.passed:
        printed = outcome.output.rstrip()
        if outcome.written > len(outcome.output):
            cut = _("(the first {shown} of {all} characters)").format(shown=len(outcome.output), all=outcome.written)
            printed = f"{printed} …\n{cut}"
        rows.append((_("Printed"), printed, True))
    return rows
