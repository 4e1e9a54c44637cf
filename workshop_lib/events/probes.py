"""What a supervisor and Prometheus ask a service, over HTTP: `/health`, `/ready` and `/metrics`."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from workshop_lib.events.errors import CannotServe

logger = logging.getLogger(__name__)

Probe = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Whether all is well, and what to say about it."""

_PATIENCE = 10.0


class Probes:
    """A small HTTP server on threads of its own, so that it answers whatever the handlers are doing.

    Each path of `probes` answers 200 where all is well, 503 where it isn't, with JSON; `/metrics` has this process's
    metrics. It serves while its `with` block runs.
    """

    def __init__(self, probes: Mapping[str, Probe], host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen already: `port` 0 takes a free one.

        Raises:
            CannotServe: the port is taken, or the host is none of this machine's.
        """
        try:
            self._server = _Server((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise CannotServe(host, port, getattr(error, "strerror", None) or str(error)) from None
        self._server.probes = dict(probes)
        self._thread = threading.Thread(target=self._server.serve_forever, name="probes", args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """On which it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    probes: Mapping[str, Probe]
    daemon_threads = True
    # The process ends without waiting for a client that reads slowly.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a client of the probes went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    server_version, sys_version = "workshop", ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, encode(REGISTRY), content_type)
        elif path in self.server.probes:
            well, about = self.server.probes[path]()
            status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, json.dumps(about).encode() + b"\n", "application/json")
        else:
            paths = ", ".join([*self.server.probes, "/metrics"])
            self._answer(HTTPStatus.NOT_FOUND, f"expected one of {paths}\n".encode(), "text/plain; charset=utf-8")

    do_HEAD = do_GET

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        # A probe every few seconds is no news.
        logger.debug(format, *args)
