"""The tables of the bus, and what is done to them. Nothing here begins a transaction or knows of threads.

A message is written once, in `messages`; each queue that it reached has an entry. The body stays where it is while
entries change their state, and every question is answered by an index that holds the entries of one state only: so
the cost of an event does not grow with what waits.
"""

# The only texts put into a statement are this module's own constants.
# ruff: noqa: S608
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workshop_lib.events.routing import Bindings
from workshop_lib.events.transport import DeadLetter, Outgoing, QueueCounts, QueueSpec

APPLICATION_ID = 0x574B4255
READY, DELAYED, LEASED, DEAD = range(4)

# `due` is when a delayed entry becomes ready, when a lease runs out, or when a dead one died, by the state.
_SCHEMA = (
    """CREATE TABLE queues (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        priorities INTEGER NOT NULL,
        temporary_until REAL
    )""",
    """CREATE TABLE bindings (
        exchange TEXT NOT NULL,
        queue INTEGER NOT NULL,
        pattern TEXT NOT NULL,
        PRIMARY KEY (exchange, queue, pattern)
    ) WITHOUT ROWID""",
    "CREATE TABLE changes (bindings INTEGER NOT NULL)",
    "INSERT INTO changes VALUES (0)",
    """CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        routing_key TEXT NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    """CREATE TABLE entries (
        message INTEGER NOT NULL,
        queue INTEGER NOT NULL,
        state INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        attempt INTEGER NOT NULL DEFAULT 1,
        redelivered INTEGER NOT NULL DEFAULT 0,
        due REAL,
        token INTEGER,
        reason TEXT,
        digest TEXT,
        PRIMARY KEY (message, queue)
    ) WITHOUT ROWID""",
    f"CREATE INDEX ready ON entries (queue, rank, message) WHERE state = {READY}",
    f"CREATE INDEX delayed ON entries (due, queue) WHERE state = {DELAYED}",
    f"CREATE INDEX leased ON entries (due) WHERE state = {LEASED}",
    f"CREATE INDEX dead ON entries (queue, due, message) WHERE state = {DEAD}",
    f"PRAGMA application_id = {APPLICATION_ID}",
    "PRAGMA user_version = 1",
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that was taken from its queue under a lease."""

    message: int
    token: int
    routing_key: str
    headers: Mapping[str, str]
    body: bytes
    attempt: int
    redelivered: int


def is_ours(connection: sqlite3.Connection) -> bool | None:
    """Whether the file is a bus; None where it is empty."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return None
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(application == APPLICATION_ID and version == 1)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    for statement in _SCHEMA:
        connection.execute(statement)


def queue_row(connection: sqlite3.Connection, name: str) -> tuple[int, bool] | None:
    """A queue's number, and whether it has priorities."""
    row = connection.execute("SELECT id, priorities FROM queues WHERE name = ?", (name,)).fetchone()
    return None if row is None else (row[0], bool(row[1]))


def queue_names(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Of the queues that are there to stay, sorted."""
    rows = connection.execute("SELECT name FROM queues WHERE temporary_until IS NULL ORDER BY name")
    return tuple(name for (name,) in rows)


def bind(connection: sqlite3.Connection, exchange: str, queue: QueueSpec, temporary_until: float | None) -> int:
    """Make the queue if need be, and bind it; returns its number."""
    there = queue_row(connection, queue.name)
    if there is None:
        connection.execute(
            "INSERT INTO queues (name, priorities, temporary_until) VALUES (?, ?, ?)",
            (queue.name, queue.priorities, temporary_until),
        )
        there = queue_row(connection, queue.name)
        assert there is not None
    connection.executemany(
        "INSERT OR IGNORE INTO bindings VALUES (?, ?, ?)", [(exchange, there[0], pattern) for pattern in queue.patterns]
    )
    connection.execute("UPDATE changes SET bindings = bindings + 1")
    return there[0]


def unbind(connection: sqlite3.Connection, queues: Iterable[int]) -> None:
    """Delete the queues with what waits in them."""
    for queue in queues:
        messages = connection.execute("SELECT message FROM entries WHERE queue = ?", (queue,)).fetchall()
        connection.execute("DELETE FROM entries WHERE queue = ?", (queue,))
        connection.executemany(_FORGET, [(message, message) for (message,) in messages])
        connection.execute("DELETE FROM bindings WHERE queue = ?", (queue,))
        connection.execute("DELETE FROM queues WHERE id = ?", (queue,))
        connection.execute("UPDATE changes SET bindings = bindings + 1")


def changes(connection: sqlite3.Connection) -> int:
    """A number that is another one after any queue or binding changed."""
    return int(connection.execute("SELECT bindings FROM changes").fetchone()[0])


def read_bindings(connection: sqlite3.Connection, exchange: str) -> tuple[Bindings, dict[str, tuple[int, bool]]]:
    """Patterns by queue, and each queue's number and whether it has priorities."""
    query = """SELECT name, pattern, id, priorities FROM bindings JOIN queues ON queues.id = bindings.queue
               WHERE exchange = ? ORDER BY id"""
    rows = connection.execute(query, (exchange,)).fetchall()
    return Bindings((row[0], row[1]) for row in rows), {row[0]: (row[2], bool(row[3])) for row in rows}


def insert(connection: sqlite3.Connection, message: Outgoing, queues: Iterable[tuple[int, bool]]) -> None:
    """Put the message into the queues."""
    headers = json.dumps(dict(message.headers)) if message.headers else "{}"
    number = connection.execute(
        "INSERT INTO messages (routing_key, headers, body) VALUES (?, ?, ?)",
        (message.routing_key, headers, message.body),
    ).lastrowid
    for queue, priorities in queues:
        connection.execute(
            f"INSERT INTO entries (message, queue, state, rank) VALUES (?, ?, {READY}, ?)",
            (number, queue, -message.priority if priorities else 0),
        )


def next_due(connection: sqlite3.Connection) -> float:
    """When the first delayed entry becomes ready or the first lease runs out; infinity where there is none."""
    query = f"""SELECT (SELECT min(due) FROM entries WHERE state = {DELAYED}),
                       (SELECT min(due) FROM entries WHERE state = {LEASED})"""
    return min((due for due in connection.execute(query).fetchone() if due is not None), default=float("inf"))


def has_ready(connection: sqlite3.Connection, queue: int) -> bool:
    """Whether anything can be claimed."""
    query = f"SELECT 1 FROM entries WHERE queue = ? AND state = {READY} LIMIT 1"
    return connection.execute(query, (queue,)).fetchone() is not None


def make_ready(connection: sqlite3.Connection, now: float) -> None:
    """Let what waited long enough be ready, and what a dead consumer held."""
    ready = f"UPDATE entries SET state = {READY}, due = NULL"
    connection.execute(f"{ready} WHERE state = {DELAYED} AND due <= ?", (now,))
    lost = f"{ready}, token = NULL, redelivered = redelivered + 1 WHERE state = {LEASED} AND due <= ?"
    connection.execute(lost, (now,))


def claim(connection: sqlite3.Connection, queue: int, most: int, token: int, until: float) -> list[Claimed]:
    """Take up to `most` messages under a lease, in the queue's order."""
    query = f"""SELECT message, routing_key, headers, body, attempt, redelivered
                FROM entries JOIN messages ON messages.id = entries.message
                WHERE queue = ? AND state = {READY} ORDER BY rank, message LIMIT ?"""
    rows = connection.execute(query, (queue, most)).fetchall()
    take = f"UPDATE entries SET state = {LEASED}, token = ?, due = ? WHERE message = ? AND queue = ?"
    connection.executemany(take, [(token, until, row[0], queue) for row in rows])
    return [Claimed(row[0], token, row[1], json.loads(row[2]), row[3], row[4], row[5]) for row in rows]


Key = tuple[int, int, int]
"""Message, queue, token: a delivery. What another consumer has taken meanwhile has another token."""

Step = Callable[[sqlite3.Connection, Sequence[tuple[Any, ...]]], int]
"""What becomes of deliveries: rows of a key and what the step wants to know. Returns how many were not lost."""

_HELD = f"WHERE message = ? AND queue = ? AND token = ? AND state = {LEASED}"
_FORGET = "DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM entries WHERE message = ?)"


def renew(connection: sqlite3.Connection, key: Key, until: float) -> bool:
    """Keep the lease; False where the delivery was lost."""
    return connection.execute(f"UPDATE entries SET due = ? {_HELD}", (until, *key)).rowcount == 1


def ack(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Forget the entries, and each message with its last. Of one lost there is still another entry."""
    held = connection.executemany(f"DELETE FROM entries {_HELD}", rows).rowcount
    connection.executemany(_FORGET, [(row[0], row[0]) for row in rows])
    return held


def retry(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Let each wait until the time in its row."""
    change = f"UPDATE entries SET state = {DELAYED}, token = NULL, attempt = attempt + 1, due = ? {_HELD}"
    return connection.executemany(change, [(due, *key) for *key, due in rows]).rowcount


def bury(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Give each up, now, for the reason and with the digest in its row."""
    change = f"UPDATE entries SET state = {DEAD}, token = NULL, due = ?, reason = ?, digest = ? {_HELD}"
    return connection.executemany(change, [(now, reason, digest, *key) for *key, now, reason, digest in rows]).rowcount


def release(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Give each back."""
    return connection.executemany(
        f"UPDATE entries SET state = {READY}, token = NULL, due = NULL {_HELD}", rows
    ).rowcount


def counts(connection: sqlite3.Connection, queue: int) -> QueueCounts:
    """How many wait."""
    query = "SELECT " + ", ".join(
        f"(SELECT count(*) FROM entries WHERE state = {state} AND queue = :queue)" for state in (READY, DELAYED, DEAD)
    )
    return QueueCounts(*connection.execute(query, {"queue": queue}).fetchone())


def dead_letters(connection: sqlite3.Connection, queue: int, name: str, limit: int | None) -> tuple[DeadLetter, ...]:
    """What was given up, oldest first."""
    query = f"""SELECT message, routing_key, body, headers, reason, digest, attempt, due
                FROM entries JOIN messages ON messages.id = entries.message
                WHERE queue = ? AND state = {DEAD} ORDER BY due, message LIMIT ?"""
    return tuple(
        DeadLetter(
            id=str(row[0]),
            queue_name=name,
            routing_key=row[1],
            body=row[2],
            headers=json.loads(row[3]),
            reason=row[4],
            digest=row[5],
            attempts=row[6],
            died_at=datetime.fromtimestamp(row[7], UTC),
        )
        for row in connection.execute(query, (queue, -1 if limit is None else limit))
    )


def replay(connection: sqlite3.Connection, queue: int, message: int) -> bool:
    """Let a dead entry be as new."""
    change = f"""UPDATE entries SET state = {READY}, attempt = 1, redelivered = 0, due = NULL, reason = NULL,
                 digest = NULL WHERE message = ? AND queue = ? AND state = {DEAD}"""
    return connection.execute(change, (message, queue)).rowcount == 1


def drop(connection: sqlite3.Connection, queue: int, message: int) -> bool:
    """Forget a dead entry."""
    found = f"DELETE FROM entries WHERE message = ? AND queue = ? AND state = {DEAD}"
    if connection.execute(found, (message, queue)).rowcount == 0:
        return False
    connection.execute(_FORGET, (message, message))
    return True


def keep_temporary(connection: sqlite3.Connection, queues: Iterable[int], until: float, now: float) -> None:
    """Keep these temporary queues, and delete those that nobody kept."""
    change = "UPDATE queues SET temporary_until = ? WHERE id = ?"
    connection.executemany(change, [(until, queue) for queue in queues])
    gone = connection.execute("SELECT id FROM queues WHERE temporary_until <= ?", (now,)).fetchall()
    unbind(connection, [queue for (queue,) in gone])
