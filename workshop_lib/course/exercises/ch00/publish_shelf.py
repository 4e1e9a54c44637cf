"""0.3: publish through the bus, and keep what arrives."""

from workshop_lib.course.exercises.ch00.check_publish_shelf import check_publish_shelf
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
def publish_shelf(documents, announce, bus, store):
    receipts = {{}}
    {before}
    for document in documents:
        event = announce(document)
        {publish}
        receipts[document.id] = event.metadata.{id}
    {after}
    return {result}
""",
    before='bus.subscribe("shelf", ["data.ingested"], store.store_event)',
    publish="bus.publish(event)",
    id="correlation_id",
    after="",
    result="receipts",
)


EXERCISE = Exercise(
    id="0.3",
    name="publish_shelf",
    title=mark("Publish the shelf and keep what arrives"),
    minutes=5,
    difficulty=3,
    reference="workshop_lib.platform.shelf:publish_shelf",
    check=check_publish_shelf,
    hints=(
        mark("Who is listening at the moment when the first event is published?"),
        mark("Subscribe first: a queue name, the list of routing keys it wants, and what to call with each event."),
        mark(
            'store.store_event is that callback. Its key is "data.ingested". Then publish in a loop, and note each id.'
        ),
    ),
    mistakes=(
        Mistake(
            "publish-first",
            _slip(before="", after='bus.subscribe("shelf", ["data.ingested"], store.store_event)'),
            mark(
                "The first event was published while no queue was bound to its key, so there was nowhere to put it. "
                "This bus refuses; many silently drop it. Subscribe before you publish."
            ),
        ),
        Mistake(
            "skips-the-bus",
            _slip(before="", publish="store.store_event(event)"),
            mark(
                "The publisher writes into the store itself, so the store misses what other services publish, and they "
                "miss your documents. Let the store listen: pass store.store_event to bus.subscribe."
            ),
        ),
        Mistake(
            "everything",
            _slip(before='bus.subscribe("shelf", ["#"], store.store_event)'),
            mark(
                "The queue's key matches more than it should: '#' is every event of the platform, 'data.*' every event "
                "about data. This queue should hold what the shelf is about: data.ingested."
            ),
        ),
        Mistake(
            "event-ids",
            _slip(id="event_id"),
            mark(
                "These are event ids. An event id names one event; the correlation id is shared by everything that "
                "later happens to the document, and it is what the store looks up here."
            ),
        ),
        Mistake(
            "no-receipts",
            _slip(result="None"),
            mark("Nothing came back, so nobody can find a document again. Return each correlation id, by document id."),
        ),
    ),
)
