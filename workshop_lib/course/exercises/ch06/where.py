"""6.4: a filter in the words of the vector store."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workshop_lib.course.exercises.ch06.chroma import collection, one_hot
from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown, shown_call
from workshop_lib.i18n import _, mark

if TYPE_CHECKING:
    from chromadb import Collection

_PAGES: list[dict[str, str | int]] = [
    {"language": "en", "section": "tutorial", "words": 300},
    {"language": "en", "section": "advanced", "words": 900},
    {"language": "es", "section": "tutorial", "words": 400},
    {"language": "es", "section": "advanced", "words": 200},
    {"language": "en", "section": "tutorial", "words": 1200},
    {"language": "fr", "section": "how-to", "words": 300},
]
# What is wanted, and the pages that it leaves.
_CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({"language": "es"}, [2, 3]),
    ({"words": {"$gte": 400}}, [1, 2, 4]),
    ({"language": {"$in": ["es", "fr"]}}, [2, 3, 5]),
    ({"language": "en", "section": "tutorial"}, [0, 4]),
    ({"language": "en", "section": "tutorial", "words": {"$lt": 500}}, [0]),
    ({"language": {"$in": ["en", "es"]}, "words": 300}, [0]),
    ({"language": "de"}, []),
    ({}, [0, 1, 2, 3, 4, 5]),
]


def check_where(where: Callable[[Mapping[str, Any]], Any]) -> None:
    """What Chroma finds by it, for one condition, several, and none; what was given stays as it was."""
    with collection() as records:
        records.add(
            ids=[str(number) for number in range(len(_PAGES))],
            embeddings=one_hot(len(_PAGES)),  # type: ignore[arg-type]
            metadatas=[*_PAGES],
        )
        for wanted, right in _CASES:
            _check_found(where, records, wanted, right)


def _check_found(where: Callable[..., Any], records: "Collection", wanted: dict[str, Any], right: list[int]) -> None:
    given = {**wanted}
    translated = call(where, given)
    tried = f"collection.get(where={shown_call('where', wanted)})"
    try:
        found = sorted(map(int, records.get(where=translated, include=[])["ids"]))
    except (ValueError, TypeError) as error:
        raise Incorrect(
            tried=tried,
            expected=_("pages {pages}").format(pages=right),
            got=_("Chroma says: {error}").format(error=error),
            mistake=_refused(wanted, translated),
            case=wanted,
        ) from None
    if found != right:
        raise Incorrect(
            tried=tried,
            expected=_("pages {pages} of {all}").format(pages=right, all=len(_PAGES)),
            got=_("pages {pages}, by {filter}").format(pages=found, filter=shown(translated)),
            mistake=_too_many_or_few(wanted, right, found),
            case=wanted,
        )
    if given != wanted:
        raise Incorrect(
            tried=_("the dictionary after {call}").format(call=shown_call("where", wanted)),
            expected=wanted,
            got=given,
            case=wanted,
        )


def _refused(wanted: Mapping[str, Any], translated: object) -> str | None:
    if not wanted:
        return "empty"
    if translated == wanted:
        return "several-keys"
    return "list-of-one" if len(wanted) == 1 else None


def _too_many_or_few(wanted: Mapping[str, Any], right: list[int], found: list[int]) -> str | None:
    if len(wanted) < 2:
        return None
    first = next(iter(wanted.items()))
    alone = next((pages for given, pages in _CASES if given == dict([first])), None)
    last = [number for number, page in enumerate(_PAGES) if page.get([*wanted][-1]) == [*wanted.values()][-1]]
    if found in (alone, last) or found == [n for n, page in enumerate(_PAGES) if page.get(first[0]) == first[1]]:
        return "first-only"
    return "or" if set(right) < set(found) else None


EXERCISE = Exercise(
    id="6.4",
    name="where",
    title=mark("Search a part of the shelf"),
    minutes=5,
    difficulty=2,
    reference="workshop_lib.rag.index.filters:where",
    check=check_where,
    hints=(
        mark("Chroma takes one condition, or one operator with a list of them. How many conditions are there here?"),
        mark('Make a list with one dictionary for each key. Two or more of them go into {"$and": [...]}.'),
        mark(
            "Three cases: none gives None, one gives itself, more give $and. A value that is a dictionary already, "
            'such as {"$in": [...]}, stays as it is.'
        ),
    ),
    mistakes=(
        Mistake(
            "several-keys",
            "def where(wanted): return wanted or None",
            mark(
                "It works until somebody wants two things at once: then Chroma refuses a dictionary with two keys. "
                "Join the conditions by the operator that wants all of them to hold."
            ),
        ),
        Mistake(
            "empty",
            """
def where(wanted):
    parts = [{key: value} for key, value in wanted.items()]
    return {"$and": parts} if len(parts) > 1 else wanted
""",
            mark(
                "Nothing wanted means everything is welcome, but Chroma refuses an empty dictionary, so every search "
                "without a filter fails. It takes None."
            ),
        ),
        Mistake(
            "list-of-one",
            'def where(wanted): return {"$and": [{key: value} for key, value in wanted.items()]} if wanted else None',
            mark(
                "Chroma refuses an $and of fewer than two conditions, so the simplest filter of all fails. "
                "One condition stands alone."
            ),
        ),
        Mistake(
            "or",
            """
def where(wanted):
    parts = [{key: value} for key, value in wanted.items()]
    return {"$or": parts} if len(parts) > 1 else parts[0] if parts else None
""",
            mark(
                "A page was found that has one of the two, not both. Whoever asked for English tutorials gets Spanish "
                "ones, and everything English. Which operator wants all of them?"
            ),
        ),
        Mistake(
            "first-only",
            "def where(wanted): return next(({key: value} for key, value in wanted.items()), None)",
            mark(
                "Only one of the conditions was sent; the others are lost without a word. With a condition such as "
                "*this customer's documents* that is a leak."
            ),
        ),
    ),
)
