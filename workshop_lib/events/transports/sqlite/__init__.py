"""A durable bus in one SQLite file, for many processes of one machine: no server."""

from workshop_lib.events.transports.sqlite.transport import SQLiteTransport

__all__ = ["SQLiteTransport"]
