"""The steps of a set-up, in order."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap import lock, machine, plan, wheelhouse
from bootstrap.pip import Runner
from bootstrap.plan import Action, Found, Stamp
from bootstrap.problems import Problem


@dataclass
class Setup:
    """One folder's ``.venv``. `environ` holds the documented variables: TORCH_INDEX_URL and WHEELHOUSE."""

    root: Path
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    say: Callable[[str], None] = print
    free: Callable[[Path], int] = machine.free

    def __post_init__(self) -> None:
        self.venv = self.root / ".venv"
        self._stamp = self.venv / "workshop-stamp.json"
        self._mark = self.venv / "workshop-setting-up"
        # Outside .venv, which a failure may leave to be thrown away.
        self._state = self.root / ".workshop"

    def install(self, names: list[str]) -> None:
        """Bring ``.venv`` to hold these extras; do nothing if it does.

        Raises:
            Problem: the one line why not.
            Interrupted: Ctrl-C.
        """
        wanted = self._wanted(names)
        if plan.decide(wanted, self._found())[0] is Action.NOTHING:
            return
        with self._runner(self.venv) as runner:
            # Again: the one that was waited for may have done it all.
            found = self._found()
            action, why = plan.decide(wanted, found)
            if action is Action.NOTHING:
                return
            wanted = plan.merged(wanted, found.stamp)
            described = wheelhouse.describe(wanted.fingerprint, wanted.extras)
            runner.wheelhouse, unfit = wheelhouse.choose(self.root, self.environ.get("WHEELHOUSE", ""), described)
            if unfit:
                self._tell(unfit)
            began = time.monotonic()
            if action is Action.REBUILD or not found.exists:
                machine.check_venv()
                if why:
                    self._tell(f"building .venv anew: {why}")
                    self._clear()
                there = self.venv if found.exists else self.root
                machine.check_disk(there, machine.need(wanted.extras, cuda=_may_bring_cuda(wanted, runner)), self.free)
                self._announce(wanted, runner)
                self._make(runner)
            else:
                self._check_pip()
                if found.stamp:
                    more = machine.need(wanted.extras, found.stamp.extras, _may_bring_cuda(wanted, runner))
                    machine.check_disk(self.venv, more, self.free)
                self._announce(wanted, runner)
            self._fill(runner, wanted)
            self._tell(f"ready after {_since(began)}")

    def fill_wheelhouse(self, names: list[str]) -> None:
        """Gather the wheels of these extras, and of what builds this project, into ``wheelhouse/``.

        Raises:
            Problem: the one line why not.
            Interrupted: Ctrl-C.
        """
        wanted = self._wanted(names)
        folder = self.root / "wheelhouse"
        machine.check_venv()
        # A small environment of its own: PYTHON may name another Python than the one that .venv has.
        gather = self._state / "gather"
        with self._runner(gather) as runner:
            began = time.monotonic()
            shutil.rmtree(gather, ignore_errors=True)
            self._tell(f"gathering {_listed(wanted.extras)} into wheelhouse/ (log: {self._shown(runner.log)})")
            runner.run([_base_python(), "-m", "venv", str(gather)])
            wheelhouse.open_for_writing(folder)
            if wanted.torch_index:
                torch = plan.torch_requirement(self.root)
                runner.pip("wheel", "--no-deps", "--wheel-dir", "wheelhouse", "--index-url", wanted.torch_index, torch)
            # With itself as a source, so that the torch gathered first is the one that is taken.
            into = ["--wheel-dir", "wheelhouse", "--find-links", str(folder), "-c", "constraints.txt"]
            runner.pip("wheel", *into, _project(wanted.extras), *plan.build_requirements(self.root))
            for own in folder.glob("mlops_workshop-*.whl"):
                own.unlink()
            wheelhouse.close(folder, wheelhouse.describe(wanted.fingerprint, wanted.extras))
            shutil.rmtree(gather)
            wheels = [wheel.stat().st_size for wheel in folder.glob("*.whl")]
            size = f"{len(wheels)} wheels, {sum(wheels) / machine.GB:.1f} GB"
            self._tell(f"wheelhouse/ is complete: {size}, after {_since(began)}")

    def _make(self, runner: Runner) -> None:
        self.venv.mkdir(exist_ok=True)
        self._mark.touch()
        runner.run([_base_python(), "-m", "venv", ".venv"])

    def _fill(self, runner: Runner, wanted: Stamp) -> None:
        self._mark.touch()
        try:
            self._install(runner, wanted)
        finally:
            # Until pip begins to change it, what was there works as it did.
            if not runner.touched:
                self._mark.unlink()
        wanted.write(self._stamp)
        self._mark.unlink(missing_ok=True)

    def _install(self, runner: Runner, wanted: Stamp) -> None:
        source: list[str] = []
        if runner.wheelhouse:
            source = ["--no-index", "--find-links", str(runner.wheelhouse)]
        elif wanted.torch_index:
            # First and alone: the rest then finds its torch there, and never looks at a CUDA build.
            self._tell("torch first, from TORCH_INDEX_URL")
            torch = plan.torch_requirement(self.root)
            try:
                runner.pip("install", "--no-deps", "--index-url", wanted.torch_index, torch)
            except Problem as problem:
                raise Problem(f"with TORCH_INDEX_URL={wanted.torch_index}, {problem}") from None
        runner.pip("install", *source, "-c", "constraints.txt", "-e", _project(wanted.extras))

    def _clear(self) -> None:
        """Empty ``.venv`` but for the mark: a kill in between must not leave what looks whole. The folder itself
        stays, for it may be a link to a larger disk."""
        self._mark.touch()
        for child in self.venv.iterdir():
            if child != self._mark:
                _remove(child)

    def _check_pip(self) -> None:
        if not (self.venv / "bin" / "pip").exists():
            raise Problem(".venv has no pip: another tool made it. Delete it (rm -r .venv) and run this again")

    def _announce(self, wanted: Stamp, runner: Runner) -> None:
        origin = f", from {runner.wheelhouse}" if runner.wheelhouse else ""
        what = f"Python {wanted.python}, {_listed(wanted.extras)}"
        self._tell(f"{what} into .venv{origin} (log: {self._shown(runner.log)})")
        if _may_bring_cuda(wanted, runner) and shutil.which("nvidia-smi") is None:
            self._tell("no NVIDIA card here: TORCH_INDEX_URL can choose CPU builds, gigabytes smaller (see README)")

    def _wanted(self, names: list[str]) -> Stamp:
        try:
            extras = plan.expand(self.root, names)
        except KeyError as unknown:
            raise Problem(f"pyproject.toml has no extra named {unknown}") from None
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        torch_index = self.environ.get("TORCH_INDEX_URL", "") if plan.with_torch(extras) else ""
        return Stamp(plan.fingerprint(self.root), python, str(self.root), extras, torch_index)

    def _found(self) -> Found:
        works = (self.venv / "bin" / "python").exists()
        minor = next((folder.name.removeprefix("python") for folder in self.venv.glob("lib/python3.*")), "")
        return Found(self.venv.exists(), minor if works else "", self._mark.exists(), Stamp.read(self._stamp))

    @contextmanager
    def _runner(self, venv: Path) -> Iterator[Runner]:
        self._state.mkdir(exist_ok=True)
        waiting = "another set-up is at work in this folder; waiting for it to end"
        with lock.held(self._state / "setup.lock", lambda: self._tell(waiting)) as descriptor:
            log = self._state / "setup.log"
            log.write_text("")
            yield Runner(self.root, venv, log, descriptor, self.say)

    def _tell(self, line: str) -> None:
        self.say(f"set-up: {line}")

    def _shown(self, path: Path) -> Path:
        return path.relative_to(self.root)


def _may_bring_cuda(wanted: Stamp, runner: Runner) -> bool:
    """On Linux the default index's torch does, whether there is a card or not."""
    chosen = wanted.torch_index or runner.wheelhouse
    return sys.platform == "linux" and plan.with_torch(wanted.extras) and not chosen


def _base_python() -> str:
    # This process may run on the very .venv that is being made anew.
    return getattr(sys, "_base_executable", None) or sys.executable


def _project(extras: tuple[str, ...]) -> str:
    # Relative, for pip runs in the root: pip reads a path with a space in it as an invalid requirement.
    return f".[{','.join(extras)}]" if extras else "."


def _listed(extras: tuple[str, ...]) -> str:
    return f"extras {', '.join(extras)}" if extras else "no extras"


def _since(began: float) -> str:
    seconds = int(time.monotonic() - began)
    return f"{seconds // 60}:{seconds % 60:02}"


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)
