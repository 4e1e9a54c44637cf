"""Redis, as the bus and the event store need it: what it confirmed is on the disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from workshop_lib.cli.services.kinds import LOOPBACK, Command, Image, Kind, said, which

DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")


def command(program: str, folder: Path, port: int) -> list[str]:
    """A server on loopback that keeps every confirmed write in `folder`."""
    return [program, "--port", str(port), "--bind", LOOPBACK, "--dir", str(folder), *DURABLE]


def answers(port: int) -> bool:
    """Whether it serves: "NOAUTH" and a TLS alert are answers too, but not "LOADING"."""
    answer = said(port, b"PING\r\n", 100)
    return bool(answer) and not answer.startswith(b"-LOADING")


def _programs() -> Mapping[str, str | None]:
    return {"redis-server": which("redis-server")}


def _commands(folder: Path, port: int) -> Sequence[Command]:
    return [Command(command(_programs()["redis-server"] or "redis-server", folder, port))]


REDIS = Kind(
    name="redis",
    title="Redis",
    port=6379,
    variable="EVENT_STORE_URL",
    package="redis-server",
    programs=_programs,
    commands=_commands,
    answers=answers,
    url=lambda port: f"redis://{LOOPBACK}:{port}/0",
    image=Image("redis:7.4", 6379, "/data", argv=("redis-server", *DURABLE)),
)
