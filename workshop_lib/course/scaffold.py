"""Starts a new exercise: its declaration, and its cells at the end of the chapter's source."""

import keyword
import re
from pathlib import Path

from workshop_lib.course.errors import ScaffoldError
from workshop_lib.course.exercises.catalogue import Catalogue
from workshop_lib.course.exercises.model import sort_key

_DECLARATION = '''"""{id}: say in one line what is practised."""

from collections.abc import Callable

from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.trying import expect
from workshop_lib.i18n import mark


def check_{name}({name}: Callable[[int], int]) -> None:
    """Several inputs, an edge, a property of the result; never the answer's text."""
    expect({name}, 2, returns=4, mistakes={{"identity": 2}})
    expect({name}, 0, returns=0)
    expect({name}, -3, returns=-6, mistakes={{"absolute": 6}})


EXERCISE = Exercise(
    id="{id}",
    name="{name}",
    title=mark("{title}"),
    minutes={minutes},
    difficulty={difficulty},
    reference="{reference}",
    check=check_{name},
    hints=(
        mark("A question that points at the first step."),
        mark("Nearly the answer."),
    ),
    mistakes=(
        Mistake("identity", "def {name}(number): return number", mark("What is seen, and why it matters.")),
        Mistake("absolute", "def {name}(number): return 2 * abs(number)", mark("What is seen, and why it matters.")),
    ),
)
'''

_CELLS = '''
# %% [markdown]
# ## {id}
#
# Why this is worth doing, in two or three sentences, and what to write.

# %%
def {name}(number: int) -> int:
    """Twice `number`: `{name}(2)` is 4."""
    # TODO {id}: one line that says what to write
    ### BEGIN SOLUTION
    return 2 * number
    ### END SOLUTION

# %%
check("{id}", {name})

# %%
{name} = answer("{id}")
'''


def scaffold(
    course: Catalogue,
    root: Path,
    exercise_id: str,
    name: str,
    title: str,
    *,
    minutes: int,
    difficulty: int,
    reference: str,
) -> tuple[Path, Path]:
    """Write a declaration and append cells that build; returns the declaration's and the source's file.

    Both hold a worked example, a function that doubles, to be replaced.

    Raises:
        ScaffoldError: the id is taken or isn't the chapter's next, the name is no identifier or is taken.
        UnknownChapter: the id's chapter isn't there.
    """
    if not re.fullmatch(r"\d+\.\d+", exercise_id):
        raise ScaffoldError(f"expected an id such as 2.3, got {exercise_id!r}")
    number = sort_key(exercise_id)[0]
    chapter = course.chapter(number)
    free = f"{number}.{len(chapter.exercises) + 1}"
    if exercise_id != free:
        raise ScaffoldError(f"{exercise_id} is taken or leaves a gap: the next id of chapter {number:02} is {free}")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ScaffoldError(f"expected the name of a function, such as back_off, got {name!r}")
    declaration = root / "workshop_lib" / "course" / "exercises" / f"ch{number:02}" / f"{name.lower()}.py"
    source = root / "solutions" / f"{chapter.stem}.py"
    fields = {
        "id": exercise_id, "name": name, "title": title.replace('"', "'"), "minutes": minutes,
        "difficulty": difficulty, "reference": reference,
    }  # fmt: skip
    cells = source.read_text(encoding="utf-8").rstrip("\n") + "\n" + _CELLS.format(**fields)
    try:
        with declaration.open("x", encoding="utf-8") as file:
            file.write(_DECLARATION.format(**fields))
    except FileExistsError:
        raise ScaffoldError(f"{declaration} is there already: choose another name than {name!r}") from None
    source.write_text(cells, encoding="utf-8")
    return declaration, source
