"""The same services in containers, through the `docker` command."""

import hashlib
import subprocess
from contextlib import suppress
from pathlib import Path

from workshop_lib.cli.services.kinds import LOOPBACK, Kind, ServiceError
from workshop_lib.i18n import _

_LOOK_WITHIN = 10.0
# An image may have to be fetched first.
_RUN_WITHIN = 900.0


def engine_answers() -> bool:
    """Whether there is a `docker` command and an engine behind it."""
    try:
        return bool(_docker("version", "--format", "{{.Server.Version}}", within=_LOOK_WITHIN))
    except ServiceError:
        return False


def run(kind: Kind, folder: Path, port: int) -> str:
    """Start a container, published on loopback, with its data in a volume of its own; returns its id.

    Raises:
        ServiceError: in Docker's own words.
    """
    name = container_name(kind, folder)
    image = kind.image
    arguments = [
        "run", "--detach", "--name", name, "--publish", f"{LOOPBACK}:{port}:{image.port}",
        "--volume", f"{name}:{image.data}", *image.options, image.name, *image.argv,
    ]  # fmt: skip
    try:
        return _docker(*arguments, within=_RUN_WITHIN).splitlines()[-1]
    except ServiceError:
        # It may be made and not started, and would stand in the next one's way. One that runs is not removed so.
        with suppress(ServiceError):
            _docker("rm", name, within=_LOOK_WITHIN)
        raise


def running(container: str) -> bool:
    """Whether it runs.

    Raises:
        ServiceError: no engine answers.
    """
    try:
        return _docker("inspect", "--format", "{{.State.Running}}", container, within=_LOOK_WITHIN) == "true"
    except ServiceError as error:
        if _unknown(error):
            return False
        raise


def remove(container: str) -> bool:
    """Stop and remove it; its volume stays. False where it wasn't running.

    Raises:
        ServiceError: no engine answers.
    """
    was_running = running(container)
    try:
        if was_running:
            _docker("stop", container, within=_RUN_WITHIN)
        _docker("rm", container, within=_LOOK_WITHIN)
    except ServiceError as error:
        if not _unknown(error):
            raise
    return was_running


def last_words(container: str) -> str:
    """The end of its log."""
    done = subprocess.run(["docker", "logs", "--tail", "5", container], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def container_name(kind: Kind, folder: Path) -> str:
    """One for each WORKSHOP_HOME, which is where `folder` lies."""
    return f"mlops-workshop-{kind.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def _unknown(error: ServiceError) -> bool:
    return any(words in str(error).lower() for words in ("no such object", "no such container"))


def _docker(*arguments: str, within: float) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=within, check=False)
    except FileNotFoundError:
        raise ServiceError(_("there is no docker command")) from None
    except subprocess.TimeoutExpired:
        text = _("docker {command} did not end within {seconds:.0f} s")
        raise ServiceError(text.format(command=arguments[0], seconds=within)) from None
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip() or str(done.returncode)).splitlines()[-1]
        raise ServiceError(_("docker {command}: {why}").format(command=arguments[0], why=why))
    return done.stdout.strip()
