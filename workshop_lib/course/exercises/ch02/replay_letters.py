"""2.8: what is mended goes back, what isn't stays, and nobody else is bothered."""

from workshop_lib.course.exercises.ch02.check_replay_letters import check_replay_letters
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.i18n import mark

EXERCISE = Exercise(
    id="2.8",
    name="replay_letters",
    title=mark("Back from the dead letters"),
    minutes=6,
    difficulty=2,
    reference="workshop_lib.events.replaying:replay_letters",
    check=check_replay_letters,
    hints=(
        mark("Who else got these events the first time, and handled them well? Should they get them again?"),
        mark(
            "bus.replay(queue_name, letter.id) puts one letter back into its own queue. Which letters do you give it?"
        ),
        mark(
            "Go once through bus.dead_letters(queue_name), replay those for which wanted(letter) is true, and count "
            "them."
        ),
    ),
    mistakes=(
        Mistake(
            "publishes-again",
            """
from workshop_lib.events import parse_event

def replay_letters(bus, queue_name, wanted):
    letters = [letter for letter in bus.dead_letters(queue_name) if wanted(letter)]
    for letter in letters:
        bus.publish(parse_event(letter.body))
        bus.drop(queue_name, letter.id)
    return len(letters)
""",
            mark(
                "The event was published anew, so every queue that is bound for its key got it once more: the audit, "
                "which had handled it well, has it twice. A dead letter belongs to one queue. Put it back there."
            ),
        ),
        Mistake(
            "letter-itself",
            """
def replay_letters(bus, queue_name, wanted):
    letters = [letter for letter in bus.dead_letters(queue_name) if wanted(letter)]
    return sum(bus.replay(queue_name, letter) for letter in letters)
""",
            mark("`bus.replay` wants the id, and got the whole letter. It is in `letter.id`."),
        ),
        Mistake(
            "everything",
            """
def replay_letters(bus, queue_name, wanted):
    letters = bus.dead_letters(queue_name)
    for letter in letters:
        bus.replay(queue_name, letter.id)
    return len(letters)
""",
            mark(
                "All letters went back, also those whose fault nobody has mended: they fail five times more and die "
                "again, under a new date, and the old reason is gone. Ask `wanted` first."
            ),
        ),
        Mistake(
            "until-empty",
            """
def replay_letters(bus, queue_name, wanted):
    count = 0
    while letters := [letter for letter in bus.dead_letters(queue_name) if wanted(letter)]:
        bus.replay(queue_name, letters[0].id)
        count += 1
    return count
""",
            mark(
                "You go on until none is left. One that isn't mended after all dies again while you look, and comes "
                "back, and dies: the loop never ends. Take the letters that are there now, each once."
            ),
        ),
        Mistake(
            "takes-the-first",
            """
def replay_letters(bus, queue_name, wanted):
    letter = next(letter for letter in bus.dead_letters(queue_name) if wanted(letter))
    bus.replay(queue_name, letter.id)
    return 1
""",
            mark("One letter went back, and there were more that were wanted. Go through all of them."),
        ),
        Mistake(
            "drops",
            """
def replay_letters(bus, queue_name, wanted):
    return sum(bus.drop(queue_name, letter.id) for letter in bus.dead_letters(queue_name) if wanted(letter))
""",
            mark("The letters are gone, and their events were never handled. `drop` forgets; another call puts back."),
        ),
        Mistake(
            "counts-all",
            """
def replay_letters(bus, queue_name, wanted):
    letters = bus.dead_letters(queue_name)
    for letter in filter(wanted, letters):
        bus.replay(queue_name, letter.id)
    return len(letters)
""",
            mark("The right ones went back, and the number counts the others too. Count what was put back."),
        ),
    ),
)
