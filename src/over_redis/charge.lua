-- Charges all limits, or none. For each of KEYS[3…]: the debt of one request, the window, how many requests have to be there, how
-- many are charged, how many more are taken if they are there, and `spare`. The answer, in one line: whether all passed, and for
-- each how many more were taken, and its debt.
local debts, passes, charges = {}, 1, false
for i = 3, #KEYS do
  local at = 3 + (i - 3) * 6
  local unit, per, wanted = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  debts[i] = debt_of(KEYS[i], per, tonumber(ARGV[at + 5]))
  if debts[i] + wanted * unit > per + 0.01 then passes = 0 end
end
local answer = {passes}
for i = 3, #KEYS do
  local at = 3 + (i - 3) * 6
  local unit, per = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local charged, extra = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local got = 0
  if passes == 1 and charged + extra > 0 then
    local debt = debts[i] + charged * unit
    got = math.max(0, math.min(extra, math.floor((per - debt) / unit + 0.000001)))
    debts[i] = debt + got * unit
    keep(KEYS[i], debts[i], per)
    charges = true
  end
  answer[#answer + 1] = string.format('%d', got)
  answer[#answer + 1] = string.format('%.3f', debts[i])
end
local text = table.concat(answer, ' ')
if charges then return answer_once(text) end
return text
