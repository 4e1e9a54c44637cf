"""What a service is, whichever it is: what runs it, and how it is asked whether it is ready."""

import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workshop_lib.errors import PlainError

LOOPBACK = "127.0.0.1"


class ServiceError(PlainError):
    """A service can't be started or ended; the message says what to do."""


@dataclass(frozen=True)
class Command:
    """A program that stays; `environ` is added to this process's own."""

    argv: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """The same in Docker.

    Attributes:
        port: where it listens in there.
        data: its data's folder in there.
        options: more of `docker run`'s.
        argv: what it runs, if not what the image says.
    """

    name: str
    port: int
    data: str
    options: Sequence[str] = ()
    argv: Sequence[str] = ()


@dataclass(frozen=True)
class Kind:
    """A service that can be started.

    Attributes:
        name: as a user types it, and the name of its folder.
        port: where it listens unless that is taken.
        variable: the setting that its URL is for.
        package: of Debian and of Homebrew.
        programs: without which it can't run here.
        commands: (folder, port) -> what to start, in this order, the service itself last.
        answers: (port) -> whether it is ready there.
        url: (port) -> what clients are given.
    """

    name: str
    title: str
    port: int
    variable: str
    package: str
    programs: Callable[[], Mapping[str, str | None]]
    commands: Callable[[Path, int], Sequence[Command]]
    answers: Callable[[int], bool]
    url: Callable[[int], str]
    image: Image

    def installed(self) -> bool:
        """Whether its programs are on this machine."""
        return all(self.programs().values())


def free_port(wanted: int = 0) -> int:
    """`wanted` on loopback, if nothing listens there; else any free one."""
    for port in (wanted, 0):
        try:
            with socket.create_server((LOOPBACK, port)) as server:
                return int(server.getsockname()[1])
        except OSError:
            continue
    raise ServiceError(f"no free port on {LOOPBACK}")


def said(port: int, words: bytes, count: int) -> bytes:
    """The first `count` bytes that the server at `port` answers to `words`; none where nobody does."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            connection.sendall(words)
            return connection.recv(count)
    except OSError:
        return b""


def which(name: str) -> str | None:
    """The program `name`, on PATH or where a Debian keeps its servers, which is on root's PATH only."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")
