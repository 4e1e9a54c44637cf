"""Starts a new exercise: its declaration, and its cells at the end of the chapter's source.

Both are as ruff would write them, for any name and title that is let through.
"""

import builtins
import keyword
import re
from pathlib import Path

from workshop_lib import course as _course
from workshop_lib.course import notebooks
from workshop_lib.course.errors import ScaffoldError
from workshop_lib.course.exercises.catalogue import Catalogue
from workshop_lib.course.exercises.model import sort_key
from workshop_lib.course.text import read_text
from workshop_lib.i18n import _

_DECLARATION = '''"""{id}: say in one line what is practised."""

from collections.abc import Callable

from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.trying import expect_each
from workshop_lib.i18n import mark


def check_{name}({name}: Callable[[int], int]) -> None:
    """Several inputs, an edge, a property of the result; never the answer's text."""
    expect_each(
        {name},
        [(2, 4), (0, 0), (-3, -6), (-5, -10)],
        mistakes={{"identity": lambda n: n, "absolute": lambda n: 2 * abs(n)}},
    )


EXERCISE = Exercise(
    id="{id}",
    name="{name}",
    title=mark({title}),
    minutes={minutes},
    difficulty={difficulty},
    reference={reference},
    check=check_{name},
    hints=(
        mark("A question that points at the first step."),
        mark("Nearly the answer."),
    ),
    mistakes=(
        Mistake(
            "identity",
            "def {name}(number): return number",
            mark("What is seen, and why it matters."),
        ),
        Mistake(
            "absolute",
            "def {name}(number): return 2 * abs(number)",
            mark("What is seen, and why it matters."),
        ),
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


_TAKEN = {*dir(builtins), *_course.__all__, "expect_each", "mark"}
# With the longest name, title and reference no line is over 120 characters.
_LONGEST_NAME, _LONGEST_TEXT = 30, 100


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

    Both hold a worked example, a function that doubles, to be replaced. Where one can't be written, neither is.

    Raises:
        ScaffoldError: the id is taken or isn't the chapter's next; the name is none for a function, or is taken; title
            or reference are no text of one line; a file can't be written.
        UnknownChapter: the id's chapter isn't there.
        BuildError: the chapter's source isn't UTF-8.
    """
    if not re.fullmatch(r"\d+\.\d+", exercise_id):
        raise ScaffoldError(_("expected an id such as 2.3, got {id!r}").format(id=exercise_id))
    number = sort_key(exercise_id)[0]
    chapter = course.chapter(number)
    free = f"{number}.{len(chapter.exercises) + 1}"
    if exercise_id != free:
        said = _("{id} is taken or leaves a gap: the next id of chapter {number:02} is {free}")
        raise ScaffoldError(said.format(id=exercise_id, number=number, free=free))
    _refuse_name(name)
    if not re.fullmatch(r"\w+(\.\w+)*:\w+", reference):
        said = _("expected a reference such as workshop_lib.platform.shelf:announce, got {reference!r}")
        raise ScaffoldError(said.format(reference=reference))
    fields = {
        "id": exercise_id, "name": name, "title": _literal(title.strip()), "minutes": minutes,
        "difficulty": difficulty, "reference": _literal(reference),
    }  # fmt: skip
    declaration = root / "workshop_lib" / "course" / "exercises" / f"ch{number:02}" / f"{name}.py"
    source = root / "solutions" / f"{chapter.stem}.py"
    try:
        cells = read_text(source).rstrip("\n") + "\n" + _CELLS.format(**fields)
        _write(declaration, _DECLARATION.format(**fields), source, cells)
    except FileExistsError:
        said = _("{file} is there already: choose another name than {name!r}")
        raise ScaffoldError(said.format(file=declaration, name=name)) from None
    except OSError as error:
        raise ScaffoldError(f"{error.filename}: {error.strerror}") from error
    return declaration, source


def _refuse_name(name: str) -> None:
    if name[:1].isupper():
        said = _("{name!r} is a class's name, and this starts functions: write its declaration and cells by hand")
        raise ScaffoldError(said.format(name=name))
    if keyword.iskeyword(name) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ScaffoldError(_("expected the name of a function, such as back_off, got {name!r}").format(name=name))
    if name in _TAKEN:
        said = _("{name!r} is the name of a function that notebooks call: choose another")
        raise ScaffoldError(said.format(name=name))
    if len(name) > _LONGEST_NAME:
        said = _("expected a name of {most} characters at most, got {name!r}")
        raise ScaffoldError(said.format(most=_LONGEST_NAME, name=name))


def _literal(text: str) -> str:
    """`text` as Python, quoted as ruff does: with double quotes unless single ones need fewer backslashes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    literal = quote + text.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote
    if not text or not text.isprintable() or len(literal) > _LONGEST_TEXT:
        said = _("expected one line of {most} characters at most, got {text!r}")
        raise ScaffoldError(said.format(most=_LONGEST_TEXT - 2, text=text))
    return literal


def _write(declaration: Path, text: str, source: Path, cells: str) -> None:
    with declaration.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            notebooks.write(source, cells)
        except BaseException:
            declaration.unlink()
            raise
