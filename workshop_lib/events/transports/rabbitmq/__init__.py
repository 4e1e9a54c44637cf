"""RabbitMQ, by pika: one thread with its loop, a connection to publish and one to consume. `transport` ties the parts.

A publisher that RabbitMQ holds back (it does when memory or disk run out) must not hold back acknowledgements, which
are what gives the memory free again: hence two connections.

A broker takes back what is not settled within its ``consumer_timeout``, by default half an hour: it comes again while
the handler still runs, the handler's own settlement does nothing, and both are logged. Newer brokers read a longer time
from our queues; before 3.12 it is the broker's to set: ``consumer_timeout = 604800000`` (ms) in rabbitmq.conf, as
``make services`` does. Better, a handler of such length hands its work on, and is acknowledged for that.
"""

from workshop_lib.events.transports.rabbitmq.transport import RabbitMQTransport

__all__ = ["RabbitMQTransport"]
