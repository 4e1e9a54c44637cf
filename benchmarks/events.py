"""The event bus beside pika, aio-pika and FastStream on RabbitMQ, FastStream's test broker, and SqliteHuey.

    python -m benchmarks.events [--quick] [--rounds 5] [--only rabbitmq|memory|sqlite|depth|latency]

Peers run in this process, in turn with the bus. The event is always data.ingested with a page of 1,000 characters; each
side is given the same pydantic objects, writes them as JSON, and its handler gets a validated object of the same class
and counts it. The bus also validates what it publishes, keeps its metrics, and can be traced; no peer does.

- rabbitmq: a server of the tests' own, one quorum queue, persistent mandatory messages with the same headers. pika's
  `BlockingConnection` waits for each confirm, aio-pika's publishers for 100 at a time, `publish_many` for what the bus
  thinks right. Consuming: FastStream and the bus each empty a queue that the bus declared and filled alike, with the
  same prefetch, and acknowledge each event after its handler.
- memory: `TestRabbitBroker` runs the handler within `publish`. The bus hands over to its consumer's thread; its time
  ends when the last event was handled.
- sqlite: SqliteHuey without results, in its default WAL. One by one: a call and a transaction for each event that is
  enqueued, by one thread, and by eight at once, whose publishes the bus lets share a transaction; and one thread that
  takes, runs and forgets one after the other. The bus acknowledges after its handler, in a transaction that several
  events share (prefetch 100); Huey forgets the task as it takes it, and loses it with its process. With
  synchronous=full a thread that is alone waits for one write to the disk for each event, on either side: that bounds
  what there is to win.
- depth: the same publish and handle, a thousand of each in turn, while 1,000 and while 1,000,000 events wait.
- latency: from before `publish` on one bus until the handler of another begins, on a file that is idle in between.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

from benchmarks._brokers import (
    OUTSTANDING,
    aio_pika_outstanding,
    faststream_consume,
    faststream_in_memory,
    pika_confirm_each,
)
from benchmarks._huey import Huey
from benchmarks._ingested import TYPE, Counting, handled, pages, say, timed, told
from benchmarks._measure import Figure, figure, in_turn, show
from tests.events.rabbitmq_server import RabbitMQProcess
from workshop_lib.events import BaseEvent, DataIngestedEvent, EventBus, open_bus

PREFETCH = 100
SHALLOW = 1_000
TURNS = 5
_TOGETHER = 10_000
_IDLE = 5.0
THREADS = 8
SIDES = ("ours", "huey")
PARTS = ("rabbitmq", "memory", "sqlite", "depth", "latency")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="fewer events, 100,000 for the deep queue, 2 rounds")
    parser.add_argument("--only", choices=PARTS, help="this one alone")
    arguments = parser.parse_args()
    chosen = (arguments.only,) if arguments.only else PARTS
    rounds, events, deep = arguments.rounds, pages(10_000), 1_000_000
    if arguments.quick:
        rounds, events, deep = min(rounds, 2), events[:1_000], 100_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if "rabbitmq" in chosen:
            show("RabbitMQ, a quorum queue", rabbitmq(folder / "rabbitmq", events, rounds))
        if "memory" in chosen:
            show("In memory, publish to handler", memory(events[:2_000], rounds))
        if "sqlite" in chosen:
            for synchronous in ("full", "normal"):
                show(f"SQLite, synchronous={synchronous}", sqlite(folder, synchronous, events[:2_000], rounds))
        if "depth" in chosen:
            show("SQLite, by how many wait", depth(folder, events[:1_000], deep, rounds))
        if "latency" in chosen:
            show("SQLite, idle", latency(folder, events[:200], rounds))


def rabbitmq(folder: Path, events: Sequence[DataIngestedEvent], rounds: int) -> list[Figure]:
    """Publishing with confirms, and consuming, beside the peers, on one server."""
    say("Starting RabbitMQ")
    with RabbitMQProcess(folder) as server:
        url = server.url(server.vhost())
        published = publishing(url, events, rounds)
        return [*published, *consuming(url, events, rounds)]


def publishing(url: str, events: Sequence[DataIngestedEvent], rounds: int) -> list[Figure]:
    """`publish_many` beside pika's confirm-each and aio-pika."""
    exchange = "ml_events"
    one_by_one = events[: len(events) // 5]
    with open_bus(url, exchange) as bus:
        bus.subscribe("published", [TYPE], Counting(1))

        def publish(many: Callable[[], float]) -> float:
            seconds = many()
            empty(bus, url, "published")
            return seconds

        def ours() -> float:
            return timed(partial(bus.publish_many, events))

        say(f"Publishing {len(events):,} events, {rounds} rounds")
        taken = in_turn(
            {
                "pika": told(
                    "pika",
                    len(one_by_one),
                    lambda: publish(partial(pika_confirm_each, url, exchange, one_by_one)),
                ),
                "aio-pika": told(
                    "aio-pika", len(events), lambda: publish(partial(aio_pika_outstanding, url, exchange, events))
                ),
                "ours": told("publish_many", len(events), lambda: publish(ours)),
            },
            rounds,
        )
    return [
        *each("pika, confirm each", taken["pika"]),
        *each(f"aio-pika, {OUTSTANDING} outstanding", taken["aio-pika"]),
        *each("publish_many", taken["ours"]),
        faster("publish_many, times pika", taken["ours"], taken["pika"], 5),
        faster("publish_many, times aio-pika", taken["ours"], taken["aio-pika"], 0.8),
    ]


def consuming(url: str, events: Sequence[DataIngestedEvent], rounds: int) -> list[Figure]:
    """A full queue emptied by the bus and by FastStream."""
    number = len(events)

    def filled(empty_it: Callable[[str], float]) -> float:
        queue = f"consumed-{uuid4()}"
        with open_bus(url, queue) as bus:
            bus.subscribe(queue, [TYPE], Counting(number))
            bus.publish_many(events)
        return empty_it(queue)

    def ours(queue: str) -> float:
        with open_bus(url, queue) as bus:
            return handled(bus, queue, number, PREFETCH)

    def theirs(queue: str) -> float:
        return faststream_consume(url, queue, number, PREFETCH)

    say(f"Consuming {number:,} events, {rounds} rounds")
    taken = in_turn(
        {
            "FastStream": told("FastStream", number, lambda: filled(theirs)),
            "ours": told("start_consuming", number, lambda: filled(ours)),
        },
        rounds,
    )
    return [
        *each("FastStream, decoded and handled", taken["FastStream"]),
        *each("start_consuming", taken["ours"]),
        faster("start_consuming, times FastStream", taken["ours"], taken["FastStream"], 1),
    ]


def memory(events: Sequence[DataIngestedEvent], rounds: int) -> list[Figure]:
    """Beside FastStream's test broker."""

    def ours() -> float:
        counting = Counting(len(events))
        with open_bus("memory://") as bus:
            bus.subscribe("pages", ["data.*"], counting)
            bus.start_consuming(block=False)

            def all_of_it() -> None:
                for event in events:
                    bus.publish(event)
                counting.wait()

            return timed(all_of_it)

    say(f"Publishing {len(events):,} events in memory, {rounds} rounds")
    taken = in_turn(
        {
            "FastStream": told("TestRabbitBroker", len(events), lambda: faststream_in_memory(events)),
            "ours": told("memory://", len(events), ours),
        },
        rounds,
    )
    return [
        *each("FastStream, TestRabbitBroker", taken["FastStream"]),
        *each("memory://", taken["ours"]),
        faster("memory://, times FastStream", taken["ours"], taken["FastStream"], 10),
    ]


def sqlite(folder: Path, synchronous: str, events: Sequence[DataIngestedEvent], rounds: int) -> list[Figure]:
    """Beside SqliteHuey."""
    number = len(events)
    with ExitStack() as stack:
        huey = Huey(folder / f"huey-{synchronous}.db", synchronous)
        stack.callback(huey.close)
        url = f"sqlite:///{folder / f'bus-{synchronous}.db'}?synchronous={synchronous}"
        publisher = stack.enter_context(open_bus(url))
        publisher.subscribe("pages", [TYPE], Counting(1))

        def enqueue() -> float:
            return one_by_one(publisher, events)

        def dequeue() -> float:
            # As many as both ways of publishing left.
            with open_bus(url) as bus:
                return handled(bus, "pages", 2 * number, PREFETCH) / 2

        say(f"Enqueueing and dequeueing {number:,} events, synchronous={synchronous}, {rounds} rounds")
        taken = in_turn(
            {
                "huey in": told("SqliteHuey, enqueue", number, lambda: huey.enqueue(events)),
                "ours in": told("sqlite://, publish", number, enqueue),
                "huey threads": told(f"SqliteHuey, {THREADS} threads", number, lambda: threads(huey.enqueue, events)),
                "ours threads": told(
                    f"sqlite://, {THREADS} threads", number, lambda: threads(partial(one_by_one, publisher), events)
                ),
                "huey out": told("SqliteHuey, dequeue", number, lambda: huey.dequeue(2 * number) / 2),
                "ours out": told("sqlite://, handle", number, dequeue),
            },
            rounds,
        )
    both = {name: [a + b for a, b in zip(taken[f"{name} in"], taken[f"{name} out"], strict=True)] for name in SIDES}
    return [
        *each("SqliteHuey, enqueue", taken["huey in"]),
        *each("sqlite://, publish", taken["ours in"]),
        *each(f"SqliteHuey, enqueue by {THREADS} threads", taken["huey threads"]),
        *each(f"sqlite://, publish by {THREADS} threads", taken["ours threads"]),
        *each("SqliteHuey, dequeue and execute", taken["huey out"]),
        *each("sqlite://, handle", taken["ours out"]),
        faster("publish, times SqliteHuey", taken["ours in"], taken["huey in"], 3),
        faster(f"publish by {THREADS} threads, times SqliteHuey", taken["ours threads"], taken["huey threads"], 3),
        faster("handle, times SqliteHuey", taken["ours out"], taken["huey out"], 3),
        faster("publish and handle, times SqliteHuey", both["ours"], both["huey"], 3),
    ]


def depth(folder: Path, events: Sequence[DataIngestedEvent], deep: int, rounds: int) -> list[Figure]:
    """What an event costs while few and while many wait."""
    number = len(events)
    taken: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        buses: dict[int, tuple[str, EventBus]] = {}
        for waiting in (SHALLOW, deep):
            url = f"sqlite:///{folder / f'deep-{waiting}.db'}?synchronous=normal"
            buses[waiting] = url, stack.enter_context(open_bus(url))
            buses[waiting][1].subscribe("pages", [TYPE], Counting(1))
            fill(buses[waiting][1], events, waiting)
        say(f"Publishing and handling {TURNS} times {number:,} events at both depths, {rounds} rounds")
        for round_number in range(rounds + 1):
            spent: dict[str, float] = defaultdict(float)
            # In short turns, so that both have the same minute, and neither queue's length changes much.
            for _ in range(TURNS):
                for waiting, (url, bus) in buses.items():
                    spent[f"publish, {waiting:,} wait"] += one_by_one(bus, events)
                    spent[f"handle, {waiting:,} wait"] += handled_elsewhere(url, number)
            for what, seconds in spent.items():
                micros = 1e6 * seconds / (TURNS * number)
                say(f"  {what}: {micros:,.1f} µs an event")
                if round_number:
                    taken[what].append(micros)
    figures = []
    for what in ("publish", "handle"):
        few, many = taken[f"{what}, {SHALLOW:,} wait"], taken[f"{what}, {deep:,} wait"]
        figures += [
            *each(f"{what}, {SHALLOW:,} wait", few),
            *each(f"{what}, {deep:,} wait", many),
            figure(f"{what}, {deep:,} / {SHALLOW:,}", [b / a for a, b in zip(few, many, strict=True)], 1.2, "x"),
        ]
    return figures


def latency(folder: Path, events: Sequence[DataIngestedEvent], rounds: int) -> list[Figure]:
    """From publish to handler, and what a consumer with nothing to do costs."""
    url = f"sqlite:///{folder / 'idle.db'}"
    arrived: dict[object, float] = {}

    def note(event: BaseEvent) -> None:
        arrived[event.metadata.event_id] = time.perf_counter()

    def p95(number: int, publisher: EventBus) -> float:
        arrived.clear()
        begun: dict[object, float] = {}
        for event in events[:number]:
            # At any moment of the consumer's beat.
            time.sleep(random.uniform(0.02, 0.06))
            begun[event.metadata.event_id] = time.perf_counter()
            publisher.publish(event)
        while len(arrived) < number:
            time.sleep(0.01)
        took = [1000 * (arrived[event] - start) for event, start in begun.items()]
        slowest = statistics.quantiles(took, n=20)[-1]
        say(f"  p95: {slowest:.1f} ms, p50: {statistics.median(took):.1f} ms")
        return slowest

    def idle() -> float:
        before = time.process_time()
        time.sleep(_IDLE)
        return 100 * (time.process_time() - before) / _IDLE

    with open_bus(url) as consumer, open_bus(url) as publisher:
        consumer.subscribe("pages", [TYPE], note)
        consumer.start_consuming(block=False)
        say(f"Publishing {len(events)} events now and then, {rounds} rounds")
        taken = in_turn(
            {
                "another": partial(p95, len(events), publisher),
                "same": partial(p95, len(events), consumer),
                "idle": idle,
            },
            rounds,
        )
    return [
        figure("publish to handler, another bus on the file, p95", taken["another"], 20, "ms"),
        figure("publish to handler, the same bus, p95", taken["same"], 20, "ms"),
        figure("an idle consumer, of one core", taken["idle"], 2, "%"),
    ]


def one_by_one(bus: EventBus, events: Sequence[DataIngestedEvent]) -> float:
    """Seconds to publish all, each confirmed before the next."""

    def publish() -> None:
        for event in events:
            bus.publish(event)

    return timed(publish)


def threads(publish: Callable[[Sequence[DataIngestedEvent]], object], events: Sequence[DataIngestedEvent]) -> float:
    """Seconds until `THREADS` threads have published all, each its share."""
    shares = [events[number::THREADS] for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        return timed(lambda: [*pool.map(publish, shares)])


def handled_elsewhere(url: str, number: int) -> float:
    """Seconds for a bus of its own, so that who publishes has no consumer beside it."""
    with open_bus(url) as bus:
        return handled(bus, "pages", number, PREFETCH)


def fill(bus: EventBus, events: Sequence[DataIngestedEvent], waiting: int) -> None:
    """Let that many wait."""
    together = [*events] * (_TOGETHER // len(events))
    for start in range(0, waiting, _TOGETHER):
        say(f"  filling: {start:,} of {waiting:,}")
        bus.publish_many(together[: waiting - start])


def empty(bus: EventBus, url: str, queue: str) -> None:
    """Take away what waits in a RabbitMQ queue."""
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_purge(queue)
    connection.close()


def each(name: str, micros: Sequence[float]) -> list[Figure]:
    """What an event costs."""
    return [figure(f"{name}, an event", micros, unit="µs")]


def faster(name: str, ours: Sequence[float], theirs: Sequence[float], goal: float) -> Figure:
    """How many events we do in the time of one of theirs, pair by pair."""
    return figure(name, [b / a for a, b in zip(ours, theirs, strict=True)], goal, "x", at_least=True)


if __name__ == "__main__":
    main()
