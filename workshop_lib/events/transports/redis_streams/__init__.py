"""The bus on Redis Streams: a stream for each queue (and priority), one consumer group on each.

transport    `RedisStreamsTransport`: connects, declares, counts
publishing   routes a batch and puts it into its queues, in one script
consumption  a thread that takes entries, keeps them ours, and settles them
listener     wakes it when a queue gets something
letters      dead letters
link         calls of the server, errors typed, and repeated while it is away
scripts      what the server does in one step, in Lua

What a queue is made of, all named ``workshop:bus:…``: its streams ``stream:LEVEL:NAME``, each with the group
``workers``; ``delayed:NAME``, a sorted set by due time; ``dead:NAME``, a stream. An entry stays in its stream until it
is settled, and leaves it in the same step, so a stream's length is what is not done yet, and nothing is ever trimmed.
What was given back belongs to the group's consumer ``released``, from whom anybody takes it first.

One server, or a primary with replicas; not Redis Cluster. Version 7.0 or newer.
"""

from workshop_lib.events.transports.redis_streams.transport import RedisStreamsTransport

__all__ = ["RedisStreamsTransport"]
