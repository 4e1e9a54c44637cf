"""`--filter`: a filter on metadata as it is typed."""

import json
from collections.abc import Sequence
from typing import Any

from workshop_lib.i18n import _


def parsed(given: Sequence[str]) -> dict[str, Any] | None:
    """All of `given` together: each a JSON object, or key=value; None where there is none.

    A value is read as JSON where it is a number, true or false, and as text otherwise: `version="1"` is the text 1.

    Raises:
        InvalidFilter: neither, or not a filter.
    """
    from workshop_lib.rag.index.filters import where

    parts = [_part(text) for text in given]
    if not parts:
        return None
    whole = parts[0] if len(parts) == 1 else {"$and": parts}
    where(whole)
    return whole


def _part(text: str) -> dict[str, Any]:
    from workshop_lib.rag.errors import InvalidFilter

    if text.lstrip().startswith("{"):
        try:
            return dict(json.loads(text))
        except ValueError as error:
            raise InvalidFilter(
                _("expected a filter in JSON, got {text!r}: {why}").format(text=text, why=error)
            ) from None
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        expected = _("expected a filter key=value, such as language=en, or JSON; got {text!r}")
        raise InvalidFilter(expected.format(text=text))
    return {key.strip(): _value(value.strip())}


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str | int | float | bool) else text
