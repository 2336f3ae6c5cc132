#include "adapters/redis/redis_peers.hpp"

#include <utility>

namespace obleth::adapters {
namespace {

// KEYS: members, work. ARGV: now ("": Redis' own), replica, place, sequence, epoch, when it last heard, capacity, held,
// wanted, useful, 1 where it leaves, demands, batch, work, heard.
// Answers the epoch, the time, the lease, how many replicas there are, up to where the work was read, the demands of
// the others (name, demands, …), and their work.
constexpr std::string_view exchange_text = R"lua(
local LEASE, WITHHELD, UNHEARD, TOLD, KEPT = 3100, 60000, 1500, 1024, 600000
local replica, place, demands, work, heard = ARGV[2], ARGV[3], ARGV[12], ARGV[14], ARGV[15]
local report = {sequence = ARGV[4], epoch = ARGV[5], heard_at = ARGV[6], capacity = ARGV[7], held = ARGV[8],
                wanted = ARGV[9], useful = ARGV[10], batch = ARGV[13]}
for name, number in pairs(report) do report[name] = tonumber(number) end
local now = tonumber(ARGV[1])
if not now then
  local at = redis.call('TIME')
  now = at[1] * 1000 + math.floor(at[2] / 1000)
end

local members, told, count, epoch, quiet_until = {}, {}, 0, nil, nil
local function numbers(text)
  local all = {}
  for word in string.gmatch(text, '%S+') do all[#all + 1] = tonumber(word) end
  return all
end
local known = redis.call('HGETALL', KEYS[1])
for at = 1, #known, 2 do
  local kind, name, value = string.sub(known[at], 1, 2), string.sub(known[at], 3), known[at + 1]
  if kind == 'm:' then
    local n = numbers(value)
    members[name] = {sequence = n[1], batch = n[2], lease = n[3], held = n[4], wanted = n[5], expires = n[6]}
  elseif kind == 'd:' or kind == 'p:' then
    told[known[at]] = value
  else
    local n = numbers(value)
    epoch, quiet_until = n[1], n[2]
  end
end
local function forget(name)
  members[name] = nil
  redis.call('HDEL', KEYS[1], 'm:' .. name, 'd:' .. name, 'p:' .. name)
end

if not epoch then
  epoch, quiet_until = now, report.epoch == 0 and 0 or now + LEASE
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f %.0f', epoch, quiet_until))
end
for name, member in pairs(members) do
  local followed = name ~= replica and place ~= '' and told['p:' .. name] == place
  if member.expires + (followed and 0 or WITHHELD) <= now then forget(name) end
end

local function save(name, member)
  redis.call('HSET', KEYS[1], 'm:' .. name, string.format('%.0f %.0f %.0f %.0f %.0f %.0f', member.sequence, member.batch,
             member.lease, member.held, member.wanted, member.expires), 'd:' .. name, demands, 'p:' .. name, place)
end
local function accept(before)
  local batch = before and before.batch or 0
  if work ~= '' and report.batch > batch then
    redis.call('XADD', KEYS[2], 'MAXLEN', TOLD, '*', 'replica', replica, 'work', work)
  end
  if ARGV[11] == '1' then return forget(replica) end
  local self = {sequence = report.sequence, batch = math.max(batch, report.batch), held = report.held,
                wanted = report.wanted, expires = now + LEASE}
  members[replica] = self
  local size = 0
  for _ in pairs(members) do size = size + 1 end
  local part = math.floor(report.capacity / size)
  if report.epoch == epoch and now >= report.heard_at + UNHEARD then self.held = math.max(self.held, part) end
  local free, spare = report.capacity, report.capacity
  for name, member in pairs(members) do
    if name ~= replica then
      local present = now < member.expires
      local used = present and math.max(member.lease, member.held) or part
      free = free - used
      spare = spare - (present and math.max(used, member.wanted) or part)
    end
  end
  if now < quiet_until then free = math.min(free, report.held) end
  self.lease = math.max(0, math.min(math.max(report.wanted, math.min(report.useful, spare)), free))
  save(replica, self)
end
local before = members[replica]
if not before or report.sequence > before.sequence then accept(before) end

local peers, done, lease = {}, {}, 0
for name, member in pairs(members) do
  count = count + 1
  if name == replica then
    lease = member.lease
  elseif now < member.expires then
    peers[#peers + 1] = name
    peers[#peers + 1] = told['d:' .. name] or ''
  end
end
if heard == '' then
  local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
  heard = last[1] and last[1][1] or '0-0'
else
  local streams = redis.call('XREAD', 'STREAMS', KEYS[2], heard)
  for _, entry in ipairs(streams and streams[1][2] or {}) do
    heard = entry[1]
    if entry[2][2] ~= replica then done[#done + 1] = entry[2][4] end
  end
end
redis.call('PEXPIRE', KEYS[1], KEPT)
redis.call('PEXPIRE', KEYS[2], KEPT)
return {epoch, now, lease, count, heard, peers, done}
)lua";

const RedisScript& exchange_script() {
  static const RedisScript script("share_slots", exchange_text);
  return script;
}

bool is_whole(const RedisReply& reply) {
  using Kind = RedisReply::Kind;
  constexpr std::size_t parts = 7;
  if (!reply.is_array() || reply.items.size() != parts) return false;
  for (std::size_t at = 0; at < 4; ++at) {
    if (reply.items[at].kind != Kind::integer || reply.items[at].integer < 0) return false;
  }
  return reply.items[4].is_text() && reply.items[5].is_array() && reply.items[6].is_array();
}

Result<ports::PeerNews> news_of(RedisReply reply) {
  if (reply.is_error()) return fail(store_fault(FaultKind::unavailable, reply.text));
  if (!is_whole(reply)) return fail(store_fault(FaultKind::bad_answer, "Redis does not tell of slots as it should"));
  auto& items = reply.items;
  ports::PeerNews news{.epoch = static_cast<std::uint64_t>(items[0].integer),
                       .told_at_ms = items[1].integer,
                       .lease = static_cast<std::uint32_t>(items[2].integer),
                       .replicas = static_cast<std::uint32_t>(items[3].integer)};
  news.heard = std::move(items[4].text);
  auto& peers = items[5].items;
  for (std::size_t at = 0; at + 1 < peers.size(); at += 2)
    news.peers.push_back({std::move(peers[at].text), std::move(peers[at + 1].text)});
  for (RedisReply& work : items[6].items)
    news.work.push_back(std::move(work.text));
  return news;
}

}  // namespace

RedisPeers::RedisPeers(RedisLink& link, std::string_view pool)
    : link_(link),
      members_(link.server().key("pool:" + std::string(pool_layout) + ":{" + std::string(pool) + "}:replicas")),
      work_(link.server().key("pool:" + std::string(pool_layout) + ":{" + std::string(pool) + "}:work")) {}

Task<Result<ports::PeerNews>> RedisPeers::exchange(ports::PeerReport report) {
  const auto text = [](std::integral auto number) { return std::to_string(number); };
  RedisScript::Input input{
      .keys = {members_, work_},
      .arguments = {stands_at_ms_ ? text(*stands_at_ms_) : "", std::move(report.replica), std::move(report.place),
                    text(report.sequence), text(report.epoch), text(report.heard_at_ms), text(report.capacity),
                    text(report.held), text(report.wanted), text(report.useful), report.leaves ? "1" : "0",
                    std::move(report.demands), text(report.batch), std::move(report.work), std::move(report.heard)}};
  Result<RedisReply> reply = co_await link_.run(exchange_script(), std::move(input));
  if (!reply) co_return fail(std::move(reply.error()));
  co_return news_of(std::move(*reply));
}

}  // namespace obleth::adapters
