"""2.1: an event's time means the same to everybody, or the event is refused."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pydantic import ValidationError

from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import shown
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import _, mark

_MADRID, _MEXICO = timezone(timedelta(hours=2)), timezone(timedelta(hours=-6))
_AWARE = [
    datetime(2026, 7, 1, 10, 30, tzinfo=_MADRID),
    datetime(2026, 7, 1, 8, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 20, 15, tzinfo=_MEXICO),
]
_NAIVE = datetime(2026, 7, 1, 10, 30)


def check_event_metadata(metadata: type) -> None:
    """A time with a zone is kept as the same moment in UTC; one without is refused; the rest stays as it was."""
    for moment in _AWARE:
        _check_moment(moment, _told(metadata, moment))
    # Far from UTC, so that a guess by this machine's own zone shows.
    with _machine_at("HERE+5"):
        _check_refused(metadata)
    default = metadata(event_type="data.ingested", source_service="shelf").timestamp
    if default.tzinfo is None:
        raise Incorrect(tried=_("the default timestamp"), expected=_("a time in UTC"), got=default)


def _told(metadata: type, moment: datetime) -> Any:
    try:
        return metadata(event_type="data.ingested", source_service="shelf", timestamp=moment).timestamp
    except ValidationError as error:
        raise Incorrect(
            tried=_call(moment),
            expected=moment.astimezone(UTC).isoformat(),
            got=_("refused: {why}").format(why=error.errors()[0]["msg"]),
            case=moment,
        ) from None


def _check_moment(moment: datetime, got: Any) -> None:
    right = moment.astimezone(UTC)
    if isinstance(got, datetime) and got.tzinfo is not None and got == right and not got.utcoffset():
        return
    raise Incorrect(
        tried=f"{_call(moment)}.timestamp",
        expected=right.isoformat(),
        got=got.isoformat() if isinstance(got, datetime) else shown(got),
        mistake=_slip(moment, got),
        case=moment,
    )


def _slip(moment: datetime, got: Any) -> str | None:
    if not isinstance(got, datetime):
        return "no-return" if got is None else None
    if got.tzinfo is None:
        return "drops-zone"
    if got == moment:
        return "keeps-zone"
    return "relabels" if got.replace(tzinfo=None) == moment.replace(tzinfo=None) else None


def _check_refused(metadata: type) -> None:
    try:
        got = metadata(event_type="data.ingested", source_service="shelf", timestamp=_NAIVE).timestamp
    except ValidationError:
        return
    except (TypeError, AttributeError) as error:
        raise Incorrect(
            tried=_call(_NAIVE),
            expected=_("a ValidationError, which pydantic makes of a ValueError"),
            got=f"{type(error).__name__}: {error}",
            case=_NAIVE,
        ) from None
    guesses = {_NAIVE: "keeps-naive", _NAIVE.replace(tzinfo=UTC): "guesses-utc", _NAIVE.astimezone(UTC): "guesses-here"}
    mistake = "returns-error" if isinstance(got, ValueError) else guesses.get(got)
    raise Incorrect(
        tried=_call(_NAIVE),
        expected=_("refused: a ValueError, raised"),
        got=got.isoformat() if isinstance(got, datetime) else shown(got),
        mistake=mistake,
        case=_NAIVE,
    )


@contextmanager
def _machine_at(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def _call(moment: datetime) -> str:
    return f'EventMetadata(…, timestamp="{moment.isoformat()}")'


_variant = variants(
    """
from datetime import UTC, datetime
from uuid import UUID, uuid4
from pydantic import BaseModel, Field, field_validator

class EventMetadata(BaseModel):
    event_type: str
    source_service: str
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @field_validator("timestamp")
    @classmethod
    def in_utc(cls, moment):
        if moment.tzinfo is None:
            {naive}
        {aware}
""",
    naive="raise ValueError('no time zone')",
    aware="return moment.astimezone(UTC)",
)


EXERCISE = Exercise(
    id="2.1",
    name="EventMetadata",
    title=mark("A time that means the same to everybody"),
    minutes=5,
    difficulty=1,
    reference="workshop_lib.events.schemas:EventMetadata",
    check=check_event_metadata,
    hints=(
        mark("10:30 in Madrid and 10:30 in Mexico City are eight hours apart. What does 10:30 alone say?"),
        mark("`moment.tzinfo` is None where no zone was given. Raise a ValueError there: pydantic tells the sender."),
        mark("`moment.astimezone(UTC)` is the same moment on another clock. Return it."),
    ),
    mistakes=(
        Mistake(
            "guesses-here",
            _variant(naive="pass"),
            mark(
                "A time without a zone was accepted, and read in the zone of the machine that happens to run. The same "
                "event gets another time on another machine: in a container it is UTC, on your laptop it is not. "
                "Nobody can repair that later. Refuse it."
            ),
        ),
        Mistake(
            "guesses-utc",
            _variant(naive="return moment.replace(tzinfo=UTC)"),
            mark(
                "A time without a zone was taken for UTC. Whoever sent it had a clock on the wall in mind, and is off "
                "by hours, silently. A guess looks like a fact afterwards. Refuse it, so that the sender hears of it."
            ),
        ),
        Mistake(
            "keeps-naive",
            _variant(naive="return moment"),
            mark(
                "A time without a zone went through as it is. Compared with a time that has one it raises a TypeError, "
                "and that happens in the service that sorts events, not in the one that made the mistake."
            ),
        ),
        Mistake(
            "returns-error",
            _variant(naive="return ValueError('no time zone')"),
            mark(
                "The error was returned, not raised: the event was accepted, and an error is its timestamp now. Only "
                "`raise` refuses it."
            ),
        ),
        Mistake(
            "relabels",
            _variant(aware="return moment.replace(tzinfo=UTC)"),
            mark(
                "The clock still shows the same hour, under another zone: that is another moment, two hours off. "
                "`replace` changes the label. What moves the hands of the clock too?"
            ),
        ),
        Mistake(
            "keeps-zone",
            _variant(aware="return moment"),
            mark(
                "It is the right moment in the sender's own zone. As text, 10:30+02:00 then sorts after 09:00+00:00, "
                "though it came before: stores and logs sort text. Keep one zone for all."
            ),
        ),
        Mistake(
            "drops-zone",
            _variant(aware="return moment.astimezone(UTC).replace(tzinfo=None)"),
            mark(
                "The result has no zone: whoever reads it can't know that it is UTC, and refuses it, as this class "
                "does."
            ),
        ),
        Mistake(
            "no-return",
            _variant(aware="moment.astimezone(UTC)"),
            mark("The validator returns nothing, so the timestamp became None. What it returns is what is kept."),
        ),
    ),
)
