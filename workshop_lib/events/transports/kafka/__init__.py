"""Kafka: a log that every queue reads for itself. ``kafka://HOST:9092``, over TLS ``kafkas://USER:PASSWORD@HOST:9093?ca=FILE``.

How the words of `workshop_lib.events.transport` map onto it, for an exchange EX:

- topic ``EX``: every published message, its routing key in the header ``x-key``, keyed by its correlation id. A queue
  is a consumer group ``EX:QUEUE`` that reads all of it and keeps what its patterns match.
- topics ``EX.retry.0s``, ``.1s``, ... ``.3600s``: what waits for another try, by how long: a wait is rounded up to the
  next of these, so that nothing blocks behind a longer one. The header ``x-queue`` says whose it is.
- topic ``EX.dead``: dead letters, compacted; the key is the letter's id and queue, and a tombstone drops it.
- topic ``EX.bindings``: which queues there are and since which offsets each pattern holds. Never trimmed nor rewritten;
  whoever publishes a mandatory message reads it, and so does a consumer before it passes over a message.

Offsets are committed by hand, after the work, up to the first message that is not settled; a retry or a dead letter is
confirmed by the broker before its offset is.

What differs from other backends:

- Order holds within a correlation id, and among the messages that have none; over all only with ``?partitions=1``. As
  a partition goes to one consumer of a queue at a time, messages without a correlation id are not shared out.
- Urgent messages pass what this consumer has read ahead (500 messages of a partition), not the whole queue.
- After a consumer is killed, or a partition moves, what was settled behind an unsettled message may come again.
- `Delivery.redelivered` is always 0: Kafka keeps no count of deliveries.
- A queue belongs to its exchange; the same name on another exchange is another queue.
- A temporary queue is not in ``EX.bindings``: it gets a copy, but a mandatory message needs another queue.
- What other processes hold counts as ready until they commit.
- Topics are made to keep everything (``retention.ms=-1``): trimming the past is an operator's decision.

Options in the URL: ``lease`` (seconds after which a silent consumer's messages go to others, default 10; brokers refuse
under 6 unless told), ``partitions`` (of new topics, default 3), ``replication`` (of new topics, default 1: a cluster
of several brokers wants 3), ``timeout`` (seconds to wait for the broker, default 30), ``ca`` (file with the CA of
``kafkas://``). User and password are sent by SASL PLAIN.
"""

from workshop_lib.events.transports.kafka.transport import KafkaTransport

__all__ = ["KafkaTransport"]
