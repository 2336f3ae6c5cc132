#include "admin/management_api.hpp"

#include <string>
#include <utility>

#include "admin/authenticate_admin.hpp"
#include "admin/receive_call.hpp"
#include "admin/send_reply.hpp"
#include "base/ensure.hpp"

namespace obleth::admin {
namespace {

struct Target {
  std::string_view path;
  std::string_view query;
};

Target split(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

// Of a change that other replicas keep overtaking. Each time one of theirs was committed, so that all together go on;
// half of the time, with two that change without a pause.
constexpr int attempts_max = 32;

Reply refuse_method(const RouteMatch& match) {
  Reply reply = refuse(405, "method_not_allowed", "Use one of these methods here: " + match.allowed_methods + ".");
  reply.header_lines = "Allow: " + match.allowed_methods + "\r\n";
  return reply;
}

}  // namespace

ManagementApi::ManagementApi(Dependencies dependencies) : given_(std::move(dependencies)) {
  ensure(static_cast<bool>(given_.is_refused_host), "the Management API is told which addresses are refused");
  tenants_.register_in(table_);
  keys_.register_in(table_);
  groups_.register_in(table_);
  fairshare_.register_in(table_);
  explain_.register_in(table_);
  capacity_.register_in(table_);
  models_.register_in(table_);
  model_endpoints_.register_in(table_);
  model_trial_.register_in(table_);
  mcp_servers_.register_in(table_);
  mcp_probe_.register_in(table_);
  usage_.register_in(table_);
  usage_export_.register_in(table_);
  audit_log_.register_in(table_);
  admin_tokens_.register_in(table_);
  settings_.register_in(table_);
  apply_.register_in(table_);
  status_pages_.register_in(table_);
}

Task<void> ManagementApi::serve(ports::ClientExchange& exchange) {
  const auto [path, raw_query] = split(exchange.head().target);
  const RouteMatch match = table_.match(exchange.head().method, path);
  if (match.route != nullptr && match.route->stream) {
    const Outcome<Call> call = co_await receive(match, raw_query, exchange);
    if (call) co_return co_await match.route->stream(*call, exchange);
    co_return co_await send_reply(call.error(), exchange);
  }
  Reply reply;
  if (match.route == nullptr)
    reply = co_await answer_unrouted(match, path, exchange);
  else
    reply = co_await answer_for(match, raw_query, exchange);
  co_await send_reply(reply, exchange);
}

// Whether a path exists is nobody's business who has no token.
Task<Reply> ManagementApi::answer_unrouted(const RouteMatch& match, std::string_view path,
                                           ports::ClientExchange& exchange) {
  if (path.starts_with(api_prefix)) {
    const Outcome<Caller> caller = co_await authenticate_admin(given_, exchange.head(), exchange.client_address());
    if (!caller) co_return caller.error();
  }
  if (!match.allowed_methods.empty()) co_return refuse_method(match);
  co_return refuse(404, "not_found", "There is nothing at this path. /api/v1/openapi.json lists what there is.");
}

Task<Outcome<Call>> ManagementApi::receive(const RouteMatch& match, std::string_view raw_query,
                                           ports::ClientExchange& exchange) {
  const Route& route = *match.route;
  Call call;
  call.path = match.path;
  call.departure = &exchange.departure();
  if (route.access != Access::open) {
    Outcome<Caller> caller = co_await authenticate_admin(given_, exchange.head(), exchange.client_address());
    if (!caller) co_return std::unexpected(caller.error());
    call.caller = std::move(*caller);
    if (route.access == Access::admin && call.caller.role != AdminRole::admin)
      co_return std::unexpected(refuse(403, "forbidden", "A viewer's token may read, not change: use an admin's."));
  }
  // Probes of load balancers add what they like to the open pages' query.
  if (route.access != Access::open) {
    Outcome<std::vector<NamedText>> query = read_query(raw_query, route);
    if (!query) co_return std::unexpected(query.error());
    call.query = std::move(*query);
  }
  if (route.body == BodyKind::none) co_return std::move(call);
  Outcome<std::string> body = co_await read_body(exchange, admin_body_bytes_max);
  if (!body) co_return std::unexpected(body.error());
  call.content_type = exchange.head().fields.find("content-type").value_or(std::string_view());
  if (route.body == BodyKind::raw) {
    call.raw_body = std::move(*body);
    co_return std::move(call);
  }
  Outcome<Json> json = read_json(*body);
  if (!json) co_return std::unexpected(json.error());
  call.body = std::move(*json);
  co_return std::move(call);
}

Task<Reply> ManagementApi::answer_for(const RouteMatch& match, std::string_view raw_query,
                                      ports::ClientExchange& exchange) {
  Outcome<Call> call = co_await receive(match, raw_query, exchange);
  if (!call) co_return call.error();
  Warnings warnings;
  call->caller.warnings = &warnings;
  Reply reply = co_await match.route->answer(*call);
  for (int attempt = 1; reply.overtaken && attempt < attempts_max; ++attempt)
    reply = co_await match.route->answer(*call);
  if (warnings.replicas_untold) reply.header_lines += replicas_untold_warning;
  co_return reply;
}

}  // namespace obleth::admin
