"""Services of one WORKSHOP_HOME: start them once, however often that is asked for, and end exactly those."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.cli.services import debian, docker
from workshop_lib.cli.services.kinds import Kind, ServiceError, free_port
from workshop_lib.cli.services.processes import Process, start
from workshop_lib.cli.services.rabbitmq import RABBITMQ
from workshop_lib.cli.services.record import Record, read, write
from workshop_lib.cli.services.redis import REDIS
from workshop_lib.home import writable
from workshop_lib.i18n import _

KINDS = {kind.name: kind for kind in (RABBITMQ, REDIS)}
READY_WITHIN = 120.0


@dataclass(frozen=True)
class Running:
    """One that runs, and where. `already`: since before it was asked for. `container`: in Docker."""

    kind: Kind
    url: str
    already: bool
    container: bool


class Services:
    """Those in one folder."""

    def __init__(self, folder: Path, say: Callable[[str], None], *, with_docker: bool = True) -> None:
        """Nothing is touched yet.

        Args:
            folder: holds a folder for each.
            say: told of what takes a while.
            with_docker: take Docker where an engine answers.
        """
        self._folder, self._say, self._with_docker = folder, say, with_docker

    def up(self, kind: Kind) -> Running:
        """Start it, unless it runs already, and return when it is ready.

        Raises:
            ServiceError: there is nothing here to run it with, or it does not start; the message says what to do.
            HomeNotWritable: the folder can't be made.
        """
        with self._alone():
            record = self._record(kind)
            if record is not None:
                if record.alive() and kind.answers(record.port):
                    return _running(kind, record, already=True)
                record.end()
                self._file(kind).unlink()
            return _running(kind, self._start(kind), already=False)

    def down(self, kind: Kind) -> bool:
        """End it; False where it was not running. Its data stays.

        Raises:
            ServiceError: it runs in Docker, and no engine answers.
        """
        with self._alone():
            record = self._record(kind)
            if record is None:
                return False
            ran = record.end()
            self._file(kind).unlink()
            return ran

    def running(self, kind: Kind) -> Running | None:
        """What `up` started, if it runs and answers."""
        record = self._record(kind)
        if record is None or not record.alive() or not kind.answers(record.port):
            return None
        return _running(kind, record, already=True)

    def _start(self, kind: Kind) -> Record:
        port = free_port(kind.port)
        if self._with_docker and docker.engine_answers():
            try:
                return self._started(kind, lambda: self._in_docker(kind, port))
            except ServiceError as error:
                if not kind.installed():
                    raise
                self._say(_("{why}. So it is started as a program of this machine.").format(why=error))
        self._get(kind)
        return self._started(kind, lambda: self._here(kind, port))

    def _get(self, kind: Kind) -> None:
        if kind.installed():
            return
        if not debian.can_install():
            text = _(
                "expected a Docker engine that answers, or {programs} on this machine, to start {title} with. "
                "Start Docker, or: sudo apt-get install {package} (macOS: brew install {name}). "
                "Every chapter also works without, on sqlite:///events.db"
            )
            missing = ", ".join(name for name, found in kind.programs().items() if not found)
            raise ServiceError(text.format(programs=missing, title=kind.title, package=kind.package, name=kind.name))
        self._say(_("installing {package} …").format(package=kind.package))
        debian.install([kind.package])

    def _in_docker(self, kind: Kind, port: int) -> Record:
        self._say(_("starting {title} in Docker ({image}) …").format(title=kind.title, image=kind.image.name))
        record = Record(port, container=docker.run(kind, self._folder, port))
        write(self._file(kind), record)
        return record

    def _here(self, kind: Kind, port: int) -> Record:
        self._say(_("starting {title} …").format(title=kind.title))
        folder = self._folder / kind.name
        begun: list[Process] = []
        record = Record(port)
        for command in kind.commands(folder, port):
            try:
                begun.append(start(command, folder, self._log(kind)))
            except OSError as error:
                why = getattr(error, "strerror", None) or self._last_words(kind, record) or error
                raise ServiceError(_("{title} can't be run: {why}").format(title=kind.title, why=why)) from None
            record = Record(port, tuple(begun))
            # At once: whatever happens next, what was begun is on record.
            write(self._file(kind), record)
        return record

    def _started(self, kind: Kind, begin: Callable[[], Record]) -> Record:
        """What `begin` began, once it is ready. If it doesn't get so, or Ctrl-C comes first, it is ended."""
        try:
            record = begin()
            until = time.monotonic() + READY_WITHIN
            while not kind.answers(record.port):
                if not record.alive() or time.monotonic() > until:
                    text = _("{title} did not start. Its last words: {words}")
                    words = self._last_words(kind, record) or _("none")
                    raise ServiceError(text.format(title=kind.title, words=words))
                time.sleep(0.05)
        except BaseException:
            begun = self._record(kind)
            if begun is not None:
                begun.end()
                self._file(kind).unlink()
            raise
        return record

    def _last_words(self, kind: Kind, record: Record) -> str:
        return record.last_words(self._log(kind))

    def _record(self, kind: Kind) -> Record | None:
        return read(self._file(kind))

    def _file(self, kind: Kind) -> Path:
        return self._folder / kind.name / "service.json"

    def _log(self, kind: Kind) -> Path:
        return self._folder / kind.name / "output.log"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One command at a time. The lock ends with this process, however it ends."""
        for kind in KINDS.values():
            writable(self._folder / kind.name)
        with (self._folder / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say(_("another command is starting or ending services: waiting for it …"))
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _running(kind: Kind, record: Record, *, already: bool) -> Running:
    return Running(kind, kind.url(record.port), already, record.container is not None)
