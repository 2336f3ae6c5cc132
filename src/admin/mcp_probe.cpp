#include "admin/mcp_probe.hpp"

#include <utility>

#include "admin/exchange_deadline.hpp"
#include "admin/mcp_conversation.hpp"
#include "admin/schema_parts.hpp"

namespace obleth::admin {
namespace {

constexpr auto exchange_max = std::chrono::seconds(60);  // of all that is asked, as long as two answers may take

Json text_schema(bool may_be_null) {
  return Json::object({{"type", may_be_null ? Json::list({"string", "null"}) : Json("string")}});
}

Json tool_schema() {
  return closed_schema(
      {{"name", text_schema(false)}, {"title", text_schema(true)}, {"description", text_schema(true)}});
}

Json result_schema() {
  const Json server =
      closed_schema({{"name", text_schema(true)}, {"version", text_schema(true)}}, Json::list({"object", "null"}));
  return closed_schema({{"status", Json::object({{"type", Json::list({"integer", "null"})}})},
                        {"latency_ms", Json::object({{"type", "integer"}})},
                        {"transport", text_schema(true)},
                        {"protocol_version", text_schema(true)},
                        {"server", server},
                        {"tools", Json::object({{"type", "array"}, {"items", tool_schema()}})},
                        {"error", text_schema(true)}});
}

// A member that is text, else null.
Json text_of(const Json& json, std::string_view name) {
  const Json* found = json.find(name);
  return found != nullptr && found->text() != nullptr ? *found : Json();
}

Json tools_of(const Json& listed) {
  Json tools = Json::list();
  const Json* found = listed.find("tools");
  if (found == nullptr || found->items() == nullptr) return tools;
  for (const Json& tool : *found->items()) {
    const Json name = text_of(tool, "name");
    if (name.is_null()) continue;
    tools.append(Json::object(
        {{"name", name}, {"title", text_of(tool, "title")}, {"description", text_of(tool, "description")}}));
  }
  return tools;
}

struct Story {
  Json protocol;
  Json server;
  Json tools = Json::list();
  Json error;
};

Task<Story> speak(McpConversation& conversation, const ExchangeDeadline& deadline) {
  Story story;
  const Result<Json> opened = co_await conversation.open();
  if (!opened) {
    story.error = deadline.told(opened.error());
    co_return story;
  }
  story.protocol = text_of(*opened, "protocolVersion");
  if (const Json* info = opened->find("serverInfo")) {
    story.server = Json::object({{"name", text_of(*info, "name")}, {"version", text_of(*info, "version")}});
  }
  const Result<Json> listed = co_await conversation.ask("tools/list");
  if (listed) {
    story.tools = tools_of(*listed);
  } else {
    story.error = deadline.told(listed.error());
  }
  co_await conversation.close();
  co_return story;
}

}  // namespace

void McpProbe::register_in(RouteTable& table) {
  table.section("mcp");
  table.describe("McpProbeResult", result_schema());
  table.add(post("/mcp-servers/{id}/probe", "Ask an MCP server for its tools")
                .gives("McpProbeResult")
                .may_answer({503})
                .answered_by(this, &McpProbe::run));
}

Task<Reply> McpProbe::run(const Call& call) {
  const Result<std::optional<McpServer>> found = co_await desk_.store().find_mcp_server(call.at("id"));
  if (!found) co_return refuse_fault(found.error());
  if (!*found) co_return not_found("MCP server", call.at("id"));
  const McpServer& server = **found;
  Result<UpstreamAddress> address = parse_upstream_address(server.upstream_url);
  if (!address) co_return refuse_fault(address.error());
  if (desk_.given().upstream == nullptr) co_return refuse(503, "unavailable", "This gateway cannot reach upstreams.");
  ExchangeDeadline deadline(call.departure, exchange_max);
  McpConversation conversation(*desk_.given().upstream, server, std::move(*address), deadline.signal());
  const Instant started = desk_.given().clock.now();
  const Story story = co_await speak(conversation, deadline);
  const bool spoke = !story.protocol.is_null();
  co_return answer(
      200, Json::object({{"status", conversation.status() ? Json(*conversation.status()) : Json()},
                         {"latency_ms", whole_ms(desk_.given().clock.now() - started)},
                         {"transport", !spoke ? Json() : Json(conversation.is_older() ? "sse" : "streamable_http")},
                         {"protocol_version", story.protocol},
                         {"server", story.server},
                         {"tools", story.tools},
                         {"error", story.error}}));
}

}  // namespace obleth::admin
