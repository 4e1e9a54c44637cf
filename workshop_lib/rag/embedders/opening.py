"""From a name to an embedder."""

from collections.abc import Callable
from pathlib import Path

from workshop_lib.rag.embedders.base import Embedder
from workshop_lib.rag.embedders.cached import CachedEmbedder
from workshop_lib.rag.embedders.folder import from_folder
from workshop_lib.rag.embedders.hub import PREFIX, from_hub
from workshop_lib.rag.embedders.minilm_int8 import MiniLMInt8
from workshop_lib.rag.embedders.transformer import minilm
from workshop_lib.rag.embedders.use import UniversalSentenceEncoder
from workshop_lib.rag.errors import UnknownEmbedder

KNOWN: dict[str, Callable[[], Embedder]] = {
    "minilm": minilm,
    "minilm-int8": MiniLMInt8,
    "use": UniversalSentenceEncoder,
}
_LANGUAGES = {
    "minilm": frozenset({"en"}),
    "minilm-int8": MiniLMInt8.languages,
    "use": UniversalSentenceEncoder.languages,
}
# The hub's names of the model that `minilm` is, to the last byte.
_ALIASES = dict.fromkeys(("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"), "minilm")


def open_embedder(name: str, *, cache: Path | None = None) -> Embedder:
    """The embedder of that name. Its model is loaded with the first text.

    Args:
        name: `minilm` (also all-MiniLM-L6-v2, with or without sentence-transformers/), `minilm-int8`, `use`; a
            sentence-transformers model's folder (./minilm where a known name is in the way); or `hf:ORG/NAME`, the only
            form that asks a network.
        cache: WORKSHOP_CACHE, in which `embeddings.db` keeps the vectors of documents; None for no cache.

    Raises:
        UnknownEmbedder: it is none of these.
        ModelMissing: its package isn't installed, or the hub has or gives no such model.
        NotAModel: the folder holds none.
    """
    embedder = _open(name.strip())
    return embedder if cache is None else CachedEmbedder(embedder, cache / "embeddings.db")


def who_knows(language: str) -> tuple[str, ...]:
    """The known embedders for a language: what to recommend where the one in use was not trained for it."""
    wanted = language.replace("_", "-").partition("-")[0].lower()
    return tuple(name for name, languages in _LANGUAGES.items() if wanted in languages)


def _open(name: str) -> Embedder:
    if known := KNOWN.get(_ALIASES.get(name, name)):
        return known()
    if name.startswith(PREFIX):
        return from_hub(name.removeprefix(PREFIX))
    if name and (folder := Path(name).expanduser()).is_dir():
        return from_folder(folder)
    raise UnknownEmbedder(name, KNOWN)
