"""Chapter 02: what happens to an event when a service dies. One module an exercise."""

from workshop_lib.course.exercises.discovery import exercises_in
from workshop_lib.course.exercises.model import Chapter
from workshop_lib.i18n import mark

CHAPTER = Chapter(
    number=2,
    slug="event_bus",
    title=mark("Event bus: what happens to an event when a service dies"),
    minutes=90,
    extras=("notebooks", "events"),
    exercises=exercises_in(__name__),
)
