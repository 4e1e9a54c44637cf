"""One entry of a stream in a handler's hands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Settlement = tuple[str, str, str, str | int, str]
"""What the script takes: kind, level, id, and two more words."""


class Holder(Protocol):
    """Whoever took the entry and passes its settlement on."""

    @property
    def queue_name(self) -> str: ...

    def settle(self, delivery: "StreamDelivery", kind: str, more: str | int = "", also: str = "") -> bool: ...


@dataclass(frozen=True, slots=True)
class StreamDelivery:
    """A `Delivery`."""

    holder: Holder
    level: str
    id: str
    routing_key: str
    body: bytes
    headers: Mapping[str, str]
    attempt: int
    redelivered: int

    @property
    def queue_name(self) -> str:
        return self.holder.queue_name

    @property
    def key(self) -> tuple[str, str]:
        return self.level, self.id

    def ack(self) -> bool:
        return self.holder.settle(self, "ack")

    def retry(self, delay: float) -> bool:
        # Rounded up: not a microsecond too early.
        return self.holder.settle(self, "retry", int(delay * 1_000_000) + 1)

    def dead_letter(self, reason: str, digest: str) -> bool:
        return self.holder.settle(self, "dead", reason, digest)

    def release(self) -> bool:
        return self.holder.settle(self, "release")


def read_entry(holder: Holder, level: bytes, entry_id: bytes, redelivered: int, flat: list[bytes]) -> StreamDelivery:
    """From what the script returns."""
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return StreamDelivery(
        holder=holder,
        level=level.decode(),
        id=entry_id.decode(),
        routing_key=fields[b"k"].decode(),
        body=fields[b"b"],
        headers=json.loads(fields[b"h"]),
        attempt=int(fields[b"a"]),
        redelivered=redelivered,
    )
