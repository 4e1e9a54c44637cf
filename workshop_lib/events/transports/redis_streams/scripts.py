"""What the server does in one step. Every script begins with the root of our keys as its first argument.

Redis runs a script alone and writes it to its log as one transaction: all of it is there after a crash, or nothing.
"""

GROUP = "workers"
ROOT = "workshop:bus:"

_COMMON = """
local root = ARGV[1]
local GROUP, FREE = 'workers', 'released'

local function stream(level, name) return root .. 'stream:' .. level .. ':' .. name end
local function levels(flags)
  if string.sub(flags, 1, 1) == '1' then return {'2', '1', '0'} end
  return {'1'}
end
local function level_for(flags, priority)
  if string.sub(flags, 1, 1) == '1' then return priority end
  return '1'
end
local function temporary(flags) return string.sub(flags, 2, 2) == 't' end
local function flags_of(name) return redis.call('HGET', root .. 'queues', name) end
local function wake(name) redis.call('PUBLISH', root .. 'wake:' .. name, '') end
local function clock()
  local now = redis.call('TIME')
  return now[1] * 1000000 + now[2]
end
local function changed()
  -- Not a plain counter: after FLUSHALL it would come back to numbers that a publisher has seen with other queues.
  local count = redis.call('INCR', root .. 'changes')
  redis.call('SET', root .. 'version', string.format('%.0f', clock()) .. '-' .. count)
end
local function forget(name, flags)
  for _, level in ipairs(levels(flags)) do redis.call('DEL', stream(level, name)) end
  redis.call('DEL', root .. 'delayed:' .. name, root .. 'dead:' .. name, root .. 'alive:' .. name)
  redis.call('HDEL', root .. 'queues', name)
  for _, exchange in ipairs(redis.call('SMEMBERS', root .. 'exchanges')) do
    for _, member in ipairs(redis.call('SMEMBERS', root .. 'bindings:' .. exchange)) do
      if cjson.decode(member)[1] == name then redis.call('SREM', root .. 'bindings:' .. exchange, member) end
    end
  end
  changed()
end
local function forget_the_abandoned()
  local all = redis.call('HGETALL', root .. 'queues')
  for i = 1, #all, 2 do
    if temporary(all[i + 1]) and redis.call('EXISTS', root .. 'alive:' .. all[i]) == 0 then
      forget(all[i], all[i + 1])
    end
  end
end
local function set_field(fields, name, value)
  for i = 1, #fields, 2 do
    if fields[i] == name then fields[i + 1] = value return end
  end
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end
local function get_field(fields, name, default)
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return default
end
"""

# Settlements must get through to a full server: they are what empties it.
_WHEN_FULL = "#!lua flags=allow-oom\n"
_PLAIN = "#!lua\n"

DECLARE = (
    _PLAIN
    + _COMMON
    + """
-- root, exchange, name, flags, milliseconds that a temporary queue outlives its owner, bindings...
local exchange, name, flags, life = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
forget_the_abandoned()
local there = flags_of(name)
if there and there ~= flags then return there end
local new = not there
if new then
  redis.call('HSET', root .. 'queues', name, flags)
  for _, level in ipairs(levels(flags)) do
    redis.call('XGROUP', 'CREATE', stream(level, name), GROUP, '0', 'MKSTREAM')
  end
end
if temporary(flags) then redis.call('SET', root .. 'alive:' .. name, '', 'PX', life) end
redis.call('SADD', root .. 'exchanges', exchange)
for i = 6, #ARGV do
  if redis.call('SADD', root .. 'bindings:' .. exchange, ARGV[i]) == 1 then new = true end
end
if new then changed() end
return flags
"""
)

ROUTES = (
    _WHEN_FULL
    + _COMMON
    + """
-- root, exchange -> version, queues and their flags, bindings
forget_the_abandoned()
return {
  redis.call('GET', root .. 'version') or '',
  redis.call('HGETALL', root .. 'queues'),
  redis.call('SMEMBERS', root .. 'bindings:' .. ARGV[2]),
}
"""
)

PUBLISH = (
    _PLAIN
    + _COMMON
    + """
-- root, publisher, number, version, how many queues, each queue's name and flags,
-- then for each message: key, body, headers, priority, how many queues, their places in the list above
local token, number, version, queues = root .. 'publisher:' .. ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
-- Sent again for want of an answer. Or the first one, held up on its way until after the second and the next.
if tonumber(redis.call('GET', token) or 0) >= number then return 'done' end
if (redis.call('GET', root .. 'version') or '') ~= version then return 'stale' end
for q = 0, queues - 1 do
  local name, flags = ARGV[6 + 2 * q], ARGV[7 + 2 * q]
  if temporary(flags) and redis.call('EXISTS', root .. 'alive:' .. name) == 0 then return 'stale' end
end
local i = 6 + 2 * queues
while i <= #ARGV do
  local key, body, headers, priority, count = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  for j = i + 5, i + 4 + count do
    local q = tonumber(ARGV[j])
    local to = stream(level_for(ARGV[7 + 2 * q], priority), ARGV[6 + 2 * q])
    redis.call('XADD', to, '*', 'k', key, 'b', body, 'h', headers, 'p', priority, 'a', '1')
  end
  i = i + 5 + count
end
for q = 0, queues - 1 do wake(ARGV[6 + 2 * q]) end
redis.call('SET', token, number, 'EX', 3600)
return 'done'
"""
)

WORK = (
    _WHEN_FULL
    + _COMMON
    + """
-- root, name, consumer, credit, lease in ms, sweep, recover, then settlements of five: kind, level, id, two more
-- -> those that were no longer ours, the entries taken, ms until the next delayed one is due or -1
local name, me, credit, lease = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local sweep, recover = ARGV[6] == '1', ARGV[7] == '1'
local flags = flags_of(name)
if not flags then return false end
local now, delayed, freed = clock(), root .. 'delayed:' .. name, false
local lost, taken, known = {}, {}, {}

local function free(from, id, times)
  redis.call('XCLAIM', from, GROUP, FREE, 0, id, 'TIME', 1, 'RETRYCOUNT', times, 'JUSTID')
  freed = true
end

for i = 8, #ARGV, 5 do
  local kind, level, id, more, also = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local from = stream(level, name)
  local mine = redis.call('XPENDING', from, GROUP, id, id, 1, me)[1]
  known[level .. ' ' .. id] = true
  if not mine then
    lost[#lost + 1] = {kind, level, id}
  elseif kind == 'keep' then
    redis.call('XCLAIM', from, GROUP, me, 0, id, 'JUSTID')
  elseif kind == 'release' then
    free(from, id, mine[4] - 1)
  elseif kind == 'give up' then
    free(from, id, mine[4])
  else
    local entry = kind ~= 'ack' and redis.call('XRANGE', from, id, id)[1]
    if entry then
      local fields = entry[2]
      if kind == 'retry' then
        set_field(fields, 'a', tostring((tonumber(get_field(fields, 'a')) or 1) + 1))
        redis.call('ZADD', delayed, string.format('%.0f', now + more), cmsgpack.pack({id, level, fields}))
        freed = true
      else
        for _, each in ipairs({'r', more, 'g', also, 't', string.format('%.0f', now)}) do
          fields[#fields + 1] = each
        end
        redis.call('XADD', root .. 'dead:' .. name, '*', unpack(fields))
      end
    end
    redis.call('XACK', from, GROUP, id)
    redis.call('XDEL', from, id)
  end
end

if temporary(flags) then redis.call('SET', root .. 'alive:' .. name, '', 'PX', lease) end

for _, level in ipairs(levels(flags)) do
  local from = stream(level, name)
  if recover then
    -- Taken by a call whose answer never came.
    for _, pending in ipairs(redis.call('XPENDING', from, GROUP, '-', '+', 100000, me)) do
      if not known[level .. ' ' .. pending[1]] then free(from, pending[1], pending[4] - 1) end
    end
  end
  if sweep then
    local cursor = '0-0'
    repeat
      local found = redis.call('XAUTOCLAIM', from, GROUP, FREE, lease, cursor, 'COUNT', 100, 'JUSTID')
      cursor = found[1]
    until cursor == '0-0'
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', from, GROUP)) do
      local who, pending, idle = consumer[2], consumer[4], consumer[6]
      if who ~= me and who ~= FREE and pending == 0 and idle > 10 * lease then
        redis.call('XGROUP', 'DELCONSUMER', from, GROUP, who)
      end
    end
  end
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', string.format('%.0f', now), 'LIMIT', 0, 100)) do
  local packed = cmsgpack.unpack(member)
  redis.call('XADD', stream(packed[2], name), '*', unpack(packed[3]))
  redis.call('ZREM', delayed, member)
  freed = true
end

for _, level in ipairs(levels(flags)) do
  local from = stream(level, name)
  if credit > 0 then
    for _, pending in ipairs(redis.call('XPENDING', from, GROUP, '-', '+', credit, FREE)) do
      local entry = redis.call('XCLAIM', from, GROUP, me, 0, pending[1])[1]
      if entry then
        taken[#taken + 1] = {level, entry[1], pending[4], entry[2]}
        credit = credit - 1
      end
    end
  end
  if credit > 0 then
    local read = redis.call('XREADGROUP', 'GROUP', GROUP, me, 'COUNT', credit, 'STREAMS', from, '>')
    for _, entry in ipairs(read and read[1][2] or {}) do
      taken[#taken + 1] = {level, entry[1], 0, entry[2]}
      credit = credit - 1
    end
  end
end

if freed then wake(name) end
local next = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
return {lost, taken, next[2] and math.max(0, math.ceil((next[2] - now) / 1000)) or -1}
"""
)

QUIT = (
    _WHEN_FULL
    + _COMMON
    + """
-- root, name, consumer: what it still has goes back, and it is forgotten
local name, me = ARGV[2], ARGV[3]
local flags = flags_of(name)
if not flags then return 0 end
for _, level in ipairs(levels(flags)) do
  local from = stream(level, name)
  for _, pending in ipairs(redis.call('XPENDING', from, GROUP, '-', '+', 100000, me)) do
    redis.call('XCLAIM', from, GROUP, FREE, 0, pending[1], 'TIME', 1, 'RETRYCOUNT', pending[4], 'JUSTID')
  end
  redis.call('XGROUP', 'DELCONSUMER', from, GROUP, me)
end
wake(name)
return 1
"""
)

COUNT = (
    _WHEN_FULL
    + _COMMON
    + """
-- root, name -> ready, delayed, dead
local name = ARGV[2]
local flags = flags_of(name)
if not flags then return false end
local ready = 0
for _, level in ipairs(levels(flags)) do
  local from = stream(level, name)
  local pending = redis.call('XPENDING', from, GROUP)
  ready = ready + redis.call('XLEN', from) - pending[1]
  for _, consumer in ipairs(pending[4] or {}) do
    if consumer[1] == FREE then ready = ready + consumer[2] end
  end
end
return {ready, redis.call('ZCARD', root .. 'delayed:' .. name), redis.call('XLEN', root .. 'dead:' .. name)}
"""
)

REPLAY = (
    _PLAIN
    + _COMMON
    + """
-- root, name, id... -> how many there were
local name = ARGV[2]
local flags = flags_of(name)
if not flags then return false end
local dead, found = root .. 'dead:' .. name, 0
for i = 3, #ARGV do
  local id = ARGV[i]
  local entry = redis.call('XRANGE', dead, id, id)[1]
  if entry then
    local fields, priority = {}, get_field(entry[2], 'p', '1')
    for _, field in ipairs({'k', 'b', 'h', 'p'}) do
      fields[#fields + 1] = field
      fields[#fields + 1] = get_field(entry[2], field, '')
    end
    redis.call('XADD', stream(level_for(flags, priority), name), '*', 'a', '1', unpack(fields))
    redis.call('XDEL', dead, id)
    found = found + 1
  end
end
if found > 0 then wake(name) end
return found
"""
)

FORGET = (
    _WHEN_FULL
    + _COMMON
    + """
-- root, name
local flags = flags_of(ARGV[2])
if flags then forget(ARGV[2], flags) end
return 1
"""
)
