"""6.2: ids that stay, and a page replaced whole."""

from workshop_lib.course.exercises.ch06.check_replace_document import check_replace_document
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
{imports}
def replace_document(collection, document_id, texts, vectors, metadata):
    ids = [{id} for index in range(len(texts))]
    {before}
    collection.{write}(
        ids=ids, documents=texts, embeddings=vectors, metadatas=[{about} for _ in texts]
    )
    {after}
""",
    imports="",
    id='f"{document_id}:{index}"',
    before="",
    write="upsert",
    about='{**metadata, "document_id": document_id}',
    after="""there = collection.get(where={"document_id": document_id})["ids"]
    if stale := [each for each in there if each not in ids]:
        collection.delete(ids=stale)""",
)


EXERCISE = Exercise(
    id="6.2",
    name="replace_document",
    title=mark("Index a page again without leaving ghosts"),
    minutes=8,
    difficulty=2,
    reference="workshop_lib.rag.index.plain:replace_document",
    check=check_replace_document,
    hints=(
        mark("The page comes again tomorrow, changed and shorter. By what do you find the records it has today?"),
        mark(
            "An id that is made of the document's id and the chunk's number is the same tomorrow. "
            "`upsert` writes over what has that id; `add` leaves it as it is, and says nothing."
        ),
        mark(
            'After the upsert, collection.get(where={"document_id": document_id})["ids"] lists what the page has now. '
            "Delete those that are not among the new ids, if there are any: Chroma refuses an empty list."
        ),
    ),
    mistakes=(
        Mistake(
            "new-ids",
            _slip(imports="from uuid import uuid4", id="str(uuid4())", after=""),
            mark(
                "The same page has other ids the second time. With random ids each night's run adds the whole shelf "
                "once more, and the first five results become one chunk five times. hash() is no way out: for a text "
                "it differs from process to process. Make the id from what stays the same."
            ),
        ),
        Mistake(
            "keeps-old",
            _slip(write="add"),
            mark(
                "The page says 3 € and the index still answers 2 €. Chroma's add leaves a record whose id it knows "
                "as it is, without an error. Which call writes over it?"
            ),
        ),
        Mistake(
            "stale",
            _slip(after=""),
            mark(
                "The new version is shorter, and the end of the old one is still found: an answer cites a sentence "
                "that the page no longer has. Whatever the page had before and has no more must go."
            ),
        ),
        Mistake(
            "collides",
            _slip(id='f"chunk_{index}"'),
            mark(
                "Two pages share ids, so one wrote over the other, or deleted it. The id must name the page, and its "
                "parts need a bound between them: 'p' + '11' and 'p1' + '1' are one text."
            ),
        ),
        Mistake(
            "delete-first",
            _slip(before='collection.delete(where={"document_id": document_id})', after=""),
            mark(
                "The old version was deleted before the new one was in, and then the write failed: the page is in "
                "no version there. Write first, and remove afterwards what is left over."
            ),
        ),
        Mistake(
            "no-document-id",
            _slip(about="metadata"),
            mark(
                "The records don't say which page they are from. Nobody can cite it, filter by it, or find its old "
                "chunks tomorrow. Give each record its document_id as metadata."
            ),
        ),
        Mistake(
            "no-metadata",
            _slip(about='{"document_id": document_id}'),
            mark(
                "What was given about the page, such as its language, is in no record: nothing can be filtered by it."
            ),
        ),
        Mistake(
            "one-id",
            _slip(id="document_id"),
            mark("All chunks of the page have one id. What tells the second from the first?"),
        ),
    ),
    seconds=30.0,
)
