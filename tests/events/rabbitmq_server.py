"""A RabbitMQ of the tests' own: on free loopback ports, in a folder and under a node name of its own, ended with them.

It needs no rights and no service: the scripts of the package run as whoever runs the tests.
"""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.events.redis_server import free_port

LONG = 90.0
HOW_TO_GET_IT = "no rabbitmq-server here: apt-get install rabbitmq-server (or: brew install rabbitmq)"
# Debian's wrapper in /usr/sbin becomes the user rabbitmq and goes to /var/lib; the script behind it does neither.
_BEHIND_DEBIAN_S_WRAPPER = Path("/usr/lib/rabbitmq/bin")
_VHOSTS_AT_ONCE = 25
_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"


class RabbitMQProcess:
    """A broker, as `with` lets it run; `kill` and `start` it again in between: what was confirmed is there.

    Args:
        config: more lines of rabbitmq.conf.
    """

    def __init__(self, folder: Path, *config: str) -> None:
        self._scripts = _scripts()
        self.folder = folder
        self.port, self._distribution, self._epmd_port = free_port(), free_port(), free_port()
        self._config = (
            f"listeners.tcp.default = 127.0.0.1:{self.port}",
            # The defaults ask for part of the machine's memory and disk, whoever else uses them.
            "vm_memory_high_watermark.absolute = 1GB",
            "disk_free_limit.absolute = 50MB",
            *config,
        )
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
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "rabbitmq.conf").write_text("\n".join(self._config) + "\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        with (self.folder / "output.log").open("ab") as log:
            if self._epmd is None:
                # Erlang would start one for all of this user's programs, which outlives the broker.
                epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
                self._epmd = subprocess.Popen(epmd, stdout=log, stderr=log)
            command = [str(self._scripts / "rabbitmq-server")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment())
        until = time.monotonic() + LONG
        while not self._answers():
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
        command = [str(self._scripts / "rabbitmqctl"), "--quiet", "--node", self._node, *arguments]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=LONG)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def _node(self) -> str:
        return f"tests{self.port}@localhost"

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return os.environ | {
            # Erlang keeps its cookie there.
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            # Loopback only, and no schedulers that spin while they wait.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_LOOPBACK} +sbwt none +sbwtdcpu none",
            # The script then becomes the broker, in place of starting it: its process id is the one to kill.
            "RUNNING_UNDER_SYSTEMD": "1",
        }

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

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


def _scripts() -> Path:
    if (_BEHIND_DEBIAN_S_WRAPPER / "rabbitmq-server").exists():
        return _BEHIND_DEBIAN_S_WRAPPER
    found = shutil.which("rabbitmq-server")
    if found is None:
        pytest.skip(HOW_TO_GET_IT)
    return Path(found).resolve().parent
