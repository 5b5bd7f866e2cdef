-- Begins an epoch if this server has another run than the one that is noted: it restarted or is a former replica, and may have
-- lost what was written last. ARGV: the run (empty in a cluster, where the server is asked), the node's time, "used" if the node
-- knew an earlier epoch, "forget" to refuse all signatures from before now, and how long to keep the epoch.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local epoch = redis.call('GET', KEYS[1])
local actual = ARGV[1]
if actual == '' then actual = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
local run, used_up
if epoch then run, used_up = string.match(epoch, '^(%S+) (%S+)') end
if run == actual and ARGV[4] == '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return epoch
end
if run ~= actual then
  used_up = '0'
  if epoch or ARGV[3] == 'used' then used_up = string.format('%.0f', now) end
end
-- The later of both clocks, so that a slow one brings nothing back; but no clock can refuse signatures for long.
local since = math.max(now, math.min(tonumber(ARGV[2]), now + 300000000))
epoch = actual .. ' ' .. used_up .. ' ' .. string.format('%.0f', since)
redis.call('SET', KEYS[1], epoch, 'PX', ARGV[5])
return epoch
