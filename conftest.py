"""Gives every item a state folder of its own. In a hook, since fixtures don't reach nbmake's notebooks."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

# What would let a test see the machine it runs on, or the session that started it.
_CLEARED = (
    "WORKSHOP_CHECKS",
    "WORKSHOP_PARTS",
    "WORKSHOP_LANG",
    "WORKSHOP_LOCALES",
    "JPY_SESSION_NAME",
    "EVENT_BUS_URL",
    "RABBITMQ_URL",
    "EVENT_STORE_URL",
    "REDIS_URL",
    "EVENT_MAX_BYTES",
    "EVENT_STORE_TTL",
    "CHROMA_URL",
    "CHROMA_HOST",
    "CHROMA_PORT",
    "EMBEDDER",
    "DOCUMENT_LIMIT",
)
_BEFORE = pytest.StashKey[dict[str, str]]()
_HOME = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    item.stash[_BEFORE] = dict(os.environ)
    for name in _CLEARED:
        os.environ.pop(name, None)
    item.stash[_HOME] = os.environ["WORKSHOP_HOME"] = tempfile.mkdtemp(prefix="workshop-home-")
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    # Outermost, so that fixtures clean up while the environment is still theirs.
    try:
        return (yield)
    finally:
        os.environ.clear()
        os.environ.update(item.stash[_BEFORE])
        shutil.rmtree(item.stash[_HOME], ignore_errors=True)
