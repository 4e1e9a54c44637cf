"""A TCP proxy between a client and a server on this machine, which cuts their connections when told to."""

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Passes bytes on between `port`, a free one, and the server's, as `with` lets it run."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._deaf: set[socket.socket] = set()
        self._closed = False
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cut every connection, and let no new one through."""
        with self._lock:
            self._closed = True
        # Closing alone would leave the thread in accept.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection, both ways and in the middle of whatever it is. New ones are let through."""
        with self._lock:
            self._deaf.clear()
            cut, self._open = self._open, set()
        for side in cut:
            _reset(side)

    def swallow_answers(self) -> None:
        """From now until `cut`, on every connection there is, the server hears the client, and the client nothing."""
        with self._lock:
            self._deaf = set(self._open)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                _reset(client)
                continue
            with self._lock:
                if self._closed:
                    _reset(client)
                    _reset(server)
                    return
                self._open |= {client, server}
                self.connections += 1
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target, source is server), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        # Whichever side ends it, the other is ended below.
        with suppress(OSError):
            while data := source.recv(65536):
                if not (answers and source in self._deaf):
                    target.sendall(data)
        with self._lock:
            self._open -= {source, target}
        _reset(source)
        _reset(target)


def _reset(side: socket.socket) -> None:
    # It may be closed already, from either end.
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # Closing alone would leave a thread in recv.
        side.shutdown(socket.SHUT_RDWR)
    side.close()
