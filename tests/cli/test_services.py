"""Real servers, started, used and ended as a user does it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.events.samples import event
from workshop_lib.cli.services import debian, docker
from workshop_lib.cli.services.kinds import Command, Kind, ServiceError, free_port
from workshop_lib.cli.services.processes import Process, end, start, start_of
from workshop_lib.cli.services.rabbitmq import RABBITMQ
from workshop_lib.cli.services.record import read
from workshop_lib.cli.services.redis import REDIS
from workshop_lib.cli.services.running import Services
from workshop_lib.events import open_bus, open_store

MAIN = "from workshop_lib.cli import main; main()"
LONG = 180.0
SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

needs_redis = pytest.mark.skipif(not REDIS.installed(), reason="no redis-server here: apt-get install redis-server")
needs_both = pytest.mark.skipif(
    not (REDIS.installed() and RABBITMQ.installed()),
    reason="no servers here: apt-get install rabbitmq-server redis-server",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """What a test leaves running in it is ended, by its record."""
    home = tmp_path / "my home"
    yield home
    for file in home.glob("services/*/service.json"):
        record = read(file)
        assert record is not None
        for process in record.processes:
            end(process, LONG)


@pytest.fixture
def services(home: Path) -> Services:
    return Services(home / "services", print, with_docker=False)


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "WORKSHOP_HOME": str(home)}
    command = [sys.executable, "-P", "-c", MAIN, "services", *arguments]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def workshop(home: Path, *arguments: str, code: int = 0) -> str:
    with started(home, *arguments) as process:
        out, err = process.communicate(timeout=LONG)
    assert process.returncode == code, out + err
    return out if code == 0 else err


def processes(home: Path) -> dict[str, list[Process]]:
    return {
        file.parent.name: list(record.processes)
        for file in home.glob("services/*/service.json")
        if (record := read(file)) is not None
    }


def urls(home: Path) -> dict[str, str]:
    lines = workshop(home, "status", "--export").splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@needs_both
@pytest.mark.slow
def test_both_are_started_used_and_ended_and_their_data_stays(home: Path) -> None:
    assert "To end them: make services-down" in workshop(home, "up", "--no-docker")
    before = processes(home)
    assert [len(before[name]) for name in ("rabbitmq", "redis")] == [2, 1]
    found = urls(home)
    with open_bus(found["EVENT_BUS_URL"]) as bus, open_store(found["EVENT_STORE_URL"]) as store:
        bus.subscribe("kept", ["#"], store.store_event)
        bus.publish(event(number=1))
        bus.drain()
        assert len(store.get_stream_events("test.event", 10)) == 1
        bus.publish(event(number=2))

    again = workshop(home, "up", "--no-docker")
    assert again.count("runs already") == 2
    assert processes(home) == before
    assert urls(home) == found

    assert workshop(home, "down").count("ended") == 2
    assert not any(process.alive() for one in before.values() for process in one)
    assert workshop(home, "down").count("was not running") == 2
    assert urls(home) == {}
    assert workshop(home, "status").count("make services") == 2

    workshop(home, "up", "--no-docker")
    found = urls(home)
    with open_bus(found["EVENT_BUS_URL"]) as bus, open_store(found["EVENT_STORE_URL"]) as store:
        assert bus.counts("kept").ready == 1
        assert len(store.get_stream_events("test.event", 10)) == 1
    workshop(home, "down")


@needs_redis
def test_two_commands_at_once_start_one(home: Path) -> None:
    both = [started(home, "up", "redis", "--no-docker") for _ in range(2)]
    told = [one.communicate(timeout=LONG)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted("started" in text for text in told) == [False, True]
    assert len(processes(home)["redis"]) == 1


@needs_redis
def test_a_server_that_was_killed_is_started_again(home: Path, services: Services) -> None:
    services.up(REDIS)
    [process] = processes(home)["redis"]
    os.kill(process.pid, signal.SIGKILL)
    assert not services.up(REDIS).already
    assert processes(home)["redis"] != [process]
    assert services.down(REDIS)


@needs_redis
def test_a_taken_port_is_left_to_whoever_has_it(services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = replace(REDIS, port=other.getsockname()[1])
        running = services.up(taken)
        assert running.url != taken.url(taken.port)
        assert services.running(taken) is not None
        assert services.down(taken)


def sleeper() -> Command:
    return Command([sys.executable, "-c", "import time; time.sleep(600)"])


def test_another_process_with_the_same_id_is_not_ended(home: Path, services: Services, tmp_path: Path) -> None:
    other = start(sleeper(), tmp_path, tmp_path / "log")
    folder = home / "services" / "redis"
    folder.mkdir(parents=True)
    stale = {"port": 1, "processes": [{"pid": other.pid, "started": other.started + "0"}], "container": None}
    (folder / "service.json").write_text(json.dumps(stale))
    assert services.running(REDIS) is None
    assert services.down(REDIS) is False
    assert other.alive()
    assert end(other, LONG) is True
    assert end(other, LONG) is False


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    log = tmp_path / "log"
    process = start(Command([sys.executable, "-c", deaf]), tmp_path, log)
    deadline = time.monotonic() + LONG
    while not log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert end(process, 0.1) is True
    assert not process.alive()


def test_without_handles_of_the_kernel_a_process_is_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.pidfd_open")
    process = start(sleeper(), tmp_path, tmp_path / "log")
    assert end(process, LONG) is True
    assert start_of(process.pid) is None


def never_ready(_port: int) -> bool:
    return False


@pytest.fixture
def fake() -> Callable[..., Kind]:
    """A kind like Redis that starts `commands`."""

    def make(*commands: Command, answers: Callable[[int], bool] = never_ready) -> Kind:
        return replace(REDIS, programs=lambda: {"it": "it"}, commands=lambda _folder, _port: commands, answers=answers)

    return make


def test_one_that_does_not_start_says_why_and_leaves_nothing(home: Path, services: Services, fake, tmp_path) -> None:
    helper = Command(["sh", "-c", f"echo $$ > '{tmp_path}/pid'; exec sleep 600"])
    failing = Command([sys.executable, "-c", "import time; time.sleep(0.5); raise SystemExit('wrong [disk]')"])
    with pytest.raises(ServiceError, match=r"wrong \[disk\]"):
        services.up(fake(helper, failing))
    assert start_of(int((tmp_path / "pid").read_text())) is None
    assert processes(home) == {}


def test_ctrl_c_while_it_starts_leaves_nothing(home: Path, services: Services, fake) -> None:
    begun: list[Process] = []

    def interrupt(_port: int) -> bool:
        begun.extend(processes(home)["redis"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.up(fake(sleeper(), answers=interrupt))
    assert len(begun) == 1
    assert not begun[0].alive()
    assert processes(home) == {}


def test_a_program_that_cannot_be_run_is_told(services: Services, fake) -> None:
    with pytest.raises(ServiceError, match="No such file"):
        services.up(fake(Command(["/nowhere/it"])))


def test_where_nothing_can_run_it_it_says_what_to_do(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "can_install", lambda: False)
    with pytest.raises(ServiceError, match=r"Start Docker, or: sudo apt-get install redis-server .*brew install redis"):
        services.up(replace(REDIS, programs=lambda: {"redis-server": None}))


def test_an_unknown_service_is_told(home: Path) -> None:
    assert "rabbitmq, redis" in workshop(home, "up", "kafka", code=1)


# What `docker` would do, but for the containers: `run` starts the image's program here.
DOCKER = """#!/bin/sh
state={state}
echo "$@" >> "$state/calls"
case $1 in
version) echo 28.0 ;;
run)
    [ ! -e "$state/no-network" ] || {{ echo 'Unable to find image' >&2; echo 'no such host: registry' >&2; exit 125; }}
    port=$(echo "$*" | sed 's/.*127.0.0.1:\\([0-9]*\\):.*/\\1/')
    redis-server --port "$port" --bind 127.0.0.1 --dir "$state" --daemonize yes --pidfile "$state/pid" >/dev/null
    while [ ! -s "$state/pid" ]; do sleep 0.05; done
    echo 'Pulling …'; echo 0123abcd ;;
inspect)
    [ "$4" = 0123abcd ] && [ -e "$state/pid" ] && echo true || {{ echo "Error: No such object: $4" >&2; exit 1; }} ;;
stop) kill "$(cat "$state/pid")"; while [ -e "$state/pid" ]; do sleep 0.05; done ;;
esac
"""


@pytest.fixture
def docker_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` on PATH, and the folder in which it writes."""
    state, programs = tmp_path / "state", tmp_path / "bin"
    for folder in (state, programs):
        folder.mkdir()
    program = programs / "docker"
    program.write_text(DOCKER.format(state=state))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return state


@needs_redis
def test_docker_is_taken_where_an_engine_answers(home: Path, docker_state: Path) -> None:
    services = Services(home / "services", print)
    started = services.up(REDIS)
    assert (started.container, started.already) == (True, False)
    assert services.up(REDIS).already
    assert services.down(REDIS) is True
    assert services.down(REDIS) is False
    calls = (docker_state / "calls").read_text()
    name = docker.container_name(REDIS, home / "services")
    port = started.url.removeprefix("redis://127.0.0.1:").removesuffix("/0")
    run = (
        f"run --detach --name {name} --publish 127.0.0.1:{port}:6379 --volume {name}:/data redis:7.4 "
        "redis-server --appendonly yes --appendfsync always --save \n"
    )
    assert run in calls
    assert calls.endswith("stop 0123abcd\nrm 0123abcd\n")


@needs_redis
def test_an_image_that_cannot_be_had_is_no_end(home: Path, docker_state: Path, capsys) -> None:
    (docker_state / "no-network").touch()
    services = Services(home / "services", print)
    assert services.up(REDIS).container is False
    assert "no such host: registry. So it is started as a program" in capsys.readouterr().out
    assert services.down(REDIS)
    with pytest.raises(ServiceError, match="no such host"):
        services.up(replace(REDIS, programs=lambda: {"redis-server": None}))


def test_an_engine_that_is_gone_is_told_before_anything_is_forgotten(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = home / "services" / "redis"
    folder.mkdir(parents=True)
    (folder / "service.json").write_text(json.dumps({"port": 1, "processes": [], "container": "0123abcd"}))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="no docker command"):
        Services(home / "services", print).down(REDIS)
    assert (folder / "service.json").exists()


@pytest.fixture
def debian_tools(tmp_path: Path) -> dict[str, str]:
    """An apt-get that writes down what it was told, and whether packages could have started their services."""
    programs = tmp_path / "bin"
    programs.mkdir()
    apt = f'#!/bin/sh\n"$POLICY_RC_D"; echo "$@: $?" >> "{tmp_path}/apt"\n[ ! -e "{tmp_path}/broken" ] || exit 100\n'
    query = '#!/bin/sh\ncase "$*" in *here) echo install ok installed ;; *) exit 1 ;; esac\n'
    for name, text in (("apt-get", apt), ("dpkg-query", query)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return {"PATH": f"{programs}:/usr/bin:/bin", "POLICY_RC_D": str(tmp_path / "policy-rc.d")}


def test_packages_are_installed_without_starting_services(debian_tools: dict[str, str], tmp_path: Path) -> None:
    script = ["sh", str(SCRIPTS / "debian_packages.sh")]
    subprocess.run([*script, "here", "also-here"], env=debian_tools, check=True)
    assert not (tmp_path / "apt").exists()
    subprocess.run([*script, "here", "redis-server"], env=debian_tools, check=True)
    assert (tmp_path / "apt").read_text().splitlines() == [
        "update -qq: 101",
        "install -y -qq --no-install-recommends redis-server: 101",
    ]
    assert not (tmp_path / "policy-rc.d").exists()
    (tmp_path / "broken").touch()
    assert subprocess.run([*script, "redis-server"], env=debian_tools, check=False).returncode == 100
    assert not (tmp_path / "policy-rc.d").exists()


def test_a_machine_s_own_policy_stays(debian_tools: dict[str, str], tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 104\n")
    policy.chmod(0o755)
    subprocess.run(["sh", str(SCRIPTS / "debian_packages.sh"), "redis-server"], env=debian_tools, check=True)
    assert ": 104" in (tmp_path / "apt").read_text()
    assert policy.exists()


def test_free_port_keeps_to_what_is_wanted() -> None:
    port = free_port()
    assert free_port(port) == port
