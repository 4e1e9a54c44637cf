"""How a Redis server is named, reached, and what its refusals mean: for the bus and the event store alike."""

import ssl
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from workshop_lib.i18n import _

if TYPE_CHECKING:
    from redis import Redis

SCHEMES = ("redis", "rediss")
_ANSWER_WITHIN = 10.0
_CONNECT_WITHIN = 5.0


class Trouble(Enum):
    """What a call of Redis failed of."""

    GONE = auto()
    """Nobody answers, or not now: worth another try."""
    REFUSED = auto()
    """The user, the password, or a command that this user may not run."""
    FULL = auto()
    FOREIGN = auto()
    """A key of ours holds something else."""
    OTHER = auto()


@dataclass(frozen=True)
class RedisServer:
    """A URL, taken apart: ``redis://[user:password@]host[:port][/database]``, ``rediss://`` with TLS.

    Attributes:
        address: the URL for the client, without the options.
        shown: scheme, host, port and database: what a message may show.
        options: what stood behind the question mark, ``ca`` (a file of certificates to trust) aside.
    """

    address: str = field(repr=False)
    shown: str
    ca: str | None
    options: dict[str, str]

    @classmethod
    def of(cls, url: str) -> "RedisServer":
        """Read `url`.

        Raises:
            ValueError: it names no Redis server; the message does not quote it.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or 6379
        except ValueError:
            raise ValueError(_("its port is no number from 1 to 65535")) from None
        database = parts.path.strip("/") or "0"
        if parts.scheme not in SCHEMES:
            raise ValueError(_("its scheme is neither redis:// nor rediss://"))
        if not database.isdecimal():
            raise ValueError(_("its database is no number: {name!r}").format(name=database))
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        ca = options.pop("ca", None)
        host = parts.hostname or "localhost"
        shown_host = f"[{host}]" if ":" in host else host
        address = urlunsplit((parts.scheme, parts.netloc or host, f"/{database}", "", ""))
        return cls(address, f"{parts.scheme}://{shown_host}:{port}/{database}", ca, options)

    def client(self, *, repeats: int = 0) -> "Redis":
        """A client with a pool of connections, which threads may share. It touches nothing yet.

        Args:
            repeats: how often it sends a command again by itself when its connection breaks. The command may have
                been done: only for one that may be done twice.
        """
        from redis import Redis
        from redis.backoff import ExponentialWithJitterBackoff
        from redis.retry import Retry

        more: dict[str, Any] = {"ssl_ca_certs": self.ca} if self.ca is not None else {}
        return Redis.from_url(
            self.address,
            protocol=2,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=1.0), repeats),
            socket_timeout=_ANSWER_WITHIN,
            socket_connect_timeout=_CONNECT_WITHIN,
            socket_keepalive=True,
            **more,
        )

    def explain(self, error: Exception) -> tuple[Trouble, str]:
        """What went wrong and, in one line without the password, what to do."""
        from redis import exceptions as of_redis

        why = str(error)
        match error:
            case of_redis.AuthenticationError() | of_redis.AuthorizationError() | of_redis.NoPermissionError():
                text = _("{server} refuses this user and password ({why}). Mend them in the URL")
                return Trouble.REFUSED, text.format(server=self.shown, why=_first_line(why))
            case of_redis.BusyLoadingError() | of_redis.ReadOnlyError():
                text = _("{server} does not take writes now: {why}")
                return Trouble.GONE, text.format(server=self.shown, why=_first_line(why))
            case of_redis.ConnectionError() | of_redis.TimeoutError() | OSError() if _about_tls(error):
                text = _(
                    "{server} can't be trusted: {why}. "
                    "Name the file of its certificate authority: rediss://HOST:PORT/0?ca=PATH"
                )
                return Trouble.OTHER, text.format(server=self.shown, why=_first_line(why))
            case of_redis.ConnectionError() | of_redis.TimeoutError() | OSError():
                text = _("nobody answers at {server} ({why}). Start a server there: make services, or redis-server")
                return Trouble.GONE, text.format(server=self.shown, why=_first_line(why))
            case of_redis.ResponseError() if "MISCONF" in why:
                text = _("{server} can't write to its disk, and takes no writes: see its log")
                return Trouble.GONE, text.format(server=self.shown)
            case of_redis.ResponseError() if "maxmemory" in why:
                text = _("{server} is full: give it more memory (maxmemory), or let consumers empty its queues")
                return Trouble.FULL, text.format(server=self.shown)
            case of_redis.ResponseError() if "WRONGTYPE" in why or "wrong kind of value" in why:
                text = _("{server} holds something else under a name of ours ({why}). Take another database: /1")
                return Trouble.FOREIGN, text.format(server=self.shown, why=_first_line(why))
        text = _("{server} refuses: {why}")
        return Trouble.OTHER, text.format(server=self.shown, why=_first_line(why))


def _about_tls(error: BaseException) -> bool:
    """Whether certificates are the matter, and not a connection that broke; a missing file is the authority's."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError | FileNotFoundError) or "CERTIFICATE_VERIFY_FAILED" in str(
            seen
        ):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _first_line(why: str) -> str:
    return why.splitlines()[0].rstrip(".") if why else _("no reason given")
