"""Every text that a student reads passes through `_`, so that an edition in another language is a catalogue away."""

import gettext
import os
from functools import cache
from pathlib import Path

DOMAIN = "workshop"
LOCALES = Path(__file__).parent / "locale"


def _(message: str) -> str:
    """`message` in the reader's language: WORKSHOP_LANG, else what LANGUAGE, LC_ALL, LC_MESSAGES or LANG say."""
    if not message:
        # gettext answers an empty message with its catalogue's header.
        return message
    return _catalogue(os.environ.get("WORKSHOP_LANG"), os.environ.get("WORKSHOP_LOCALES")).gettext(message)


def mark(message: str) -> str:
    """`message` as it is. It marks a text for extraction that is declared in one place and shown by `_` in another."""
    return message


@cache
def _catalogue(language: str | None, folder: str | None) -> gettext.NullTranslations:
    return gettext.translation(
        DOMAIN, folder or str(LOCALES), languages=[language] if language else None, fallback=True
    )
