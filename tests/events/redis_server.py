"""A Redis server of the tests' own: on a free loopback port, in a folder of its own, ended with them."""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import redis

from workshop_lib.cli.services import redis as services
from workshop_lib.cli.services.kinds import free_port

LONG = 30.0
HOW_TO_GET_IT = "no redis-server here: apt-get install redis-server (or: brew install redis)"


class RedisProcess:
    """A server that keeps every confirmed write, as `with` lets it run; `kill` and `start` it again in between."""

    def __init__(self, folder: Path, *options: str) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.skip(HOW_TO_GET_IT)
        self.folder, self._binary, self._options = folder, binary, options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """To look inside."""
        return redis.Redis.from_url(self.url, protocol=2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*services.command(self._binary, self.folder, self.port), *self._options]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + LONG
        while not services.answers(self.port):
            assert self._process.poll() is None, (self.folder / "redis.log").read_text()
            assert time.monotonic() < until, f"waited {LONG:.0f} s for redis-server"
            time.sleep(0.01)

    def kill(self) -> None:
        """As kill -9 does; nothing if it isn't running."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """As an operator does."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Answers no more, while its connections stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.send_signal(signal.SIGCONT)
            process.wait()
