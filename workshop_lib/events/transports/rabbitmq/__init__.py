"""RabbitMQ, by pika: one thread with its loop, a connection to publish and one to consume. `transport` ties the parts.

A publisher that RabbitMQ holds back (it does when memory or disk run out) must not hold back acknowledgements, which
are what gives the memory free again: hence two connections.
"""

from workshop_lib.events.transports.rabbitmq.transport import RabbitMQTransport

__all__ = ["RabbitMQTransport"]
