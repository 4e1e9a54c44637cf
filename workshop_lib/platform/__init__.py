"""Wires the packages below into a running platform. So far: the shelf of documents, announced on the bus,
and a service that counts its words."""

from workshop_lib.platform.shelf import announce, count_words, publish_shelf
from workshop_lib.platform.tally import Tally, totals

__all__ = ["Tally", "announce", "count_words", "publish_shelf", "totals"]
