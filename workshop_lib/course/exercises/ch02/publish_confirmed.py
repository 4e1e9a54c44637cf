"""2.2: published means that the backend has it, and that somebody will get it."""

from workshop_lib.course.exercises.ch02.check_publish_confirmed import check_publish_confirmed
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
from workshop_lib.events import EventError
from workshop_lib.events.transport import Outgoing

def publish_confirmed(transport, routing_key, body):
    mandatory = {mandatory}
    {publish}
    {after}
""",
    mandatory='routing_key.startswith("data.") or routing_key.endswith(".requested")',
    publish="transport.publish([Outgoing(routing_key, body, mandatory=mandatory)])",
    after="return True",
)

_CAUGHT = """
    try:
        transport.publish([Outgoing(routing_key, body, mandatory=mandatory)])
    except EventError as error:
        {then}
"""

EXERCISE = Exercise(
    id="2.2",
    name="publish_confirmed",
    title=mark("Published means: somebody has it"),
    minutes=7,
    difficulty=2,
    reference="workshop_lib.events.publishing:publish_confirmed",
    check=check_publish_confirmed,
    hints=(
        mark("Who waits for this event? If it vanishes, does anybody notice?"),
        mark("mandatory is True for keys that end in .requested or begin with data. and False for all others."),
        mark(
            "transport.publish([Outgoing(routing_key, body, mandatory=…)]) returns when it is confirmed and raises "
            "when it is not. Let its exceptions through, then return True."
        ),
    ),
    mistakes=(
        Mistake(
            "never-mandatory",
            _slip(mandatory="False"),
            mark(
                "The page was published while no queue was bound for its key, and True came back: the broker took it, "
                "found nobody, and dropped it. A confirm says that the broker has dealt with it, not that somebody has "
                "it. Which messages must not vanish like that?"
            ),
        ),
        Mistake(
            "always-mandatory",
            _slip(mandatory="True"),
            mark(
                "A fact that nobody listens to yet (training.started) was refused. Whoever tells the news can't know "
                "who reads it: on the day the last listener is switched off, every training would fail."
            ),
        ),
        Mistake(
            "parts-of-words",
            _slip(mandatory='routing_key.startswith("data") or routing_key.endswith("requested")'),
            mark(
                "The dot is missing: a word that only begins with data, or only ends in requested, was taken for it "
                "(database.moved, backup.unrequested). A routing key is words between dots."
            ),
        ),
        Mistake(
            "data-only",
            _slip(mandatory='routing_key.startswith("data.")'),
            mark(
                "A request vanished: training.requested found no queue, and True came back. Somebody now waits for a "
                "model that nobody trains. Data isn't the only thing that is missed."
            ),
        ),
        Mistake(
            "requests-only",
            _slip(mandatory='routing_key.endswith(".requested")'),
            mark(
                "Data vanished: data.ingested found no queue, and True came back. The page is in no index, and no "
                "error says so. Requests aren't the only thing that is missed."
            ),
        ),
        Mistake(
            "returns-false",
            _slip(publish=_CAUGHT.format(then="return False")),
            mark(
                "The failure became a False. A caller who doesn't look at it, and most don't, goes on as if all were "
                "well. An exception can't be overlooked by accident: let it through."
            ),
        ),
        Mistake(
            "says-true",
            _slip(publish=_CAUGHT.format(then="print(error)")),
            mark(
                "The failure was written to a log, and True came back. The caller deletes its copy of the page, since "
                "the bus has it; and it has not. Let the exception through."
            ),
        ),
        Mistake(
            "no-answer",
            _slip(after="pass"),
            mark("It was sent, and nothing came back. The caller is promised True once the backend has the message."),
        ),
    ),
)
