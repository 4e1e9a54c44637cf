"""Chapter 00: how a TODO works, and a first event about a real document. One module an exercise."""

from workshop_lib.course.exercises.discovery import exercises_in
from workshop_lib.course.exercises.model import Chapter
from workshop_lib.i18n import mark

CHAPTER = Chapter(
    number=0,
    slug="welcome",
    title=mark("Welcome: one document, one event"),
    minutes=20,
    extras=("notebooks",),
    exercises=exercises_in(__name__),
)
