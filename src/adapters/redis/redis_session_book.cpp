#include "adapters/redis/redis_session_book.hpp"

#include <utility>

#include "base/hex_text.hpp"

namespace obleth::adapters {
namespace {

// An entry is tenant and key, 32 hex digits each, and the target behind them. One that is empty has been ended: it
// stays for as long as an unused session does, so that whoever knows it yet hears of its end.
constexpr std::size_t id_digits = 32;
constexpr std::size_t owner_digits = 2 * id_digits;

constexpr std::string_view bind_text = R"(
local known = redis.call('GET', KEYS[1])
if known and known ~= '' and string.sub(known, 1, 64) ~= string.sub(ARGV[1], 1, 64) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1)";
constexpr std::string_view find_text = R"(
local known = redis.call('GET', KEYS[1])
if known == '' then return known end
if not known and ARGV[2] == '' then return known end
known = known or ARGV[2]
redis.call('SET', KEYS[1], known, 'PX', ARGV[1])
return known)";

std::string lifetime() {
  return std::to_string(whole_ms(ports::session_idle_max));
}

std::string text_of(const ports::SessionEntry& entry) {
  return entry.tenant.hex() + entry.key.hex() + entry.target;
}

std::optional<ports::SessionEntry> entry_of(std::string_view text) {
  if (text.size() < owner_digits) return std::nullopt;
  const auto tenant = TenantId::from_text(text.substr(0, id_digits));
  const auto key = KeyId::from_text(text.substr(id_digits, id_digits));
  if (!tenant || !key) return std::nullopt;
  return ports::SessionEntry{*tenant, *key, std::string(text.substr(owner_digits))};
}

Fault no_link() {
  return store_fault(FaultKind::unavailable, "Redis is not reached from this thread");
}

}  // namespace

RedisSessionBook::RedisSessionBook(RedisServer& server, ports::SessionBook& near)
    : server_(server), near_(near), bind_script_("bind_session", bind_text), find_script_("find_session", find_text) {}

std::string RedisSessionBook::key_of(const ports::SessionName& name) const {
  return server_.key("session:") + hex_of(name);
}

// Where Redis is away the session is this replica's alone.
Task<Result<bool>> RedisSessionBook::bind(const ports::SessionName& name, const ports::SessionEntry& entry) {
  if (RedisLink* const link = server_.link_of(ports::Loop::current()); link != nullptr) {
    RedisScript::Input input{.keys = {key_of(name)}, .arguments = {text_of(entry), lifetime()}};
    const Result<RedisReply> reply = co_await link->run(bind_script_, std::move(input));
    if (reply && reply->kind == RedisReply::Kind::integer && reply->integer == 0) co_return false;
  }
  co_return co_await near_.bind(name, entry);
}

// Redis says, and is told again what it has lost; this process's own book answers where it is away.
Task<Result<std::optional<ports::SessionEntry>>> RedisSessionBook::find(const ports::SessionName& asked) {
  const ports::SessionName name = asked;
  RedisLink* const link = server_.link_of(ports::Loop::current());
  Result<std::optional<ports::SessionEntry>> here = co_await near_.find(name);
  const bool is_here = here && *here;
  if (link == nullptr && is_here) co_return here;
  if (link == nullptr) co_return fail(no_link());
  RedisScript::Input input{.keys = {key_of(name)}, .arguments = {lifetime(), is_here ? text_of(**here) : ""}};
  const Result<RedisReply> reply = co_await link->run(find_script_, std::move(input));
  const bool answers = reply && !reply->is_error();
  if (!answers && is_here) co_return here;
  if (!reply) co_return fail(reply.error());
  if (!answers) co_return fail(store_fault(FaultKind::unavailable, reply->text));
  std::optional<ports::SessionEntry> entry = reply->is_text() ? entry_of(reply->text) : std::nullopt;
  if (is_here && *here == entry) co_return here;
  const Result<void> dropped = co_await near_.forget(name);
  static_cast<void>(dropped);  // Redis is asked first
  if (entry) {
    const Result<bool> kept = co_await near_.bind(name, *entry);
    static_cast<void>(kept);  // it is asked for again
  }
  co_return std::move(entry);
}

Task<Result<void>> RedisSessionBook::forget(const ports::SessionName& asked) {
  const ports::SessionName name = asked;
  if (RedisLink* const link = server_.link_of(ports::Loop::current()); link != nullptr) {
    RedisCommand command{.operation = "forget_session", .words = {"SET", key_of(name), "", "PX", lifetime()}};
    const Result<RedisReply> gone = co_await link->call(std::move(command));
    static_cast<void>(gone);  // unheard, its server tells whoever goes on with it
  }
  co_return co_await near_.forget(name);
}

}  // namespace obleth::adapters
