-- Returns a signature that was used up for nothing, unless it was claimed again since.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
