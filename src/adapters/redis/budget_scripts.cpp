#include "adapters/redis/budget_scripts.hpp"

#include <string>

namespace obleth::adapters {
namespace {

// An account is one field of the tenant's hash: rule, term's begin and end, when counting began, whether what was
// before is unknown, spent and held (tokens, dollars, nano-dollars each), then limit, level and time of either bucket.
constexpr std::string_view accounts = R"lua(
local UNIT, MOST, LIFETIME, KEPT = 60000, 9000000000000000, 120000, 3456000000
local RULE, BEGIN, FINISH, SINCE, UNKNOWN, SPENT, HELD, TOKENS, REQUESTS = 1, 2, 3, 4, 5, 6, 9, 12, 15
local FORMER, SETTLED, TOLD, STOOD = 3, 4, 7, 10

local function clock(given)
  if given ~= '' then return tonumber(given) end
  local at = redis.call('TIME')
  return at[1] * 1000 + math.floor(at[2] / 1000)
end
local function words_of(text)
  local words = {}
  for word in string.gmatch(text, '%S+') do words[#words + 1] = word end
  return words
end
local function load(field)
  local packed = redis.call('HGET', KEYS[1], field)
  if not packed then return nil end
  local account = words_of(packed)
  for at = 2, #account do account[at] = tonumber(account[at]) end
  return account
end
local function load_or_open(field)
  return load(field) or {'-', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, -1, 0, 0}
end
local function pack(account)
  local words = {}
  for at, word in ipairs(account) do
    words[at] = type(word) == 'number' and string.format('%.0f', word) or word
  end
  return table.concat(words, ' ')
end
local function save(field, account) redis.call('HSET', KEYS[1], field, pack(account)) end

local function bounded(number) return math.max(-MOST, math.min(MOST, number)) end
local function add(account, at, sign, amount)
  account[at] = bounded(account[at] + sign * amount[1])
  local nano = account[at + 2] + sign * amount[3]
  local carry = math.floor(nano / 1000000000)
  account[at + 1] = bounded(account[at + 1] + sign * amount[2] + carry)
  account[at + 2] = nano - carry * 1000000000
end
local function amount_of(account, at) return {account[at], account[at + 1], account[at + 2]} end

-- Of the term before SINCE there are three accounts, beside the account: what settlements came to, what the book told,
-- and what SPENT was when counting began anew. Each may lack something, none has anything twice: the most of them is
-- in SPENT. Before them stand the SINCE and BEGIN that they belong to, and the SINCE before.
local function past_of(field, account)
  local past = words_of(redis.call('HGET', KEYS[1], 'b:' .. field) or '')
  for at = 1, #past do past[at] = tonumber(past[at]) end
  if past[1] == account[SINCE] and past[2] == account[BEGIN] then return past end
  return {account[SINCE], account[BEGIN], account[SINCE], 0, 0, 0, 0, 0, 0, 0, 0, 0}
end
local function raise(past, at, amount)
  past[at] = math.max(past[at], amount[1])
  if amount[2] > past[at + 1] or (amount[2] == past[at + 1] and amount[3] > past[at + 2]) then
    past[at + 1], past[at + 2] = amount[2], amount[3]
  end
end
local function most_of(past)
  local most = amount_of(past, SETTLED)
  raise(most, 1, amount_of(past, TOLD))
  raise(most, 1, amount_of(past, STOOD))
  return most
end
local function keep_past(field, account, past, most_before)
  add(account, SPENT, 1, most_of(past))
  add(account, SPENT, -1, most_before)
  save('b:' .. field, past)
end

local function refill(account, at, now)
  local limit, level, since = account[at], account[at + 1], account[at + 2]
  if now <= since then return end
  local missing = limit * UNIT - level
  if now - since >= missing / math.max(limit, 1) then level = limit * UNIT else level = level + (now - since) * limit end
  account[at + 1], account[at + 2] = level, now
end
local function take(account, at, amount, now)
  if account[at] < 0 then return end
  refill(account, at, now)
  account[at + 1] = math.min(account[at] * UNIT, bounded(account[at + 1] - amount * UNIT))
end
-- A hold is what it took from the buckets (tokens, requests), what it holds on budgets, and the fields.
local function give_back(reservation, hold, now)
  for at = 6, #hold do
    local account = load(hold[at])
    if account then
      take(account, TOKENS, -hold[1], now)
      add(account, HELD, -1, {hold[3], hold[4], hold[5]})
      save(hold[at], account)
    end
  end
end
local function hold_of(reservation)
  local kept = redis.call('HGET', KEYS[1], 'r:' .. reservation)
  if not kept or kept == 'x' then return nil, kept end
  local hold = words_of(kept)
  for at = 1, 5 do hold[at] = tonumber(hold[at]) end
  return hold, kept
end
local function forget(reservation)
  redis.call('HDEL', KEYS[1], 'r:' .. reservation)
  redis.call('ZREM', KEYS[2], reservation)
end
)lua";

constexpr std::string_view reserve = R"lua(
local function release_expired(now)
  for _, reservation in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)) do
    local hold = hold_of(reservation)
    if hold then give_back(reservation, hold, now) end
    forget(reservation)
  end
end
local function obey_limit(account, at, limit, now)
  if limit < 0 then account[at] = -1 return end
  if account[at] < 0 then
    account[at], account[at + 1], account[at + 2] = limit, limit * UNIT, now
    return
  end
  refill(account, at, now)
  -- A smaller limit alone makes no debt.
  account[at + 1] = math.max(bounded(account[at + 1] + (limit - account[at]) * UNIT), math.min(account[at + 1], 0))
  account[at] = limit
end
local function count_anew(account, now)
  account[SINCE], account[SPENT], account[SPENT + 1], account[SPENT + 2] = now + 1, 0, 0, 0
  account[UNKNOWN] = account[BEGIN] < now + 1 and 1 or 0
end
-- False: the term that came is not of this moment.
local function obey_budget(account, rule, begin, finish, now)
  if rule == '-' then
    account[RULE], account[UNKNOWN] = rule, 0
    return true
  end
  local before, former_begin, former_finish = account[RULE], account[BEGIN], account[FINISH]
  if before == rule and now < former_finish then return true end
  if now < begin or now >= finish then return false end
  account[RULE], account[BEGIN], account[FINISH] = rule, begin, finish
  if before ~= rule then
    count_anew(account, now)
  elseif former_begin == former_finish then
    -- A settlement has entered the term that came then: it is this one, or nobody knows.
    if former_begin ~= begin then count_anew(account, now) end
  else
    account[SPENT], account[SPENT + 1], account[SPENT + 2], account[UNKNOWN] = 0, 0, 0, 0
  end
  return true
end
local function admits(account, at, amount, now)
  if account[at] < 0 then return true end
  refill(account, at, now)
  return account[at + 1] >= math.min(amount, account[at]) * UNIT
end
local function affords(account, limits, bound)
  if account[RULE] == '-' or (bound[1] == 0 and bound[2] == 0 and bound[3] == 0) then return true end
  if limits[1] >= 0 and limits[1] - account[SPENT] - account[HELD] < bound[1] then return false end
  if limits[2] < 0 then return true end
  local dollars = limits[2] - account[SPENT + 1] - account[HELD + 1] - bound[2]
  local nano = limits[3] - account[SPENT + 2] - account[HELD + 2] - bound[3]
  return math.max(-9000000, math.min(9000000, dollars)) * 1000000000 + nano >= 0
end

local now, reservation = clock(ARGV[1]), ARGV[2]
release_expired(now)
local expected, bound = tonumber(ARGV[5]), {tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])}
local charged, unknown, fits = {}, false, true
for at = 9, #ARGV, 10 do
  local field, account = ARGV[at], load_or_open(ARGV[at])
  obey_limit(account, TOKENS, tonumber(ARGV[at + 1]), now)
  obey_limit(account, REQUESTS, tonumber(ARGV[at + 2]), now)
  if not obey_budget(account, ARGV[at + 3], tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), now) then
    return {'late', string.format('%.0f', now)}
  end
  unknown = unknown or account[UNKNOWN] == 1
    or (account[RULE] ~= '-' and account[SINCE] ~= tonumber(ARGV[at + 9]))
  local limits = {tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])}
  fits = fits and affords(account, limits, bound) and (expected == 0 or admits(account, TOKENS, expected, now))
    and admits(account, REQUESTS, 1, now)
  charged[#charged + 1] = {field, account}
end
local answer = {'short', string.format('%.0f', now)}
for _, each in ipairs(charged) do answer[#answer + 1] = pack(each[2]) end
local hold, kept = hold_of(reservation)
if kept == 'x' then answer[1] = 'cancelled'
elseif hold then answer[1] = 'taken'
elseif unknown and ARGV[4] == '0' then answer[1] = 'unknown'
elseif fits and ARGV[3] == '1' then
  answer[1] = 'taken'
  local words = {ARGV[5], '1', ARGV[6], ARGV[7], ARGV[8]}
  for _, each in ipairs(charged) do
    take(each[2], TOKENS, expected, now)
    take(each[2], REQUESTS, 1, now)
    add(each[2], HELD, 1, bound)
    words[#words + 1] = each[1]
  end
  redis.call('HSET', KEYS[1], 'r:' .. reservation, table.concat(words, ' '))
  redis.call('ZADD', KEYS[2], now + LIFETIME, reservation)
end
for _, each in ipairs(charged) do save(each[1], each[2]) end
redis.call('PEXPIRE', KEYS[1], KEPT)
return answer
)lua";

constexpr std::string_view settle = R"lua(
-- Its row is in what the book tells of that time, or comes there.
local function count_late(field, account, used, ended)
  local past = past_of(field, account)
  local most_before = most_of(past)
  add(past, SETTLED, 1, used)
  if ended >= past[FORMER] then add(past, STOOD, 1, used) end
  keep_past(field, account, past, most_before)
end

-- A stream keeps the numbers that were booked and may come again; its lowest stands for all up to it. One may come
-- after those that follow it: where Redis did not know this script when it came, and knew it when they did.
local function is_booked(stream, sequence, first_open)
  local lowest = tonumber(redis.call('ZRANGE', stream, 0, 0)[1] or -1)
  if sequence <= lowest or redis.call('ZSCORE', stream, sequence) then return true end
  if first_open - 1 > lowest then
    redis.call('ZREMRANGEBYSCORE', stream, '-inf', first_open - 1)
    redis.call('ZADD', stream, first_open - 1, first_open - 1)
  end
  redis.call('ZADD', stream, sequence, sequence)
  redis.call('PEXPIRE', stream, KEPT)
  return false
end

local now, reservation, sequence = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if sequence > 0 and is_booked(KEYS[3], sequence, tonumber(ARGV[4])) then return 'again' end
local used, requests = {tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])}, tonumber(ARGV[8])
local ended = tonumber(ARGV[9])
local hold, kept = hold_of(reservation)
local holders = {}
for at = 6, hold and #hold or 0 do holders[hold[at]] = true end
for at = 12, #ARGV do
  local account = load(ARGV[at])
  if account then
    if holders[ARGV[at]] then
      take(account, TOKENS, used[1] - hold[1], now)
      take(account, REQUESTS, requests - hold[2], now)
      add(account, HELD, -1, {hold[3], hold[4], hold[5]})
    else
      take(account, TOKENS, used[1], now)
      if ARGV[11] == '1' then take(account, REQUESTS, requests, now) end
    end
    if account[RULE] ~= '-' then
      -- Not before Redis' own clock says so: a replica whose clock is ahead ends no term.
      if math.min(math.max(ended, account[SINCE]), now) >= account[FINISH] and account[BEGIN] < account[FINISH] then
        account[BEGIN], account[SPENT], account[SPENT + 1], account[SPENT + 2] = account[FINISH], 0, 0, 0
        account[UNKNOWN] = 0
      end
      if ended >= math.max(account[BEGIN], account[SINCE]) then
        add(account, SPENT, 1, used)
      elseif ended >= account[BEGIN] then
        count_late(ARGV[at], account, used, ended)
      end
    end
    save(ARGV[at], account)
  end
end
if kept then forget(reservation) end
if ARGV[10] == '1' then
  redis.call('HSET', KEYS[1], 'r:' .. reservation, 'x')
  redis.call('ZADD', KEYS[2], now + LIFETIME, reservation)
end
return hold and 'settled' or 'charged'
)lua";

// What took no tokens from the buckets of now is taken from them whole when it is settled: expected is 0.
constexpr std::string_view renew = R"lua(
local now, at = clock(ARGV[1]), 2
while at <= #ARGV do
  local reservation, last = ARGV[at], at + 5 + ARGV[at + 5]
  local hold, kept = hold_of(reservation)
  if not kept then
    local words = {'0', ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]}
    local bound = {tonumber(words[3]), tonumber(words[4]), tonumber(words[5])}
    for each = at + 6, last do
      local account = load_or_open(ARGV[each])
      add(account, HELD, 1, bound)
      save(ARGV[each], account)
      words[#words + 1] = ARGV[each]
    end
    redis.call('HSET', KEYS[1], 'r:' .. reservation, table.concat(words, ' '))
  end
  if kept ~= 'x' then redis.call('ZADD', KEYS[2], now + LIFETIME, reservation) end
  at = last + 1
end
redis.call('PEXPIRE', KEYS[1], KEPT)
return 'renewed'
)lua";

constexpr std::string_view recount = R"lua(
local now, field, account = clock(ARGV[1]), ARGV[2], load(ARGV[2])
if not account then return {'gone', ''} end
-- anew: nobody has told yet what came before SINCE.
local counted = account[UNKNOWN] == 1 and 'anew' or 'before'
if account[RULE] ~= '-' and account[SINCE] < tonumber(ARGV[3]) then
  local past = past_of(field, account)
  local spent, most_before = amount_of(account, SPENT), most_of(past)
  add(past, SETTLED, 1, spent)
  add(past, SETTLED, -1, most_before)
  past[FORMER], account[SINCE], counted = account[SINCE], now + 1, 'anew'
  past[1] = account[SINCE]
  for at = 0, 2 do past[TOLD + at], past[STOOD + at] = 0, spent[at + 1] end
  save('b:' .. field, past)
  save(field, account)
end
return {counted, pack(account)}
)lua";

constexpr std::string_view learn = R"lua(
local field, account = ARGV[1], load(ARGV[1])
if not account or account[SINCE] ~= tonumber(ARGV[2]) or account[BEGIN] ~= tonumber(ARGV[3]) then return 'moved' end
local past = past_of(field, account)
local most_before = most_of(past)
raise(past, TOLD, {tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])})
keep_past(field, account, past, most_before)
account[UNKNOWN] = 0
save(field, account)
return 'learned'
)lua";

std::string with_accounts(std::string_view step) {
  return std::string(accounts).append(step);
}

}  // namespace

const RedisScript& reserve_script() {
  static const RedisScript script("reserve", with_accounts(reserve));
  return script;
}

const RedisScript& settle_script() {
  static const RedisScript script("settle", with_accounts(settle));
  return script;
}

const RedisScript& renew_script() {
  static const RedisScript script("renew", with_accounts(renew));
  return script;
}

const RedisScript& recount_script() {
  static const RedisScript script("recount", with_accounts(recount));
  return script;
}

const RedisScript& learn_script() {
  static const RedisScript script("learn", with_accounts(learn));
  return script;
}

}  // namespace obleth::adapters
