-- Adds to the debt of a limit, or takes from it: ARGV[3] microseconds, of a window of ARGV[4].
local per = tonumber(ARGV[4])
keep(KEYS[3], math.max(0, math.min(per, debt_of(KEYS[3], per) + tonumber(ARGV[3]))), per)
return answer_once('1')
