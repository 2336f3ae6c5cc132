#include "mcp/address_server.hpp"

#include <algorithm>
#include <utility>

#include "mcp/refuse_call.hpp"

namespace obleth::mcp {
namespace {

constexpr std::string_view route_name = "/mcp/{server}";

// The host of "http://host:port" or "host:port".
std::string_view host_of(std::string_view authority) {
  if (const std::size_t scheme = authority.find("://"); scheme != std::string_view::npos) {
    authority.remove_prefix(scheme + 3);
  }
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

bool is_this_machine(std::string_view authority) {
  const std::string_view host = host_of(authority);
  return equals_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

bool may_come_from(std::string_view origin, const RequestHead& head, const gateway::Policy& policy) {
  const auto is_it = [&](const std::string& allowed) { return allowed == "*" || allowed == origin; };
  if (std::ranges::any_of(policy.cors_origins, is_it)) return true;
  return is_this_machine(origin) && is_this_machine(head.host);
}

std::optional<gateway::Refusal> refused_by_head(const RequestHead& head, const gateway::Policy& policy) {
  const auto origin = head.fields.find("origin");
  if (origin && !may_come_from(*origin, head, policy)) {
    return gateway::forbidden("origin_forbidden",
                              "Pages of this origin may not call MCP servers here. An operator names origins that may "
                              "in OBLETH_CORS_ORIGINS.");
  }
  if (!gateway::takes(gateway::mcp_methods, head.method)) return gateway::method_not_allowed(gateway::mcp_methods);
  // Two readers could take different ones of them.
  if (head.fields.count("mcp-session-id") > 1) {
    return gateway::invalid_request("Mcp-Session-Id may be given once.");
  }
  const auto encoding = head.fields.find("content-encoding");
  if (head.method == "POST" && encoding && !equals_ignoring_case(*encoding, "identity")) {
    return gateway::Refusal{.status = 415,
                            .type = "invalid_request_error",
                            .code = "unsupported_content_encoding",
                            .message = "MCP messages are read on their way: send them without Content-Encoding."};
  }
  return std::nullopt;
}

}  // namespace

gateway::Outcome<Received> receive_call(const gateway::Arrival& arrival, CallNotes& notes,
                                        const gateway::Policy& policy) {
  const RequestHead& head = arrival.exchange->head();
  Received received{gateway::note_arrival(arrival, {.name = route_name}), &notes, {}};
  auto target = read_call_target(head.target);
  if (!target) {
    return gateway::refuse(gateway::invalid_request(
        "The path is not valid: it may hold no '..', encoded slash or backslash, or control character."));
  }
  received.target = std::move(*target);
  if (auto refusal = refused_by_head(head, policy)) return gateway::refuse(std::move(*refusal));
  return received;
}

gateway::Outcome<Addressed> address_server(Identified identified, const ServerRegistry& registry) {
  std::shared_ptr<const RegisteredServer> server = registry.find(identified.target.server);
  if (server == nullptr || !server->record.enabled) {
    return gateway::refuse(unknown_server(identified.target.server));
  }
  std::optional<ToolPolicy> tools = ToolPolicy::of(server->record, *identified.who);
  if (!tools) return gateway::refuse(unknown_server(identified.target.server));
  // A name of the registry only: what clients make up becomes no label and no row.
  identified.record->mcp_server = server->record.name;
  identified.notes->key_name = identified.who->key.name;
  identified.notes->speaks_rpc = true;
  return Addressed{std::move(identified), std::move(server), std::move(*tools)};
}

}  // namespace obleth::mcp
