"""2.4: acknowledged after the work; what can't be done goes where it can be looked at."""

from workshop_lib.course.exercises.ch02.check_settle import check_settle
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
from workshop_lib.events import InvalidEvent, parse_event

def settle(delivery, work, max_attempts, backoff):
    def give_up(error):
        delivery.dead_letter(str(error), type(error).__name__)

    {before}
    try:
        event = parse_event(delivery.body)
    except InvalidEvent as error:
        {poison}
        return
    try:
        work(event)
    except {errors} as error:
        if delivery.attempt {last} max_attempts:
            give_up(error)
        else:
            {failed}
    else:
        {done}
    {after}
""",
    before="",
    poison="give_up(error)",
    errors="Exception",
    last=">=",
    failed="delivery.retry(backoff(delivery.attempt))",
    done="delivery.ack()",
    after="",
)


EXERCISE = Exercise(
    id="2.4",
    name="settle",
    title=mark("Ack after the work, poison aside"),
    minutes=9,
    difficulty=3,
    reference="workshop_lib.events.settling:settle",
    check=check_settle,
    hints=(
        mark("The process is killed in the middle of work(event). What has to be still undone by then?"),
        mark(
            "Two things can fail: reading the body, and the work. The first never gets better by waiting; the second "
            "may. So they want two try blocks."
        ),
        mark(
            "After `except Exception as error:` of the work: give_up(error) if delivery.attempt >= max_attempts, else "
            "delivery.retry(backoff(delivery.attempt)). In the `else:` of the try: delivery.ack()."
        ),
    ),
    mistakes=(
        Mistake(
            "acks-first",
            _slip(before="delivery.ack()", failed="pass", done="pass"),
            mark(
                "It is acknowledged before the work. A process that is killed in the middle of it has nothing to give "
                "back: the broker has forgotten the event already. That is the page you lost in the first experiment."
            ),
        ),
        Mistake(
            "acks-failures",
            _slip(failed="print(error); delivery.ack()"),
            mark(
                "The work failed, and the event was acknowledged all the same: it is gone, and only a line in a log "
                "tells. Most failures are short: a database that restarts, a network that is full. Try again."
            ),
        ),
        Mistake(
            "hot-loop",
            _slip(failed="delivery.release()"),
            mark(
                "The failed event goes back without a wait, and comes again within a millisecond. You saw how often "
                "it came in half a second, and what it did to the queue. Wait for backoff(delivery.attempt)."
            ),
        ),
        Mistake(
            "dead-at-once",
            _slip(failed="give_up(error)"),
            mark(
                "The first failure was the last. A database that restarts for five seconds would fill the dead letters "
                "with thousands of good events. There are max_attempts tries."
            ),
        ),
        Mistake(
            "one-more",
            _slip(last=">"),
            mark(
                "There was one try too many: attempt counts from 1, so attempt 5 of 5 is the last. With max_attempts=1 "
                "a failed event would still come a second time."
            ),
        ),
        Mistake(
            "says-two",
            _slip(done="pass", after="delivery.ack()"),
            mark(
                "One delivery was told two things: what comes after the failure's branch runs too. A delivery is "
                "settled once. Put `ack` into the `else:` of the try, and `retry` into the `else:` of the if."
            ),
        ),
        Mistake(
            "consumer-dies",
            _slip(errors="KeyError"),
            mark(
                "The exception came out of settle and ends the consumer. It is started again, gets the same event "
                "first, and dies again: one bad event stops the whole queue. Catch what the work raises."
            ),
        ),
        Mistake(
            "poison-again",
            _slip(poison="delivery.retry(backoff(delivery.attempt))"),
            mark(
                "The body is no event, and you try it again. It will be the same bytes next time: five waits for "
                "nothing. What can't get better goes to the dead letters at once."
            ),
        ),
        Mistake(
            "poison-forgotten",
            _slip(poison="delivery.ack()"),
            mark(
                "The body is no event, and you acknowledged it: nobody will ever see what it was and who sent it. The "
                "dead letters keep it, with a reason."
            ),
        ),
    ),
)
