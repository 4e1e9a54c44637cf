"""Wires the packages below into a running platform. So far: the shelf of documents, announced on the bus."""

from workshop_lib.platform.shelf import announce, count_words, publish_shelf

__all__ = ["announce", "count_words", "publish_shelf"]
