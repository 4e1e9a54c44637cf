"""The check of 6.2: what a collection holds after each of several writes."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workshop_lib.course.exercises.ch06.chroma import collection, one_hot, texts
from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from chromadb import Collection

_THREE = ["Café: 2 €", "Tea: 1 €", "Milk: free"]
_ABOUT = {"language": "en"}
_Replace = Callable[..., Any]


def check_replace_document(replace_document: _Replace) -> None:
    """The new chunks and only they, under the same ids again; neighbours untouched; a failure loses nothing."""
    _check_written(replace_document)
    _check_again(replace_document)
    _check_changed(replace_document, ["Café: 3 €", "Tea: 1 €", "Milk: free"], "keeps-old")
    _check_changed(replace_document, ["Café: 2 €"], "stale")
    _check_neighbours(replace_document)
    _check_repeated(replace_document)
    _check_failure(replace_document)


def _check_written(replace: _Replace) -> None:
    with collection() as records:
        _put(replace, records, "menu", _THREE)
        _expect(records, _THREE, _tried("menu", _THREE))
        metadatas = records.get(include=["metadatas"])["metadatas"] or []
        for key, right in (("document_id", "menu"), *_ABOUT.items()):
            found = [metadata and metadata.get(key) for metadata in metadatas]
            if found != [right] * 3:
                raise Incorrect(
                    tried=_tried("menu", _THREE),
                    expected=_("three records whose metadata has {key} {value!r}").format(key=key, value=right),
                    got=_("{key} of the three: {found}").format(key=key, found=found),
                    mistake="no-document-id" if key == "document_id" else "no-metadata",
                )


def _check_again(replace: _Replace) -> None:
    with collection() as records:
        _put(replace, records, "menu", _THREE)
        before = sorted(records.get(include=[])["ids"])
        with _another_process():
            _put(replace, records, "menu", _THREE)
        after = sorted(records.get(include=[])["ids"])
    if after != before:
        raise Incorrect(
            tried=_("the same page twice, the second time in another process"),
            expected=_("the same 3 ids"),
            got=_("{n} records, {same} of the old ids among them").format(n=len(after), same=len({*before} & {*after})),
            mistake="new-ids",
            case=_THREE,
        )


def _check_changed(replace: _Replace, new: list[str], mistake: str) -> None:
    with collection() as records:
        _put(replace, records, "menu", _THREE)
        _put(replace, records, "menu", new)
        _expect(records, new, _("{first}, then {then}").format(first=_THREE, then=new), mistake)
        vectors = dict(zip(*_documents_and_vectors(records), strict=True))
    if any(list(vectors[text]) != vector for text, vector in zip(new, one_hot(len(new)), strict=True)):
        raise Incorrect(
            tried=_("the vectors after {text}").format(text=new),
            expected=_("the vector of each new text"),
            got=_("another text's"),
        )


def _documents_and_vectors(records: "Collection") -> tuple[list[str], Any]:
    found = records.get(include=["documents", "embeddings"])
    assert found["documents"] is not None
    return found["documents"], found["embeddings"]


def _check_neighbours(replace: _Replace) -> None:
    """Ids that are glued together without a bound, or are the chunk's number alone, meet those of another page."""
    long = [f"line {number}" for number in range(12)]
    for one, other in (("tea", "cake"), ("p", "p1"), ("p1", "p"), ("a", "a:0"), ("a-1", "a")):
        with collection() as records:
            _put(replace, records, one, long)
            # Two pages may say the same: an id of the text alone is both's.
            _put(replace, records, other, ["line 0", "other 1"])
            tried = _("12 chunks as {one!r}, then 2 as {other!r}, one of them with the same text").format(
                one=one, other=other
            )
            _expect(records, [*long, "line 0", "other 1"], tried, "collides")
            _put(replace, records, one, ["line 1"])
            tried = _("{before}, then {one!r} again with 1").format(before=tried, one=one)
            _expect(records, ["line 1", "line 0", "other 1"], tried, "collides")


def _check_repeated(replace: _Replace) -> None:
    with collection() as records:
        twice = ["Free refill", "Tea: 1 €", "Free refill"]
        _put(replace, records, "menu", twice)
        _expect(records, twice, _tried("menu", twice), "one-id")


def _check_failure(replace: _Replace) -> None:
    with collection() as records:
        _put(replace, records, "menu", _THREE)
        tried = _("a new version whose vectors Chroma refuses")
        try:
            call(replace, records, "menu", ["Café: 3 €"], [[1.0, 0.0]], dict(_ABOUT))
        except Exception:  # noqa: BLE001 - Chroma's own, or whatever the answer makes of it
            _expect(records, _THREE, tried, "delete-first")
            return
        raise Incorrect(tried=tried, expected=_("Chroma's error"), got=_("no error: nobody hears of it"))


def _put(replace: _Replace, records: "Collection", document_id: str, new: Sequence[str]) -> None:
    from chromadb.errors import DuplicateIDError

    try:
        call(replace, records, document_id, list(new), one_hot(len(new)), dict(_ABOUT))
    except DuplicateIDError as error:
        raise Incorrect(
            tried=_tried(document_id, new),
            expected=_("an id for each chunk"),
            got=_("Chroma says: {error}").format(error=error),
            mistake="one-id",
        ) from None


def _expect(records: "Collection", right: Sequence[str], tried: str, mistake: str | None = None) -> None:
    if (got := texts(records)) != sorted(right):
        raise Incorrect(
            tried=tried,
            expected=_("a collection with {texts}").format(texts=_listed(sorted(right))),
            got=_listed(got) or _("an empty collection"),
            mistake=mistake,
            case=list(right),
        )


def _listed(those: Sequence[str]) -> str:
    return ", ".join(map(repr, those))


def _tried(document_id: str, new: Sequence[str]) -> str:
    return f"replace_document(collection, {document_id!r}, {list(new)!r}, vectors, {_ABOUT})"


@contextmanager
def _another_process() -> Iterator[None]:
    """`hash` of a text is another in each process."""
    own = builtins.hash
    builtins.hash = lambda value: own(("another process", value))
    try:
        yield
    finally:
        builtins.hash = own
