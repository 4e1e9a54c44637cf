"""AMQP's topic match: routing keys are words parted by dots; in a pattern `*` is one word and `#` any number."""

from workshop_lib.events.errors import InvalidTopic
from workshop_lib.i18n import _

# AMQP 0-9-1 sends both as a short string, whose length is one byte.
MAX_BYTES = 255


def matches(pattern: str, routing_key: str) -> bool:
    """Whether a queue bound with `pattern` gets what is published with `routing_key`.

    `*` stands for exactly one word, `#` for zero or more. Takes time proportional to the product of the two lengths.

    Raises:
        InvalidTopic: as `check_pattern` and `check_routing_key` say.
    """
    check_pattern(pattern)
    check_routing_key(routing_key)
    words = pattern.split(".")
    # The places in the pattern that can be reached after each word: one set in place of trying every split at a `#`.
    places = _skip(words, {0})
    for word in routing_key.split("."):
        stay = {place for place in places if place < len(words) and words[place] == "#"}
        step = {place + 1 for place in places if place < len(words) and words[place] in ("*", word)}
        places = _skip(words, stay | step)
    return len(words) in places


def check_pattern(pattern: str) -> None:
    """Refuse a pattern with an empty word, over 255 bytes, or with a wildcard inside a word.

    AMQP takes the last for plain letters, which nobody who writes `train*` means.

    Raises:
        InvalidTopic: with what to write instead.
    """
    for word in _words(pattern, _("a pattern")):
        if word not in ("*", "#") and ("*" in word or "#" in word):
            text = _("expected a pattern in which * or # is a whole word, such as 'data.*'; got {pattern!r}")
            raise InvalidTopic(text.format(pattern=pattern))


def check_routing_key(routing_key: str) -> None:
    """Refuse a routing key with an empty word, over 255 bytes, or with a wildcard, which belongs in a pattern.

    Raises:
        InvalidTopic: with what to write instead.
    """
    _words(routing_key, _("a routing key"))
    if "*" in routing_key or "#" in routing_key:
        text = _("expected a routing key without wildcards, such as 'data.ingested'; got {key!r}")
        raise InvalidTopic(text.format(key=routing_key))


def _words(topic: str, what: str) -> list[str]:
    words = topic.split(".")
    if not all(words):
        text = _("expected {what} of words parted by single dots, such as 'data.ingested'; got {topic!r}")
        raise InvalidTopic(text.format(what=what, topic=topic))
    if (size := len(topic.encode("utf-8", "surrogatepass"))) > MAX_BYTES:
        text = _("expected {what} of at most {most} bytes; got {size}: {topic!r}...")
        raise InvalidTopic(text.format(what=what, most=MAX_BYTES, size=size, topic=topic[:40]))
    return words


def _skip(words: list[str], places: set[int]) -> set[int]:
    reached = set(places)
    for place in places:
        while place < len(words) and words[place] == "#":
            place += 1
            reached.add(place)
    return reached
