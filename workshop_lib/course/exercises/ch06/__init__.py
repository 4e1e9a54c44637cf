"""Chapter 06: answers from real pages, with their sources, and silence where there is none. One module an exercise."""

from workshop_lib.course.exercises.discovery import exercises_in
from workshop_lib.course.exercises.model import Chapter
from workshop_lib.i18n import mark

CHAPTER = Chapter(
    number=6,
    slug="rag",
    title=mark("RAG: answers from pages, with their sources"),
    minutes=90,
    extras=("notebooks", "rag"),
    exercises=exercises_in(__name__),
)
