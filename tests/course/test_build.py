import json
import re
import subprocess
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workshop_lib.course import regions
from workshop_lib.course.build import Built, build_chapter
from workshop_lib.course.errors import BuildError, SolutionRegionError
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.exercises.model import Chapter, Exercise
from workshop_lib.course.notebooks import fingerprint
from workshop_lib.course.published import project

CHAPTERS = list(catalogue())
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)

MARKDOWN, CODE = "# %% [markdown]\n", "# %%\n"
HEAD = MARKDOWN + "# # Events\n#\n# Hello.\n\n"
TODO = MARKDOWN + "# ## 2.3\n#\n# Wait longer each time, señor.\n\n"
ANSWER = (
    CODE
    + """def backoff(attempt):
    # TODO 2.3: wait
    ### BEGIN SOLUTION
    return 2**attempt
    ### END SOLUTION

"""
)
CHECK = CODE + 'check("2.3", backoff)\n\n'
TAIL = MARKDOWN + "# ## After\n\n" + CODE + "print('el niño')\n"
SOURCE = HEAD + TODO + ANSWER + CHECK + TAIL

EXERCISE = Exercise(
    id="2.3",
    name="backoff",
    title="Back off",
    minutes=8,
    difficulty=2,
    reference="math:sqrt",
    check=lambda subject: None,
    hints=("a", "b"),
    mistakes=(),
)
CHAPTER = Chapter(number=2, slug="events", title="Events", minutes=90, exercises=(EXERCISE,))


@pytest.fixture
def build(tmp_path: Path) -> Any:
    def build(source: str = SOURCE) -> Built:
        path = tmp_path / "02_events.py"
        path.write_text(source, encoding="utf-8")
        return build_chapter(path, CHAPTER)

    return build


def cells(text: str) -> dict[str, Any]:
    return {c["id"]: c for c in json.loads(text)["cells"]}


def source_of(cell: Any) -> str:
    return "".join(cell["source"])


def test_the_student_gets_the_stub_and_the_solved_notebook_the_answer(build: Any) -> None:
    built = build()
    stub = source_of(cells(built.student)["answer-2-3"])
    assert stub == 'def backoff(attempt):\n    # TODO 2.3: wait\n    raise NotImplementedError("TODO 2.3")'
    solved = source_of(cells(built.solved)["answer-2-3"])
    assert "    ### BEGIN SOLUTION\n    return 2**attempt\n    ### END SOLUTION" in solved


def test_the_heading_is_filled_in_from_the_declaration(build: Any) -> None:
    for text in (build().student, build().solved):
        assert source_of(cells(text)["todo-2-3"]) == (
            "## 2.3 Back off\n\n*8 minutes · difficulty 2 of 3*\n\nWait longer each time, señor."
        )


def test_nbgraders_metadata_is_in_the_solved_notebook_only(build: Any) -> None:
    built = build()
    common = {"cell_type": "code", "schema_version": 3, "task": False}
    answer = common | {"grade": False, "grade_id": "answer-2-3", "locked": False, "solution": True}
    check = common | {"grade": True, "grade_id": "check-2-3", "locked": True, "points": 2, "solution": False}
    marked = {name: c["metadata"]["nbgrader"] for name, c in cells(built.solved).items() if "nbgrader" in c["metadata"]}
    assert marked == {"answer-2-3": answer, "check-2-3": check}
    assert "nbgrader" not in built.student


def test_the_same_source_gives_the_same_bytes(build: Any) -> None:
    assert build() == build()


def test_ids_stay_when_a_cell_is_inserted_elsewhere(build: Any) -> None:
    before = cells(build().student)
    more = CODE + "x = 1\n\n" + MARKDOWN + "# ## New\n\n"
    after = cells(build(SOURCE.replace(MARKDOWN + "# ## After", more + MARKDOWN + "# ## After")).student)
    assert list(before) == ["events-1", "todo-2-3", "answer-2-3", "check-2-3", "after-1", "after-2"]
    assert set(before) < set(after)
    assert all(source_of(after[name]) == source_of(cell) for name, cell in before.items())


def test_ids_are_unique_though_headings_are_not(build: Any) -> None:
    headings = ["Again", "Again!", "Check 2", "Answer", "Todo 2", "¿?", "x" * 90, "x" * 91]
    source = SOURCE + "".join(f"\n{MARKDOWN}# ## {text}\n\n{CODE}print({n})\n" for n, text in enumerate(headings))
    loaded = json.loads(build(source.replace("## Check 2", "## Check 2\n#\n# ## Check 2")).solved)
    ids = [c["id"] for c in loaded["cells"]]
    assert len(set(ids)) == len(ids) == 6 + 2 * len(headings)
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", name) for name in ids)
    assert sum("nbgrader" in c["metadata"] for c in loaded["cells"]) == 2


def test_tags_are_kept_and_other_metadata_is_not(build: Any) -> None:
    built = build(SOURCE.replace(CODE + "print", '# %% tags=["parameters"] lines_to_next_cell=2 collapsed=true\nprint'))
    assert cells(built.student)["after-2"]["metadata"] == {"tags": ["parameters"]}


def test_accents_are_kept_as_they_are(build: Any) -> None:
    for text in (build().student, build().solved):
        assert "señor" in text
        assert "el niño" in text


def test_an_edition_is_a_hash_over_types_and_sources(build: Any) -> None:
    student = nbformat.reads(build().student, as_version=4)
    other = nbformat.reads(build(SOURCE.replace("Hello", "Hallo")).student, as_version=4)
    assert student.metadata.workshop.edition == fingerprint(student.cells)
    assert student.metadata.workshop.edition != other.metadata.workshop.edition
    student.cells[-1].outputs = [{"output_type": "stream", "name": "stdout", "text": "3"}]
    student.cells[-1].metadata["collapsed"] = True
    assert student.metadata.workshop.edition == fingerprint(student.cells)


BEGIN, END = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION\n"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (END, "", r"02_events\.py, cell answer-2-3, line 3: ### BEGIN SOLUTION is never closed\. Add ### END"),
        (BEGIN, "", r"line 4: ### END SOLUTION without ### BEGIN SOLUTION"),
        (BEGIN, BEGIN + BEGIN, r"line 4: expected ### END SOLUTION for the region of line 3, got another"),
        (END, END + END, r"line 6: ### END SOLUTION without"),
        (END, BEGIN, r"line 5: expected ### END SOLUTION for the region of line 3"),
        (BEGIN, "    ## BEGIN SOLUTION\n", r"line 3: expected '### BEGIN SOLUTION' or .* alone, got '## BEGIN"),
        (END, "    ### End Solution\n", r"line 5: expected .* alone, got '### End Solution'"),
        (BEGIN, "    ### BEGIN_SOLUTION\n", r"line 3: expected .* alone, got '### BEGIN_SOLUTION'"),
        (BEGIN, "    x = 1  ### BEGIN SOLUTION\n", r"line 3: expected .* alone, got 'x = 1  ### BEGIN SOLUTION'"),
    ],
)
def test_an_unsound_region_is_refused(build: Any, old: str, new: str, says: str) -> None:
    with pytest.raises(SolutionRegionError, match=says):
        build(SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (TODO, "", r"exercise 2\.3 has no todo cell\. Add a markdown cell"),
        (ANSWER, "", r"exercise 2\.3 has no answer cell\. Add a code cell"),
        (CHECK, "", r"exercise 2\.3 has no check cell\. Add a code cell: check\("),
        (BEGIN + "    return 2**attempt\n" + END, "    pass\n", r"exercise 2\.3 has no answer cell"),
        (TODO, TODO + TODO, r"exercise 2\.3 has two todo cells"),
        (ANSWER, ANSWER + ANSWER, r"exercise 2\.3 has two answer cells"),
        (CHECK, CHECK + CHECK, r"exercise 2\.3 has two check cells"),
        ("## 2.3", "## 2.4", r"exercise 2\.4 is not declared\. Declared: 2\.3"),
        ("TODO 2.3", "TODO 2.4", r"exercise 2\.4 is not declared"),
        ('check("2.3"', 'check("3.2"', r"exercise 3\.2 is not declared"),
        ("    # TODO 2.3: wait\n", "", r"a solution without '# TODO N\.M' in 'def backoff"),
        ("print('el", "%matplotlib inline\nprint('el", r"a magic or shell line in '%matplotlib inline'"),
        ("print('el", "print(1)\n!ls\nprint('el", r"a magic or shell line in 'print\(1\)'"),
        ("print('el", "# %%time\nprint('el", r"a magic or shell line"),
        ("# Hello.", "# ### BEGIN SOLUTION", r"a solution marker in a text cell: '# Events"),
    ],
)
def test_what_cant_become_a_notebook_is_refused(build: Any, old: str, new: str, says: str) -> None:
    with pytest.raises(BuildError, match=r"^02_events\.py.*" + says):
        build(SOURCE.replace(old, new))


def test_several_regions_in_a_class(build: Any) -> None:
    stub = regions.stub(
        "class A:\n    # TODO 2.3\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n"
        "        ### END SOLUTION\n\n    def g(self):\n        ### BEGIN SOLUTION\n        ### END SOLUTION",
        "here",
    )
    assert stub.count('        raise NotImplementedError("TODO 2.3")') == 2
    assert "return 1" not in stub


def test_without_markers() -> None:
    assert regions.without_markers("a\n  ### BEGIN SOLUTION\n  b\n  ### END SOLUTION\nc") == "a\n  b\nc"


@each_chapter
def test_the_committed_files_are_what_the_builder_gives(chapter: Chapter) -> None:
    """Git's index, not the working tree: what a clone gets."""
    here = project()

    def committed(path: str) -> bytes:
        return subprocess.run(["git", "show", f":{path}"], cwd=here.root, capture_output=True, check=True).stdout

    source = committed(f"solutions/{chapter.stem}.py")
    if source != (here.solutions / f"{chapter.stem}.py").read_bytes():
        pytest.fail(f"solutions/{chapter.stem}.py differs from git's index: git add it, with its notebooks")
    built = build_chapter(here.solutions / f"{chapter.stem}.py", chapter)
    assert committed(f"solutions/{chapter.stem}.ipynb") == built.solved.encode()
    assert committed(f"notebooks/{chapter.stem}.ipynb") == built.student.encode()


@each_chapter
def test_a_chapters_notebooks_are_sound(chapter: Chapter) -> None:
    built = build_chapter(project().solutions / f"{chapter.stem}.py", chapter)
    assert built == build_chapter(project().solutions / f"{chapter.stem}.py", chapter)
    for text in (built.solved, built.student):
        notebook = nbformat.reads(text, as_version=4)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            nbformat.validate(notebook)
        ids = [c.id for c in notebook.cells]
        assert len(set(ids)) == len(ids)
        code = [c for c in notebook.cells if c.cell_type == "code"]
        assert all(c.outputs == [] and c.execution_count is None for c in code)
        assert text.endswith("}\n")
        assert not text.endswith("\n\n")
        assert "lines_to_next_cell" not in text


@each_chapter
def test_each_stub_is_its_source_without_the_region(chapter: Chapter) -> None:
    built = build_chapter(project().solutions / f"{chapter.stem}.py", chapter)
    solved, student = cells(built.solved), cells(built.student)
    region = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.MULTILINE | re.DOTALL)
    assert list(solved) == list(student)
    for name, cell in solved.items():
        exercise_id = name.removeprefix("answer-").replace("-", ".")
        expected = region.sub(rf'\1raise NotImplementedError("TODO {exercise_id}")', source_of(cell))
        assert source_of(student[name]) == expected
        assert (expected != source_of(cell)) is name.startswith("answer-")
    assert "SOLUTION" not in built.student


@each_chapter
def test_a_chapter_opens_with_parameters(chapter: Chapter) -> None:
    built = build_chapter(project().solutions / f"{chapter.stem}.py", chapter)
    tagged = [c for c in cells(built.student).values() if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    assert "fast = True" in source_of(tagged[0])
