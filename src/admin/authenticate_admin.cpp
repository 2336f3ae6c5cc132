#include "admin/authenticate_admin.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wire/header_rules.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t token_length_max = 512;

Reply unauthorised(std::string_view message) {
  Reply reply = refuse(401, "unauthorized", message);
  reply.header_lines = "WWW-Authenticate: Bearer\r\n";
  return reply;
}

// Hashes are compared, so the time tells neither where two tokens differ nor how long ours is.
std::optional<Caller> configured_caller(const Dependencies& given, std::string_view token) {
  const SecretHash hash = given.hasher.hash(token);
  std::optional<Caller> caller;
  for (const ConfiguredToken& known : given.tokens) {
    if (known.token.empty()) continue;
    const SecretHash known_hash = given.hasher.hash(known.token.reveal());
    if (equal_in_constant_time(hash, known_hash))
      caller = Caller{.name = known.name, .role = known.role, .address = {}};
  }
  return caller;
}

std::optional<Caller> stored_caller(const std::vector<AdminToken>& tokens, const std::vector<SecretHash>& hashes) {
  std::optional<Caller> caller;
  for (const AdminToken& known : tokens) {
    for (const SecretHash& hash : hashes) {
      if (equal_in_constant_time(hash, known.hash))
        caller = Caller{.name = known.name, .role = known.role, .address = {}};
    }
  }
  return caller;
}

}  // namespace

Task<Outcome<Caller>> authenticate_admin(const Dependencies& given, const RequestHead& head, std::string_view address) {
  if (head.fields.count("authorization") > 1)
    co_return std::unexpected(refuse(400, "invalid_request", "Send one Authorization header, not several."));
  const std::optional<std::string_view> field = head.fields.find("authorization");
  const std::optional<std::string_view> token = field ? wire::bearer_token(*field) : std::nullopt;
  if (!token) co_return std::unexpected(unauthorised("Send an admin token: \"Authorization: Bearer <token>\"."));
  if (token->size() > token_length_max) co_return std::unexpected(unauthorised("This is no admin token."));
  std::optional<Caller> caller = configured_caller(given, *token);
  if (!caller) {
    const std::vector<SecretHash> hashes = given.hasher.candidates(*token);
    const auto tokens = co_await given.store.all_admin_tokens();
    if (!tokens) co_return std::unexpected(refuse_fault(tokens.error()));
    caller = stored_caller(*tokens, hashes);
  }
  if (!caller) co_return std::unexpected(unauthorised("This is no admin token that the gateway knows."));
  caller->address = address;
  co_return std::move(*caller);
}

}  // namespace obleth::admin
