"""The course machinery: a check's answer, the build check, and `workshop run` beside papermill's own command.

    python -m benchmarks.course [--rounds 5]

Every figure is a whole process, started anew: interpreter, imports and all.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks._measure import Figure, figure, in_turn, seconds, show
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.published import project

SCRIPTS = Path(sys.executable).parent
CHECK = """
from workshop_lib.course import check
{source}
check({id!r}, {name})
from workshop_lib.home import home
from workshop_lib.parts import answer_path
assert answer_path({id!r}, home()).is_file()
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        show("The course machinery", [*checks(folder, rounds), build_check(folder, rounds), *runs(folder, rounds)])


def environment(home: Path) -> dict[str, str]:
    """This process's environment with a home of its own."""
    return {**os.environ, "WORKSHOP_HOME": str(home)}


def checks(folder: Path, rounds: int) -> list[Figure]:
    """A right answer checked, recorded and saved, the import of `workshop_lib.course` included."""
    commands = {}
    for exercise in catalogue().exercises:
        module, _, name = exercise.reference.partition(":")
        script = folder / f"check_{exercise.id}.py"
        # A function of the script's own, so that it is saved as a student's would be.
        source = f"def {exercise.name}(*given):\n    import {module} as library\n    return library.{name}(*given)"
        script.write_text(CHECK.format(source=source, id=exercise.id, name=exercise.name))
        commands[exercise.id] = [sys.executable, str(script)]
    env = environment(folder / "home")
    taken = in_turn({i: lambda c=c: seconds(c, env) for i, c in commands.items()}, rounds)
    return [figure(f"check {exercise_id}, import included", values, 1.0) for exercise_id, values in taken.items()]


def build_check(folder: Path, rounds: int) -> Figure:
    """`workshop build --check`, by chapter."""
    chapters = len(list(catalogue()))
    command = [str(SCRIPTS / "workshop"), "build", "--check"]
    taken = in_turn({"build": lambda: seconds(command, environment(folder / "home"))}, rounds)["build"]
    return figure("workshop build --check, a chapter", [value / chapters for value in taken], 2.0)


def runs(folder: Path, rounds: int) -> list[Figure]:
    """`workshop run --jobs 1` over chapter 00, and papermill's own command on the same notebook, in turn."""
    notebook = project().solutions / "00_welcome.ipynb"
    env = environment(folder / "run-home")
    ours = [str(SCRIPTS / "workshop"), "run", "00", "--jobs", "1"]
    theirs = [str(SCRIPTS / "papermill"), "-p", "fast", "True", str(notebook), str(folder / "out.ipynb")]
    taken = in_turn({"ours": lambda: seconds(ours, env), "papermill": lambda: seconds(theirs, env)}, rounds)
    ratios = [a / b for a, b in zip(taken["ours"], taken["papermill"], strict=True)]
    return [
        figure("papermill, chapter 00", taken["papermill"]),
        figure("workshop run --jobs 1, chapter 00", taken["ours"]),
        figure("workshop run / papermill, pair by pair", ratios, 1.1, "x"),
    ]


if __name__ == "__main__":
    main()
