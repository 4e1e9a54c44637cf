"""Which texts a model can take."""

from collections.abc import Sequence

from workshop_lib.rag.errors import EmptyText, InvalidText


def usable(texts: Sequence[str]) -> list[str]:
    """The texts as a list, once each of them says something.

    Raises:
        EmptyText: one is empty, or all whitespace: whatever vector it got, it would be near to anything.
        InvalidText: one is no text, or holds half a surrogate pair; or all are one text, not a list of texts.
    """
    if isinstance(texts, str):
        raise InvalidText(f"expected a list of texts, got one text, {texts[:40]!r}. Give [text], or use embed_query")
    found = list(texts)
    for position, text in enumerate(found):
        _check(text, f"text {position} of {len(found)}" if len(found) > 1 else "the text")
    return found


def _check(text: object, which: str) -> None:
    if not isinstance(text, str):
        raise InvalidText(f"expected a text, but {which} is of type {type(text).__name__}")
    if not text.strip():
        raise EmptyText(f"expected something to embed, but {which} is empty. Leave it out")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidText(
                f"expected Unicode, but {which} has half a surrogate pair at character {error.start}. "
                "Decode what it came from with errors='replace'"
            ) from None
