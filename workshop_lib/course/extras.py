"""Which extras of this package are installed. Reads package metadata only: nothing heavy is imported."""

import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from workshop_lib.course.errors import CourseError
from workshop_lib.home import project_root
from workshop_lib.i18n import _

DISTRIBUTION = "mlops-workshop"
LITE = "lite"
COURSE = "course"


class UnknownExtra(CourseError):
    """No extra of that name."""

    def __init__(self, extra: str, known: list[str]) -> None:
        super().__init__(
            _("expected one of the extras {known}, got {extra!r}").format(known=", ".join(known), extra=extra)
        )
        self.extra = extra


class MissingExtra(CourseError):
    """Packages that a chapter or a command needs are not installed."""

    def __init__(self, extra: str, distributions: list[str]) -> None:
        super().__init__(
            _("this needs the extra [{extra}], and {packages} is not installed. To add it: {command}").format(
                extra=extra, packages=", ".join(distributions), command=command(extra)
            )
        )
        self.extra = extra
        self.distributions = distributions


class NotInstalled(CourseError):
    """The code runs, but nothing says which packages it needs."""

    def __init__(self) -> None:
        super().__init__(
            _("expected {name} to be installed, and only its folder is here. To install it: make lab").format(
                name=DISTRIBUTION
            )
        )


def contents(extra: str) -> list[str]:
    """The distributions that `extra` asks for directly, through the extras it refers to as well; sorted.

    Raises:
        UnknownExtra: there is none of that name.
    """
    declared = _declared()
    reached: set[str] = set()
    waiting = [extra]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        if name not in declared:
            raise UnknownExtra(name, sorted(declared))
        reached.add(name)
        for distribution, inner in declared[name]:
            if distribution == DISTRIBUTION:
                waiting += inner
            else:
                found.add(distribution)
    return sorted(found)


def missing(extra: str) -> list[str]:
    """The distributions of `extra` that are not installed.

    Raises:
        UnknownExtra: there is none of that name.
    """
    return [name for name in contents(extra) if version(name) is None]


def require(*extras: str) -> None:
    """Nothing, where all of `extras` is installed.

    Raises:
        MissingExtra: the first one that isn't, and the one command that adds it.
        UnknownExtra: there is none of that name.
    """
    for extra in extras:
        if lacking := missing(extra):
            raise MissingExtra(extra, lacking)


def version(distribution: str) -> str | None:
    """The installed version; None if there is none, or only what an interrupted installation left of it."""
    try:
        return metadata.version(distribution) or None
    except metadata.PackageNotFoundError:
        return None


def command(extra: str) -> str:
    """The one command that installs `extra` where this process runs: make's .venv, a checkout's other environment
    (conda's), or no checkout at all."""
    root = project_root()
    if root is None:
        # It is on no index: whoever installed it knows where its checkout lies.
        return f'pip install "PATH-OF-CHECKOUT[{extra}]"'
    if Path(sys.prefix) != root / ".venv":
        return f'pip install -e ".[{extra}]" -c constraints.txt'
    for target, brings in (("make lab LITE=1", LITE), ("make lab", COURSE)):
        if set(contents(extra)) <= set(contents(brings)):
            return target
    return "make test"


def _declared() -> dict[str, list[tuple[str, list[str]]]]:
    """Each extra with what it asks of this platform directly, as (distribution, its extras)."""
    try:
        own = metadata.metadata(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise NotInstalled from None
    requirements = [Requirement(line) for line in own.get_all("Requires-Dist") or []]
    return {
        extra: [
            (requirement.name, sorted(requirement.extras))
            for requirement in requirements
            if requirement.marker
            and "extra" in str(requirement.marker)
            and requirement.marker.evaluate({"extra": extra})
        ]
        for extra in own.get_all("Provides-Extra") or []
    }
