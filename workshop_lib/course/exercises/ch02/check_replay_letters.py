"""The check of 2.8: on a bus of this process's memory, with a second queue that must not hear of it."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call
from workshop_lib.events import BaseEvent, DeadLetter, EventBus
from workshop_lib.i18n import _

_CALL = 'replay_letters(bus, "cards", wanted)'
_MENDED, _BROKEN = ("async", "cookies"), ("index",)


class _Endless(Exception):
    """One letter was put back again and again."""


class _Bus(EventBus):
    """With dead letters on "cards", of which those named in `still_broken` die again as soon as they are put back."""

    def __init__(self, still_broken: tuple[str, ...] = ()) -> None:
        super().__init__("memory://", max_attempts=1)
        self.handled: list[str] = []
        self.audited: list[str] = []
        self.put_back = Counter[str]()
        self._mended = False
        self._still_broken = still_broken

    def fill(self) -> None:
        self.subscribe("cards", ["page.*"], self._handle)
        self.subscribe("audit", ["page.*"], lambda event: self.audited.append(str(event.payload["page"])))
        for page in (*_MENDED, *_BROKEN):
            self.publish(BaseEvent.new({"page": page}, event_type="page.read", source_service="check"))
        self.drain()
        self._mended = True
        self.audited.clear()

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """What `replay` calls too."""
        if any(isinstance(letter, DeadLetter) for letter in letter_ids):
            raise Incorrect(
                tried=_CALL,
                expected=_("bus.replay is called with a letter's id"),
                got=_("it is called with the letter"),
                mistake="letter-itself",
            )
        self.put_back.update(letter_ids)
        if sum(self.put_back.values()) > 20:
            raise _Endless
        done = super().replay_many(queue_name, letter_ids)
        self.drain()
        return done

    def _handle(self, event: BaseEvent) -> None:
        page = event.payload["page"]
        if page in _BROKEN:
            raise KeyError(page)
        if not self._mended or page in self._still_broken:
            raise ValueError(f"no section: {page}")
        self.handled.append(str(page))


def _wanted(letter: DeadLetter) -> bool:
    return letter.reason.startswith("ValueError")


def check_replay_letters(replay_letters: Callable[..., Any]) -> None:
    """Those that are wanted, all of them and once, to their own queue; the others stay; their number comes back."""
    with _quiet():
        _check_mended(replay_letters)
        _check_dying_again(replay_letters)
        _check_none_wanted(replay_letters)


@contextmanager
def _quiet() -> Iterator[None]:
    """The failures on this bus are meant: their tracebacks in a card would look like the student's."""
    logger = logging.getLogger("workshop_lib.events")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _check_none_wanted(replay_letters: Callable[..., Any]) -> None:
    with _Bus() as bus:
        bus.fill()
        got = call(replay_letters, bus, "cards", lambda letter: False)
        if got != 0 or len(bus.dead_letters("cards")) != 3:
            raise Incorrect(tried=_("{call}, which wants none").format(call=_CALL), expected=0, got=got)


def _check_mended(replay_letters: Callable[..., Any]) -> None:
    with _Bus() as bus:
        bus.fill()
        try:
            got = call(replay_letters, bus, "cards", _wanted)
        except _Endless:
            raise _endless() from None
        bus.drain()
        left = [letter.reason for letter in bus.dead_letters("cards")]
        _check_put_back(bus, left)
        if got != len(_MENDED):
            raise Incorrect(
                tried=_CALL,
                expected=_("{n}, the number that was put back").format(n=len(_MENDED)),
                got=got,
                mistake="counts-all" if got == len(_MENDED) + len(_BROKEN) else None,
            )


def _check_put_back(bus: _Bus, left: list[str]) -> None:
    tried = _("{call}: 2 letters are mended and wanted, 1 is not").format(call=_CALL)
    if bus.audited:
        raise Incorrect(
            tried=tried,
            expected=_("queue audit hears nothing of it"),
            got=_("audit got {pages} once more").format(pages=", ".join(bus.audited)),
            mistake="publishes-again",
        )
    if bus.put_back and sum(bus.put_back.values()) == len(_MENDED) + len(_BROKEN) and len(bus.handled) == len(_MENDED):
        raise Incorrect(tried=tried, expected=_("2 letters put back"), got=_("all 3 put back"), mistake="everything")
    if sorted(bus.handled) != sorted(_MENDED):
        slip = "takes-the-first" if len(bus.handled) == 1 else "drops" if len(left) == len(_BROKEN) else None
        raise Incorrect(
            tried=tried,
            expected=_("handled now: {pages}").format(pages=", ".join(_MENDED)),
            got=_("handled now: {pages}").format(pages=", ".join(bus.handled) or _("none")),
            mistake=slip,
        )
    if len(left) != len(_BROKEN):
        raise Incorrect(tried=tried, expected=_("1 letter stays"), got=_("{n} stay").format(n=len(left)))


def _check_dying_again(replay_letters: Callable[..., Any]) -> None:
    with _Bus(still_broken=("cookies",)) as bus:
        bus.fill()
        try:
            call(replay_letters, bus, "cards", _wanted)
        except _Endless:
            raise _endless() from None
        if bus.handled != ["async"]:
            raise Incorrect(
                tried=_("{call}, where one of the two dies again").format(call=_CALL),
                expected=_("the other is handled"),
                got=_("handled now: {pages}").format(pages=", ".join(bus.handled) or _("none")),
            )


def _endless() -> Incorrect:
    return Incorrect(
        tried=_("{call}, where one of the two dies again").format(call=_CALL),
        expected=_("each letter that is there now is put back once"),
        got=_("the same one put back again and again, until the check stopped it"),
        mistake="until-empty",
    )
