"""How a collection was made, before it is opened: which embedder to open it with."""

from pathlib import Path

from workshop_lib.i18n import _
from workshop_lib.rag.errors import IndexUnavailable
from workshop_lib.rag.index.connection import connect
from workshop_lib.rag.index.recipe import Recipe
from workshop_lib.settings import Settings


def recorded(url: str | Path, collection: str = "documents") -> Recipe | None:
    """What was recorded when the collection was made; None where there is none. Nothing is made by looking.

    Raises:
        IndexInUse: another process has the folder open.
        IndexUnavailable: no server there, data that Chroma can't read, or a collection that another program made.
    """
    if "://" not in str(url) and not (Settings().workshop_home / Path(url).expanduser()).exists():
        return None
    connection = connect(url)
    try:
        with connection.typed_errors():
            found = {each.name: each for each in connection.client.list_collections()}.get(collection)
        if found is None:
            return None
        metadata = found.metadata or {}
        try:
            return Recipe(
                model=str(metadata["model"]),
                dimension=int(metadata["dimension"]),
                chunk_size=int(metadata["chunk_size"]),
                chunk_overlap=int(metadata["chunk_overlap"]),
            )
        except (KeyError, TypeError, ValueError):
            text = _("collection {collection!r} was made by another program. Choose another name")
            raise IndexUnavailable(connection.location, text.format(collection=collection)) from None
    finally:
        connection.release()
