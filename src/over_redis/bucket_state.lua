-- Begins every script that reads limits or signatures. KEYS[1] is the epoch: the run of this server, since when all limits that are
-- not known count as used up, and since when signatures are remembered, in microseconds. ARGV[1] is the run that
-- the node knows; empty in a cluster, where the server is asked.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local epoch = redis.call('GET', KEYS[1])
if not epoch then return -1 end
local run, used_up, since = string.match(epoch, '^(%S+) (%S+) (%S+)$')
used_up, since = tonumber(used_up), tonumber(since)
local known = ARGV[1]
if known == '' then known = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
if run ~= known then return -1 end

-- A limit's state is its debt: how long it takes until it is full again, in microseconds, and when that was.
-- `spare`: how much of it is there all the same while all that are not known count as used up.
local function debt_of(key, per, spare)
  local state = redis.call('GET', key)
  local debt, at = 0, now
  if state then
    local d, a = string.match(state, '^(%S+) (%S+)$')
    debt, at = tonumber(d), tonumber(a)
  end
  if now - used_up < per and (not state or at < used_up) then debt, at = math.max(0, per - (spare or 0)), used_up end
  if now > at then debt = math.max(0, debt - (now - at)) end
  return debt
end

-- It expires once the limit is full, but not while a missing one counts as used up.
local function keep(key, debt, per)
  local left = math.max(debt, per - (now - used_up))
  redis.call('SET', key, string.format('%.3f %.0f', debt, now), 'PX', math.ceil(left / 1000) + 1000)
end
