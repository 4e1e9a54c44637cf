"""Which language a question is in, and whether the model learnt it.

English and Spanish are told apart by their stop words: they are the shelf's languages, a question has a dozen words,
and a wrong guess costs a needless warning. Of a text with no sign of either, nothing is said. A library would know more
languages, at the price of tens of megabytes (lingua, fastText) or of answers that change from run to run (langdetect).
"""

from collections.abc import Sequence

from workshop_lib.i18n import _, mark
from workshop_lib.rag.answering.words import STOPWORDS, words
from workshop_lib.rag.embedders import Embedder, knows, who_knows

_NAMES = {"en": mark("English"), "es": mark("Spanish")}
_ONLY = {
    "en": STOPWORDS["en"] - STOPWORDS["es"],
    "es": STOPWORDS["es"] - STOPWORDS["en"],
}


def language_of(text: str) -> str | None:
    """The language, "en" or "es", with more of its own stop words in the text; None where they have as many.

    "¿" and "¡" count as Spanish ones.
    """
    found = words(text)
    english = _count(found, "en")
    spanish = _count(found, "es") + text.count("¿") + text.count("¡")
    if english == spanish:
        return None
    return "en" if english > spanish else "es"


def language_warning(embedder: Embedder, question: str, language: str | None = None) -> str | None:
    """What to say where the model was not trained for the question's language; None where it was, or may have been.

    Args:
        language: of the question, such as "es" or "fr"; None to guess.
    """
    language = language or language_of(question)
    if language is None or knows(embedder, language):
        return None
    named = _(_NAMES[language]) if language in _NAMES else language
    others = [name for name in who_knows(language) if name != embedder.name]
    if not others:
        return _(
            "The question is in a language ({language}) that {model} was not trained for; what was found may miss the "
            "best pages."
        ).format(language=named, model=embedder.name)
    return _(
        "The question is in a language ({language}) that {model} was not trained for; what was found may miss the best "
        "pages. An index made with {others} understands it: set EMBEDDER={first}, and index again under another "
        "collection's name."
    ).format(language=named, model=embedder.name, others=", ".join(others), first=others[0])


def _count(found: Sequence[str], language: str) -> int:
    return sum(word in _ONLY[language] for word in found)
