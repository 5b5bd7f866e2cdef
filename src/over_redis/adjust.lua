-- Adds to the debt of a limit, or takes from it: ARGV[2] microseconds, of a window of ARGV[3].
local per = tonumber(ARGV[3])
keep(KEYS[2], math.max(0, math.min(per, debt_of(KEYS[2], per) + tonumber(ARGV[2]))), per)
return 1
