"""A RabbitMQ of the tests' own: on free loopback ports, in a folder and under a node name of its own, ended with them.

It needs no rights and no service: the scripts of the package run as whoever runs the tests.
"""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from workshop_lib.cli.services.kinds import free_port
from workshop_lib.cli.services.rabbitmq import Node, answers, server_script

LONG = 90.0
HOW_TO_GET_IT = "no rabbitmq-server here: apt-get install rabbitmq-server (or: brew install rabbitmq)"
_VHOSTS_AT_ONCE = 25


class RabbitMQProcess:
    """A broker, as `with` lets it run; `kill` and `start` it again in between: what was confirmed is there.

    Args:
        config: more lines of rabbitmq.conf.
    """

    def __init__(self, folder: Path, *config: str) -> None:
        script = server_script()
        if script is None:
            pytest.skip(HOW_TO_GET_IT)
        self._scripts = script.parent
        self.folder, self.port = folder, free_port()
        self._node = Node(folder, f"tests{self.port}@localhost", self.port, free_port(), free_port(), config)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._vhosts = self._new_vhosts()

    def url(self, vhost: str, port: int | None = None) -> str:
        """Of the broker, or through the proxy at `port`."""
        return f"amqp://guest:guest@127.0.0.1:{port or self.port}/{vhost}"

    def vhost(self) -> str:
        """One that is empty, and nobody else's."""
        return next(self._vhosts)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()

    def start(self) -> None:
        """Returns when it answers."""
        self._node.write()
        with (self.folder / "output.log").open("ab") as log:
            if self._epmd is None:
                self._epmd = subprocess.Popen(self._node.epmd_command(), stdout=log, stderr=log)
            command = [str(self._scripts / "rabbitmq-server")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment())
        until = time.monotonic() + LONG
        while not answers(self.port):
            assert self._process.poll() is None, (self.folder / "output.log").read_text()[-2000:]
            assert time.monotonic() < until, f"waited {LONG:.0f} s for rabbitmq-server"
            time.sleep(0.02)

    def kill(self) -> None:
        """As kill -9 does; nothing if it isn't running."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def control(self, *arguments: str) -> str:
        """What rabbitmqctl says."""
        command = [str(self._scripts / "rabbitmqctl"), "--quiet", "--node", self._node.name, *arguments]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=LONG)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return os.environ | self._node.environ()

    def _new_vhosts(self) -> Iterator[str]:
        # rabbitmqctl takes most of a second, for one as for many.
        for number in itertools.count():
            names = [f"test{number}-{n}" for n in range(_VHOSTS_AT_ONCE)]
            binaries = ", ".join(f'<<"{name}">>' for name in names)
            self.control(
                "eval",
                '[begin rabbit_vhost:add(V, <<"tests">>), rabbit_auth_backend_internal:set_permissions('
                f'<<"guest">>, V, <<".*">>, <<".*">>, <<".*">>, <<"tests">>) end || V <- [{binaries}]].',
            )
            yield from names
