#include "mcp/session_binding.hpp"

#include <utility>

#include "domain/upstream_reference.hpp"
#include "mcp/refuse_call.hpp"

namespace obleth::mcp {
namespace {

constexpr std::string_view session_header = "mcp-session-id";

enum class NameKind : char { id = 'i', target = 't', message_path = 'p' };

ports::SessionName name_of(const ports::Digest& digest, const RegisteredServer& server, NameKind kind,
                           std::string_view text) {
  std::string named = server.record.id.hex();
  named += static_cast<char>(kind);
  named += text;
  return digest.sha256(named);
}

ports::SessionEntry entry_of(const Identified& identified, std::string target = {}) {
  return {.tenant = identified.who->tenant.id, .key = identified.who->key.id, .target = std::move(target)};
}

bool is_owner(const ports::SessionEntry& entry, const Identified& identified) {
  return entry.tenant == identified.who->tenant.id && entry.key == identified.who->key.id;
}

// For ledger and records: tells sessions apart, and opens none.
std::string label_of(const ports::SessionName& name) {
  Bits128 bits;
  for (std::size_t at = 0; at < 16; ++at) {
    std::uint64_t& half = at < 8 ? bits.high : bits.low;
    half = half << 8 | name[at];
  }
  return to_hex32(bits);
}

// Nothing: nobody's. A session of somebody else's is told as no session is.
Task<gateway::Outcome<std::optional<ports::SessionEntry>>> find_own(const Understood& understood,
                                                                    ports::SessionName name, SessionSources sources) {
  Result<std::optional<ports::SessionEntry>> found = co_await sources.book.find(name);
  if (!found) co_return gateway::refuse(gateway::store_unavailable());
  if (*found && !is_owner(**found, understood)) co_return gateway::refuse(unknown_session());
  co_return std::move(*found);
}

// 404 where the server has announced this path for messages, with another query or none.
Task<gateway::Outcome<void>> refuse_announced(const Understood& understood, NameKind kind, SessionSources sources) {
  const ports::SessionName path = name_of(sources.digest, *understood.server, kind, understood.target.path);
  const Result<std::optional<ports::SessionEntry>> announced = co_await sources.book.find(path);
  if (!announced) co_return gateway::refuse(gateway::store_unavailable());
  if (*announced) co_return gateway::refuse(unknown_session());
  co_return gateway::Outcome<void>();
}

// What the path of the request says of a session: where its messages go, nothing, or that there is none.
Task<gateway::Outcome<std::optional<ports::SessionEntry>>> find_by_target(const Understood& understood,
                                                                          SessionSources sources) {
  const CallTarget& target = understood.target;
  const RegisteredServer& server = *understood.server;
  // Nothing but the server's own address names no session.
  if (target.rest.empty() && target.query.empty()) co_return std::optional<ports::SessionEntry>();
  const ports::SessionName name = name_of(sources.digest, server, NameKind::target, session_target(target));
  gateway::Outcome<std::optional<ports::SessionEntry>> own = co_await find_own(understood, name, sources);
  if (own && *own) understood.record->session_id = label_of(name);
  if (!own || *own) co_return own;
  if (names_session(target)) co_return gateway::refuse(unknown_session());
  // Where the path alone names a session, no query makes it another.
  if (!target.query.empty()) {
    const gateway::Outcome<void> other = co_await refuse_announced(understood, NameKind::target, sources);
    if (!other) co_return gateway::refuse(other.error());
  }
  if (understood.body == nullptr) co_return own;
  const gateway::Outcome<void> other = co_await refuse_announced(understood, NameKind::message_path, sources);
  if (!other) co_return gateway::refuse(other.error());
  co_return own;
}

}  // namespace

Task<gateway::Outcome<Bound>> find_session(Understood understood, SessionSources sources) {
  const RegisteredServer& server = *understood.server;
  gateway::Outcome<std::optional<ports::SessionEntry>> by_target = co_await find_by_target(understood, sources);
  if (!by_target) co_return gateway::refuse(std::move(by_target.error()));
  std::optional<ports::SessionName> session;
  if (const auto id = understood.exchange->head().fields.find(session_header); id && !id->empty()) {
    session = name_of(sources.digest, server, NameKind::id, *id);
    const gateway::Outcome<std::optional<ports::SessionEntry>> own = co_await find_own(understood, *session, sources);
    if (!own) co_return gateway::refuse(own.error());
    if (!*own) co_return gateway::refuse(unknown_session());
    understood.record->session_id = label_of(*session);
  }
  std::string at_server = *by_target ? std::move((*by_target)->target) : std::string();
  const bool answers_on_stream = !at_server.empty();
  if (!answers_on_stream) at_server = upstream_target(server, understood.target);
  co_return Bound{std::move(understood), std::move(at_server), session, answers_on_stream};
}

Task<gateway::Outcome<void>> note_session(const Answered& answered, const ResponseHead& head, SessionSources sources) {
  const bool ends = answered.exchange->head().method == "DELETE" && head.status >= 200 && head.status < 300;
  if (answered.session && (ends || head.status == 404)) {
    const Result<void> forgotten = co_await sources.book.forget(*answered.session);
    static_cast<void>(forgotten);  // it is forgotten when it was not used for long enough
    co_return gateway::Outcome<void>();
  }
  const auto id = head.fields.find(session_header);
  if (answered.session || !id || id->empty()) co_return gateway::Outcome<void>();
  const ports::SessionName name = name_of(sources.digest, *answered.server, NameKind::id, *id);
  const ports::SessionEntry entry = entry_of(answered);
  const Result<bool> bound = co_await sources.book.bind(name, entry);
  if (!bound) co_return gateway::refuse(gateway::store_unavailable());
  if (!*bound) co_return gateway::refuse(bad_answer(answered.server->record.name, "names a session of another client"));
  answered.record->session_id = label_of(name);
  co_return gateway::Outcome<void>();
}

Task<gateway::Outcome<std::string>> bind_endpoint(const Answered& answered, std::string endpoint,
                                                  SessionSources sources) {
  const RegisteredServer& server = *answered.server;
  const std::optional<std::string> at_server = resolve_reference(server.address, answered.at_server, endpoint);
  // Elsewhere the client would take its key.
  if (!at_server) co_return gateway::refuse(bad_answer(server.record.name, "sends its client elsewhere"));
  std::string told = gateway_target(server, *at_server);
  const std::optional<CallTarget> target = read_call_target(told);
  if (!target || target->server != server.record.name) {
    co_return gateway::refuse(bad_answer(server.record.name, "announces a path that makes no sense"));
  }
  const ports::SessionName name = name_of(sources.digest, server, NameKind::target, session_target(*target));
  const ports::SessionEntry entry = entry_of(answered, *at_server);
  const Result<bool> bound = co_await sources.book.bind(name, entry);
  if (!bound) co_return gateway::refuse(gateway::store_unavailable());
  if (!*bound) co_return gateway::refuse(bad_answer(server.record.name, "names a session of another client"));
  answered.record->session_id = label_of(name);
  if (!target->query.empty()) {
    // The path's own entry is nobody's.
    const ports::SessionName path = name_of(sources.digest, server, NameKind::message_path, target->path);
    const Result<bool> announced = co_await sources.book.bind(path, {});
    static_cast<void>(announced);
  }
  co_return told;
}

}  // namespace obleth::mcp
