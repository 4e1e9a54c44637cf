import pytest

from workshop_lib.course.errors import BuildError
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.exercises.model import Chapter
from workshop_lib.course.guides import BEGIN, END, generated, refreshed
from workshop_lib.course.published import project

CHAPTER = catalogue().chapter("00")
GUIDE = f"# By hand\n\n{BEGIN}\nold\n{END}\n\nMore, by hand: niño.\n"


def test_only_what_stands_between_the_markers_is_written() -> None:
    fresh = refreshed(GUIDE, CHAPTER, "00_welcome.md")
    assert fresh.startswith(f"# By hand\n\n{BEGIN}\n")
    assert fresh.endswith(f"\n{END}\n\nMore, by hand: niño.\n")
    assert "\nold\n" not in fresh
    assert refreshed(fresh, CHAPTER, "00_welcome.md") == fresh


def test_what_the_declarations_know() -> None:
    text = generated(CHAPTER)
    for exercise in CHAPTER.exercises:
        named = f"{exercise.title} (`{exercise.name}`)"
        assert f"| {exercise.id} | {named} | {exercise.minutes} | {exercise.difficulty} of 3 |" in text
        assert all(f"{n}. {hint}" in text for n, hint in enumerate(exercise.hints, start=1))
        assert all(f"- `{m.key}`: {m.hint}" in text for m in exercise.mistakes)


@pytest.mark.parametrize(
    "text", ["", BEGIN, END, f"{END}\n{BEGIN}", GUIDE + BEGIN, GUIDE + END, f"{BEGIN}\n{GUIDE}", "# By hand"]
)
def test_a_guide_without_sound_markers_is_refused(text: str) -> None:
    with pytest.raises(BuildError, match=r"^00_welcome\.md: expected the lines"):
        refreshed(text, CHAPTER, "00_welcome.md")


@pytest.mark.parametrize("chapter", list(catalogue()), ids=lambda c: c.stem)
def test_each_guide_is_in_step_and_names_every_exercise_by_hand_too(chapter: Chapter) -> None:
    text = (project().guides / f"{chapter.stem}.md").read_text(encoding="utf-8")
    assert refreshed(text, chapter, chapter.stem) == text
    by_hand = text.partition(BEGIN)[0] + text.partition(END)[2]
    unnamed = [e.id for e in chapter.exercises if e.id not in by_hand]
    assert not unnamed, f"instructor/{chapter.stem}.md: say in the timeline when {unnamed} are done"
