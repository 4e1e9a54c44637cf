"""The event store on a Redis server.

All keys are named ``workshop:events:…``: ``event:ID`` holds the JSON; ``type:TYPE``, a stream, and
``correlation:ID``, a list, hold ids in stored order; ``handled:EVENT:CONSUMER`` marks. One server, not Redis Cluster.
"""

from collections.abc import Callable, Sequence
from typing import Any

from workshop_lib.events.errors import NotAnEventStore, StoreClosed, StoreUnavailable
from workshop_lib.events.redis_server import RedisServer, Trouble
from workshop_lib.events.stores.base import EventStore, Row, check_same
from workshop_lib.i18n import _

_ROOT = "workshop:events:"
_AT_ONCE = 500

_WRITE = """
-- root, ms to live or 0, key of a mark or '', then for each event: id, type, correlation id or '', body
-- -> 'kept'; 'handled' where the mark was there; or what is there under ids of other texts, and nothing written
local root, ttl, mark = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if mark ~= '' and redis.call('EXISTS', mark) == 1 then return 'handled' end
local others, new = {}, {}
for i = 4, #ARGV, 4 do
  local there = redis.call('GET', root .. 'event:' .. ARGV[i])
  if not there then
    new[#new + 1] = i
  elseif there ~= ARGV[i + 3] then
    others[#others + 1] = ARGV[i]
    others[#others + 1] = there
  end
end
if #others > 0 then return others end
local function keep(key, text)
  if ttl > 0 then redis.call('SET', key, text, 'PX', ttl) else redis.call('SET', key, text) end
end
local function add(key, ...)
  local there = redis.call('EXISTS', key) == 1
  redis.call(...)
  if ttl == 0 then redis.call('PERSIST', key)
  elseif there then redis.call('PEXPIRE', key, ttl, 'GT')
  else redis.call('PEXPIRE', key, ttl) end
end
local function gone(id) return redis.call('EXISTS', root .. 'event:' .. id) == 0 end
for _, i in ipairs(new) do
  local id, kind, work = ARGV[i], root .. 'type:' .. ARGV[i + 1], root .. 'correlation:' .. ARGV[i + 2]
  keep(root .. 'event:' .. id, ARGV[i + 3])
  add(kind, 'XADD', kind, '*', 'id', id)
  -- For each that comes, up to ten whose time is over may go: what is kept does not grow with what was.
  for _, entry in ipairs(redis.call('XRANGE', kind, '-', '+', 'COUNT', 10)) do
    if not gone(entry[2][2]) then break end
    redis.call('XDEL', kind, entry[1])
  end
  if ARGV[i + 2] ~= '' then
    add(work, 'RPUSH', work, id)
    for _, first in ipairs(redis.call('LRANGE', work, 0, 9)) do
      if not gone(first) then break end
      redis.call('LPOP', work)
    end
  end
end
if mark ~= '' then keep(mark, '1') end
return 'kept'
"""


class RedisEventStore(EventStore):
    """Events on the server that `redis_url` names: ``redis://[user:password@]host[:port][/database]``.

    With TLS: ``rediss://…``, and ``?ca=PATH`` for a certificate authority of your own. Each write is one step on the
    server, all of it or nothing, and is as durable as the server's log (``appendonly yes``).
    """

    def __init__(self, redis_url: str, *, ttl: float | None = None) -> None:
        """Reach the server.

        Args:
            ttl: seconds for which what is stored now is kept; for ever by default.

        Raises:
            StoreUnavailable: the URL can't be read, nobody answers, or the password is refused.
        """
        super().__init__(ttl)
        try:
            self._server = RedisServer.of(redis_url)
        except ValueError as error:
            text = _("expected redis://[user:password@]host[:port][/database] or rediss://…, but {why}")
            raise StoreUnavailable(text.format(why=error)) from None
        # Storing the same event again changes nothing, and reading neither: what failed may be asked again.
        self._client: Any = self._server.client(repeats=3)
        self._write_script = self._client.register_script(_WRITE)
        try:
            self._ask(lambda client: client.ping())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the server; closing twice is no error."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _write(self, rows: Sequence[Row], mark: tuple[str, str] | None) -> None:
        left = {row.event_id: row for row in rows}
        key = "" if mark is None else _handled(mark)
        ttl = 0 if self.ttl is None else max(1, int(self.ttl * 1000))
        while True:
            words = [word for row in left.values() for word in _words(row)]
            said = self._ask(lambda client: self._write_script(args=[_ROOT, ttl, key, *words], client=client))  # noqa: B023
            if isinstance(said, bytes):
                return
            for event_id, there in zip(said[::2], said[1::2], strict=True):
                row = left.pop(event_id.decode())
                check_same(row.event_id, there.decode(), row.body)

    def _is_handled(self, mark: tuple[str, str]) -> bool:
        return bool(self._ask(lambda client: client.exists(_handled(mark))))

    def _body(self, event_id: str) -> str | None:
        found = self._bodies([event_id.encode()])
        return found[0] if found else None

    def _bodies_of_work(self, correlation_id: str) -> list[str]:
        ids = self._ask(lambda client: client.lrange(f"{_ROOT}correlation:{correlation_id}", 0, -1))
        # An id stands there twice where its event had its time and was stored again: the later place is its own.
        return self._bodies(list(dict.fromkeys(reversed(ids)))[::-1])

    def _bodies_of_type(self, event_type: str, count: int) -> list[str]:
        found: list[str] = []
        seen: set[bytes] = set()
        last, size = "+", min(_AT_ONCE, count)
        # What the index names may have had its time: look further back for what is missing.
        while len(found) < count:
            page = self._ask(lambda client: client.xrevrange(f"{_ROOT}type:{event_type}", max=last, count=size))  # noqa: B023
            ids = [one for one in dict.fromkeys(fields[b"id"] for _id, fields in page) if one not in seen]
            seen.update(ids)
            found += self._bodies(ids)
            if len(page) < size:
                break
            last = f"({page[-1][0].decode()}"
        return found[:count]

    def _bodies(self, ids: Sequence[bytes]) -> list[str]:
        found: list[bytes | None] = []
        for start in range(0, len(ids), _AT_ONCE):
            keys = [f"{_ROOT}event:".encode() + one for one in ids[start : start + _AT_ONCE]]
            found += self._ask(lambda client: client.mget(keys))  # noqa: B023
        return [body.decode() for body in found if body is not None]

    def _ask(self, call: Callable[[Any], Any]) -> Any:
        from redis.exceptions import RedisError

        client = self._client
        if client is None:
            raise StoreClosed
        try:
            return call(client)
        except (RedisError, OSError) as error:
            trouble, text = self._server.explain(error)
            raise (NotAnEventStore(text) if trouble is Trouble.FOREIGN else StoreUnavailable(text)) from None


def _handled(mark: tuple[str, str]) -> str:
    consumer, event_id = mark
    return f"{_ROOT}handled:{event_id}:{consumer}"


def _words(row: Row) -> tuple[str, str, str, str]:
    return row.event_id, row.event_type, row.correlation_id or "", row.body
