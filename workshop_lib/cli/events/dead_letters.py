"""`workshop events dead-letters`: what was given up, and what becomes of it."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Annotated

import typer

from workshop_lib.cli.events.opening import EXCHANGE, Exchange, Url, open_shared
from workshop_lib.cli.rag.options import AsJson, print_json
from workshop_lib.cli.terminal import console, say
from workshop_lib.errors import PlainError
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.events import EventBus

OF_WHICH_REASONS = 1000
"""Dead letters of a queue that the overview reads: a queue may hold any number."""

_AT_ONCE = 1000
"""Dead letters that are listed, and then replayed or dropped, at a time."""

Queue = Annotated[str, typer.Argument(help=_("The queue's name."))]
Ids = Annotated[list[str] | None, typer.Argument(help=_("Ids, as list shows them."))]


class NoSuchLetter(PlainError):
    """No dead letter of that id."""

    def __init__(self, queue: str, letter_id: str) -> None:
        text = _("expected the id of a dead letter of queue {queue!r}, got {id!r}. To list them: {command}")
        command = f"workshop events dead-letters list {queue}"
        super().__init__(text.format(queue=queue, id=letter_id, command=command))


class WhichLetters(PlainError):
    """Neither ids nor --all, or both."""

    def __init__(self) -> None:
        super().__init__(_("expected ids of dead letters, or --all, and not both"))


def list_(
    queue: Annotated[str | None, typer.Argument(help=_("A queue's name. Default: an overview of all."))] = None,
    limit: Annotated[int, typer.Option(min=1, help=_("Show so many dead letters, the oldest."))] = 50,
    url: Url = None,
    exchange: Exchange = EXCHANGE,
    as_json: AsJson = False,
) -> None:
    from workshop_lib.cli.events.view import letter_json, letters_table, overview_json, overview_table

    with open_shared(url, exchange) as bus:
        if queue is None:
            rows = {name: (bus.counts(name), bus.dead_letters(name, OF_WHICH_REASONS)) for name in bus.queues()}
            if as_json:
                print_json(overview_json(rows))
            elif rows:
                console().print(overview_table(rows), soft_wrap=False)
            else:
                say(_("There is no queue yet: a service makes its own when it subscribes."))
            return
        counts, letters = bus.counts(queue), bus.dead_letters(queue, limit)
    if as_json:
        print_json([letter_json(letter) for letter in letters])
    elif letters:
        console().print(letters_table(letters, counts.dead), soft_wrap=False)
    else:
        say(_("No dead letters."))


def show(
    queue: Queue,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help=_("Its id, as list shows it."))],
    url: Url = None,
    exchange: Exchange = EXCHANGE,
    as_json: AsJson = False,
) -> None:
    from workshop_lib.cli.events.view import letter_json, letter_view

    with open_shared(url, exchange) as bus:
        letter = next((letter for letter in bus.dead_letters(queue) if letter.id == letter_id), None)
    if letter is None:
        raise NoSuchLetter(queue, letter_id)
    if as_json:
        print_json(letter_json(letter, whole=True))
        return
    for part in letter_view(letter):
        console().print(part, soft_wrap=False)


def replay(
    queue: Queue,
    ids: Ids = None,
    every: Annotated[bool, typer.Option("--all", help=_("Every one that is there now."))] = False,
    url: Url = None,
    exchange: Exchange = EXCHANGE,
) -> None:
    _check_choice(ids, every)
    with open_shared(url, exchange) as bus:
        done = _do(bus, queue, ids, bus.replay_many)
    say(_("put back into {queue}: {n}").format(queue=queue, n=done))


def drop(
    queue: Queue,
    ids: Ids = None,
    every: Annotated[bool, typer.Option("--all", help=_("Every one that is there now."))] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_("Don't ask before dropping all."))] = False,
    url: Url = None,
    exchange: Exchange = EXCHANGE,
) -> None:
    _check_choice(ids, every)
    with open_shared(url, exchange) as bus:
        if every and not yes:
            text = _("Drop {n} dead letters of {queue} for good?")
            typer.confirm(text.format(n=bus.counts(queue).dead, queue=queue), abort=True)
        done = _do(bus, queue, ids, bus.drop_many)
    say(_("dropped from {queue}: {n}").format(queue=queue, n=done))


def _check_choice(ids: list[str] | None, every: bool) -> None:
    if bool(ids) == every:
        raise WhichLetters


def _do(bus: "EventBus", queue: str, ids: list[str] | None, do: Callable[[str, Collection[str]], int]) -> int:
    """How many `do` was done to: none where one of the ids names no letter."""
    if ids is not None:
        there = {letter.id for letter in bus.dead_letters(queue)}
        for letter_id in ids:
            if letter_id not in there:
                raise NoSuchLetter(queue, letter_id)
        return do(queue, ids)
    # Those that are there at first: one that is replayed may die again meanwhile, behind them.
    every = left = bus.counts(queue).dead
    done = 0
    while left > 0 and (some := bus.dead_letters(queue, min(left, _AT_ONCE))):
        done += do(queue, [letter.id for letter in some])
        left -= len(some)
        if left > 0:
            console(stderr=True).print(_("{done} of {every}").format(done=every - left, every=every))
    return done
