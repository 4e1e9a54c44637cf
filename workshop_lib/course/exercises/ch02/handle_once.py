"""2.6: an event that comes twice has its effect once."""

from workshop_lib.course.exercises.ch02.check_handle_once import check_handle_once
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
from workshop_lib.events.sqlite import transaction

INSERT = "INSERT OR IGNORE INTO handled (consumer, event_id, handled_at) VALUES (?, ?, julianday())"

def handle_once(connection, consumer, event_id, work):
{body}
""",
    body="    raise NotImplementedError",
)


EXERCISE = Exercise(
    id="2.6",
    name="handle_once",
    title=mark("It may come twice, and counts once"),
    minutes=8,
    difficulty=3,
    reference="workshop_lib.events.once:handle_once",
    check=check_handle_once,
    hints=(
        mark("The process is killed between two lines of yours. For each pair of lines: what does the next one find?"),
        mark("Mark and effect belong into one transaction: a kill in the middle leaves neither of them."),
        mark(
            "with transaction(connection): execute the INSERT OR IGNORE, look whether its rowcount is 1, and only then "
            "call work(connection). Return whether it was 1."
        ),
    ),
    mistakes=(
        Mistake(
            "effect-first",
            _slip(
                body="""    there = connection.execute(
        "SELECT 1 FROM handled WHERE consumer = ? AND event_id = ?", (consumer, str(event_id))
    ).fetchone()
    if there:
        return False
    work(connection)
    connection.execute(INSERT, (consumer, str(event_id)))
    return True"""
            ),
            mark(
                "The effect was there for all to see while the mark was not. Killed in between, the page is counted, "
                "comes again, finds no mark, and is counted twice. That is what the last experiment showed."
            ),
        ),
        Mistake(
            "mark-first",
            _slip(
                body="""    new = connection.execute(INSERT, (consumer, str(event_id))).rowcount == 1
    if new:
        work(connection)
    return new"""
            ),
            mark(
                "The mark was there for all to see while the effect was not. Killed in between, the page comes again, "
                "finds its mark, and is never counted: lost, and it looks handled."
            ),
        ),
        Mistake(
            "in-memory",
            """
seen = set()

def handle_once(connection, consumer, event_id, work):
    if (consumer, event_id) in seen:
        return False
    seen.add((consumer, event_id))
    work(connection)
    return True
""",
            mark(
                "What was handled is remembered in this process, and the table is empty. The event comes twice because "
                "a process ended; the next one remembers nothing. The mark belongs where the effect is."
            ),
        ),
        Mistake(
            "marks-failures",
            _slip(
                body="""    with transaction(connection):
        new = connection.execute(INSERT, (consumer, str(event_id))).rowcount == 1
        if new:
            try:
                work(connection)
            except Exception as error:
                print(error)
    return new"""
            ),
            mark(
                "The work failed, and the event is marked as handled: the bus tries again, finds the mark, and gives "
                "up for good. Let the exception through, and the transaction takes the mark back."
            ),
        ),
        Mistake(
            "any-consumer",
            _slip(
                body="""    with transaction(connection):
        new = connection.execute(INSERT, ("all", str(event_id))).rowcount == 1
        if new:
            work(connection)
    return new"""
            ),
            mark(
                "A second consumer was refused its own copy: it had not handled this event, another had. Each consumer "
                "has marks of its own."
            ),
        ),
        Mistake(
            "no-answer",
            _slip(
                body="""    with transaction(connection):
        if connection.execute(INSERT, (consumer, str(event_id))).rowcount == 1:
            work(connection)"""
            ),
            mark("Nothing came back. The caller wants to know whether the work was done: True, or False."),
        ),
    ),
)
