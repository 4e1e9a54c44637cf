"""RabbitMQ without a service manager: a node in a folder of its own, that anybody may start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.cli.services.kinds import LOOPBACK, Command, Image, Kind, free_port, said, which

# Debian's wrapper in /usr/sbin becomes the user rabbitmq and goes to /var/lib; the script behind it does neither.
_BEHIND_DEBIAN_S_WRAPPER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# Before 3.12 a queue can't ask for it: what isn't settled within half an hour would come again. A week, in ms.
_CONFIG = ("consumer_timeout = 604800000",)
_ERLANG_ON_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"


def server_script() -> Path | None:
    """The script that starts a node as whoever calls it."""
    if _BEHIND_DEBIAN_S_WRAPPER.exists():
        return _BEHIND_DEBIAN_S_WRAPPER
    found = which("rabbitmq-server")
    return Path(found).resolve() if found is not None else None


@dataclass(frozen=True)
class Node:
    """One broker, in `folder`. Its data belong to its `name`: another name finds none.

    Attributes:
        distribution: the port on which Erlang's nodes speak.
        epmd: the port of its own Erlang port mapper. Erlang would start one for all of this user's programs, which
            outlives the broker.
        config: more lines of rabbitmq.conf.
    """

    folder: Path
    name: str
    port: int
    distribution: int
    epmd: int
    config: Sequence[str] = ()

    def write(self) -> None:
        """Its configuration, into its folder."""
        lines = [
            f"listeners.tcp.default = {LOOPBACK}:{self.port}",
            # The defaults ask for part of the machine's memory and disk, whoever else uses them.
            "vm_memory_high_watermark.absolute = 1GB",
            "disk_free_limit.absolute = 50MB",
            *self.config,
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "enabled_plugins").write_text("[].\n")

    def epmd_command(self, program: str = "epmd") -> list[str]:
        """Its port mapper."""
        return [program, "-port", str(self.epmd), "-address", LOOPBACK]

    def environ(self) -> dict[str, str]:
        """What RabbitMQ's scripts read."""
        return {
            # Erlang keeps its cookie there.
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            # Loopback only, and no schedulers that spin while they wait.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_ERLANG_ON_LOOPBACK} +sbwt none +sbwtdcpu none",
            # The script then becomes the broker, in place of starting it: its process id is the one to signal.
            "RUNNING_UNDER_SYSTEMD": "1",
        }


def answers(port: int) -> bool:
    """Whether it speaks AMQP: it listens once everything else is up."""
    return said(port, b"AMQP\x00\x00\x09\x01", 1) == b"\x01"


def _programs() -> Mapping[str, str | None]:
    script = server_script()
    return {"rabbitmq-server": None if script is None else str(script), "epmd": which("epmd")}


def _commands(folder: Path, port: int) -> Sequence[Command]:
    node = Node(folder, "workshop@localhost", port, free_port(), free_port(), _CONFIG)
    node.write()
    programs = _programs()
    return [
        Command(node.epmd_command(programs["epmd"] or "epmd")),
        Command([programs["rabbitmq-server"] or "rabbitmq-server"], node.environ()),
    ]


RABBITMQ = Kind(
    name="rabbitmq",
    title="RabbitMQ",
    port=5672,
    variable="EVENT_BUS_URL",
    package="rabbitmq-server",
    programs=_programs,
    commands=_commands,
    answers=answers,
    url=lambda port: f"amqp://guest:guest@{LOOPBACK}:{port}/",
    # Its data belong to the name of its host.
    image=Image("rabbitmq:4.1", 5672, "/var/lib/rabbitmq", options=("--hostname", "workshop")),
)
