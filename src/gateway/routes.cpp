#include "gateway/routes.hpp"

#include <algorithm>
#include <array>

namespace obleth::gateway {
namespace {

// Paths by which a client could stop, change or look into an inference server.
constexpr std::array<std::string_view, 18> control_paths = {"/invocations",
                                                            "/pause",
                                                            "/resume",
                                                            "/abort_requests",
                                                            "/update_weights",
                                                            "/scale_elastic_ep",
                                                            "/sleep",
                                                            "/wake_up",
                                                            "/load_lora_adapter",
                                                            "/unload_lora_adapter",
                                                            "/v1/load_lora_adapter",
                                                            "/v1/unload_lora_adapter",
                                                            "/collective_rpc",
                                                            "/reset_prefix_cache",
                                                            "/metrics",
                                                            "/server_info",
                                                            "/start_profile",
                                                            "/stop_profile"};

// Dialects that are forwarded as they are. Their labels are their own paths; everything below audio and images shares
// one.
constexpr std::array<std::string_view, 4> metered_paths = {"/v1/responses", "/v1/messages", "/v1/messages/count_tokens",
                                                           "/v1/rerank"};

Route priced(std::string_view name, wire::BodyDialect dialect, bool needs_registered_model) {
  return {.treatment = Treatment::priced,
          .name = name,
          .method = "POST",
          .dialect = dialect,
          .needs_registered_model = needs_registered_model};
}

bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && path.size() > prefix.size();
}

bool passes(std::string_view path, PassThrough mode) {
  switch (mode) {
    case PassThrough::all:
      return true;
    case PassThrough::v1:
      return path == "/v1" || path.starts_with("/v1/");
    case PassThrough::off:
      return false;
  }
  return false;
}

Route pass_through_route(std::string_view path, const Policy& policy) {
  const bool opened = std::ranges::find(policy.pass_through_allow, path) != policy.pass_through_allow.end();
  if (std::ranges::find(control_paths, path) != control_paths.end() && !opened) {
    return {.treatment = Treatment::refused};
  }
  if (!opened && !passes(path, policy.pass_through)) return {.treatment = Treatment::not_found};
  return {.treatment = Treatment::metered};
}

}  // namespace

wire::ErrorDialect dialect_of(std::string_view route_name) {
  return route_name.starts_with("/v1/messages") ? wire::ErrorDialect::anthropic : wire::ErrorDialect::openai;
}

Route match_route(const wire::MatchedPath& matched, const Policy& policy) {
  const std::string_view path = matched.path;
  if (path == "/v1/chat/completions") return priced("/v1/chat/completions", wire::BodyDialect::chat, true);
  if (path == "/v1/completions") return priced("/v1/completions", wire::BodyDialect::completions, true);
  if (path == "/v1/embeddings") return priced("/v1/embeddings", wire::BodyDialect::embeddings, false);
  if (path == "/health") return {.treatment = Treatment::health, .name = "/health", .method = "GET"};
  if (path == "/ready") return {.treatment = Treatment::ready, .name = "/ready", .method = "GET"};
  if (path == "/v1/models") return {.treatment = Treatment::model_list, .name = "/v1/models", .method = "GET"};
  if (is_below(path, "/v1/models/")) {
    return {.treatment = Treatment::model_list,
            .name = "/v1/models/{id}",
            .method = "GET",
            .model_id = std::string(path.substr(std::string_view("/v1/models/").size()))};
  }
  if (path == "/.well-known" || path.starts_with("/.well-known/") || path == "/mcp" || path.starts_with("/mcp/")) {
    return {.treatment = Treatment::not_found};
  }
  if (const auto* found = std::ranges::find(metered_paths, path); found != metered_paths.end()) {
    return {.name = *found, .method = "POST", .errors = dialect_of(path)};
  }
  if (is_below(path, "/v1/audio/")) return {.name = "/v1/audio/*"};
  if (is_below(path, "/v1/images/")) return {.name = "/v1/images/*"};
  return pass_through_route(path, policy);
}

}  // namespace obleth::gateway
