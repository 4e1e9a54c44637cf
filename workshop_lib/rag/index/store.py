"""A collection and its manifest: found and checked, or made. What the indexes of one process on it share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop_lib.i18n import _
from workshop_lib.rag.errors import IndexUnavailable
from workshop_lib.rag.index.connection import Connection
from workshop_lib.rag.index.manifest import SUFFIX, Manifest, OwnManifest, SharedManifest
from workshop_lib.rag.index.recipe import SPACE, Recipe
from workshop_lib.rag.index.resident import Resident
from workshop_lib.rag.index.writer import Writer

if TYPE_CHECKING:
    from chromadb import Collection


@dataclass(frozen=True)
class Store:
    """An open collection; `resident` is None on a server."""

    recipe: Recipe
    collection: "Collection"
    manifest: Manifest
    writer: Writer
    resident: Resident | None


def open_store(connection: Connection, name: str, recipe: Recipe) -> Store:
    """The collection `name`, made if it isn't there, with unfinished writes ended.

    Raises:
        IndexMismatch: it was made otherwise; it is left as it is.
        IndexUnavailable: Chroma can't open it.
    """
    with connection.guard:
        store = connection.shared.get(name)
        if not isinstance(store, Store):
            with connection.typed_errors():
                store = _open(connection, name, recipe)
            connection.shared[name] = store
        recipe.check(connection.location, name, SPACE, store.recipe.metadata())
        return store


def drop_store(connection: Connection, name: str) -> bool:
    """Delete the collection `name`; False where there is none."""
    with connection.guard, connection.typed_errors():
        there = {each.name for each in connection.client.list_collections()} & {name, name + SUFFIX}
        # The manifest first: chunks without one are refused, one without chunks would be believed.
        for each in sorted(there, reverse=True):
            connection.client.delete_collection(each)
        dropped = connection.shared.pop(name, None)
        if isinstance(dropped, Store) and dropped.resident:
            dropped.resident.end()
        return bool(there)


def _open(connection: Connection, name: str, recipe: Recipe) -> Store:
    client = connection.client
    collection = _find(connection, name)
    if collection is None:
        manifest_collection = client.get_or_create_collection(name + SUFFIX, embedding_function=None)
        collection = _make(connection, name, recipe)
    else:
        _check(connection, collection, recipe)
        found = _find(connection, name + SUFFIX)
        if found is None:
            text = _("collection {name!r} has lost its manifest. Delete it and index again: drop_index(url, {name!r})")
            raise IndexUnavailable(connection.location, text.format(name=name))
        manifest_collection = found
    manifest = (OwnManifest if connection.alone else SharedManifest)(manifest_collection)
    resident = Resident(collection, manifest, recipe.dimension) if connection.alone else None
    writer = Writer(collection, manifest, recipe.dimension, client.get_max_batch_size(), resident)
    writer.recover()
    return Store(recipe, collection, manifest, writer, resident)


def _find(connection: Connection, name: str) -> "Collection | None":
    from chromadb.errors import NotFoundError

    try:
        return connection.client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return None


def _make(connection: Connection, name: str, recipe: Recipe) -> "Collection":
    # Another process may have made it since we looked: Chroma then gives that one, whatever it was made with.
    configuration: Any = {"hnsw": {"space": SPACE}}
    collection = connection.client.get_or_create_collection(
        name,
        configuration=configuration,
        metadata=recipe.metadata(),
        embedding_function=None,
    )
    _check(connection, collection, recipe)
    return collection


def _check(connection: Connection, collection: "Collection", recipe: Recipe) -> None:
    configuration = collection.configuration_json
    space = (configuration.get("hnsw") or configuration.get("spann") or {}).get("space", "unknown")
    recipe.check(connection.location, collection.name, space, collection.metadata)
