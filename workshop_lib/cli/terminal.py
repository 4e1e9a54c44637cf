"""Writes to the terminal. A text is shown as it is: a path or an error may hold what looks like rich's markup."""

from rich.console import Console
from rich.text import Text


def console(*, stderr: bool = False) -> Console:
    """A console that takes no text for markup or for an emoji's name, and leaves wrapping to the terminal."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


def say(text: str, *, command: str = "") -> None:
    """Print `text`, with the `command` in it in bold."""
    shown = Text(text)
    if command:
        shown.highlight_words([command], "bold")
    console().print(shown)
