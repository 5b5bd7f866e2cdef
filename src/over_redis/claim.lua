-- Uses up a signature: 1, or 0 if it was used before, or 2 if it was made before signatures were remembered. ARGV: the run, when it was
-- made, until when to remember it, the process, and the number of its claim; without a process, nothing is changed.
if tonumber(ARGV[2]) < since then return 2 end
-- By the clock here, since those of nodes differ: until it is not valid for any of them.
local left = tonumber(ARGV[3]) - now
if left <= 0 then return 2 end
local px = string.format('%.0f', math.ceil(left / 1000))
if ARGV[4] == '' then return 1 - redis.call('EXISTS', KEYS[2]) end
local claim = ARGV[4] .. ':' .. ARGV[5]
if redis.call('SET', KEYS[2], claim, 'NX', 'PX', px) then return 1 end
-- A claim of the same process that it did not keep, or whose answer it did not receive: the process knows what it kept.
if string.sub(redis.call('GET', KEYS[2]), 1, #ARGV[4] + 1) == ARGV[4] .. ':' then
  redis.call('SET', KEYS[2], claim, 'PX', px)
  return 1
end
return 0
