"""Which texts a model can take."""

from collections.abc import Sequence

from workshop_lib.i18n import _
from workshop_lib.rag.errors import EmptyText, InvalidText


def usable(texts: Sequence[str]) -> list[str]:
    """The texts as a list, once each of them says something.

    Raises:
        EmptyText: one is empty, or all whitespace: whatever vector it got, it would be near to anything.
        InvalidText: one is no text, or holds half a surrogate pair; or all are one text, not a list of texts.
    """
    if isinstance(texts, str):
        raise InvalidText(
            _("expected a list of texts, got one text, {text!r}. Give [text], or use embed_query").format(
                text=texts[:40]
            )
        )
    found = list(texts)
    named = _("text {position} of {count}") if len(found) > 1 else _("the text")
    for position, text in enumerate(found):
        _check(text, named.format(position=position, count=len(found)))
    return found


def _check(text: object, which: str) -> None:
    if not isinstance(text, str):
        raise InvalidText(
            _("expected a text, but {which} is of type {kind}").format(which=which, kind=type(text).__name__)
        )
    if not text.strip():
        raise EmptyText(_("expected something to embed, but {which} is empty. Leave it out").format(which=which))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            expected = _(
                "expected Unicode, but {which} has half a surrogate pair at character {start}. Decode what it came "
                "from with errors='replace'"
            )
            raise InvalidText(expected.format(which=which, start=error.start)) from None
