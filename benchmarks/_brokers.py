"""RabbitMQ's peers, and FastStream without a broker: each sends or takes the same events."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import aio_pika
import pika
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue, TestRabbitBroker

from benchmarks._ingested import TYPE, Counting, headers, timed
from workshop_lib.events import DataIngestedEvent

OUTSTANDING = 100


def pika_confirm_each(url: str, exchange: str, events: Sequence[DataIngestedEvent]) -> float:
    """Seconds of a `BlockingConnection` that waits for each confirm before it sends the next."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()

        def publish() -> None:
            for event in events:
                about = pika.BasicProperties(
                    content_type="application/json", delivery_mode=2, headers=dict(headers(event))
                )
                channel.basic_publish(exchange, TYPE, event.model_dump_json().encode(), about, mandatory=True)

        return timed(publish)
    finally:
        connection.close()


def aio_pika_outstanding(url: str, exchange: str, events: Sequence[DataIngestedEvent]) -> float:
    """Seconds of aio-pika with up to `OUTSTANDING` confirms awaited at a time."""

    async def publish() -> float:
        connection = await aio_pika.connect(url)
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            target = await channel.get_exchange(exchange, ensure=False)
            waiting = iter(events)

            async def one_after_the_other() -> None:
                for event in waiting:
                    message = aio_pika.Message(
                        event.model_dump_json().encode(),
                        content_type="application/json",
                        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                        headers=dict(headers(event)),
                    )
                    await target.publish(message, TYPE, mandatory=True)

            start = time.perf_counter()
            await asyncio.gather(*(one_after_the_other() for _ in range(OUTSTANDING)))
            return time.perf_counter() - start

    return asyncio.run(publish())


def faststream_consume(url: str, queue: str, number: int, prefetch: int) -> float:
    """Seconds of FastStream for that many events of a queue that is there, from the beginning of consuming."""
    counting = Counting(number)
    enough = asyncio.Event()
    broker = RabbitBroker(url, logger=None)

    # What is there is taken as it is, so that both consume from the same kind of queue.
    @broker.subscriber(RabbitQueue(queue, declare=False), channel=Channel(prefetch_count=prefetch))
    async def handle(event: DataIngestedEvent) -> None:
        counting(event)
        if counting.done:
            enough.set()

    async def consume() -> float:
        await broker.connect()
        try:
            start = time.perf_counter()
            await broker.start()
            await enough.wait()
            return time.perf_counter() - start
        finally:
            await broker.stop()

    return asyncio.run(consume())


def faststream_in_memory(events: Sequence[DataIngestedEvent]) -> float:
    """Seconds of `TestRabbitBroker`, which calls the handler within each publish."""
    counting = Counting(len(events))
    broker = RabbitBroker(logger=None)
    exchange: Any = RabbitExchange("ml_events", type=ExchangeType.TOPIC)

    @broker.subscriber(RabbitQueue("pages", routing_key="data.*"), exchange)
    async def handle(event: DataIngestedEvent) -> None:
        counting(event)

    async def publish() -> float:
        async with TestRabbitBroker(broker) as testing:
            start = time.perf_counter()
            for event in events:
                await testing.publish(event, routing_key=TYPE, exchange=exchange)
            return time.perf_counter() - start

    seconds = asyncio.run(publish())
    assert counting.done
    return seconds
