#include "gateway/routes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

namespace obleth::gateway {
namespace {

// Paths by which a client could stop, change or look into an inference server.
constexpr std::array<std::string_view, 17> control_paths = {"/invocations",
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
                                                            "/server_info",
                                                            "/start_profile",
                                                            "/stop_profile"};

// vLLM mounts its page at whatever begins like this: /metrics/x is the same page, and so is /metricsx.
constexpr std::string_view metrics_page = "/metrics";

bool is_control_path(std::string_view path) {
  return path.starts_with(metrics_page) || std::ranges::find(control_paths, path) != control_paths.end();
}

struct PricedFolder {
  std::string_view prefix;
  std::string_view name;
  wire::Dialect dialect;
};

// Everything below one of them shares its label.
constexpr PricedFolder priced_folders[] = {{"/v1/audio/", "/v1/audio/*", wire::Dialect::audio},
                                           {"/v1/images/", "/v1/images/*", wire::Dialect::images}};

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
  if (is_control_path(path) && !opened) return {.treatment = Treatment::refused};
  if (!opened && !passes(path, policy.pass_through)) return {.treatment = Treatment::not_found};
  return {.treatment = Treatment::metered};
}

std::optional<Route> priced_route(std::string_view path) {
  if (const wire::DialectPath* priced = wire::find_dialect_path(path)) {
    return Route{.treatment = Treatment::priced, .name = priced->path, .methods = "POST", .dialect = priced->dialect};
  }
  for (const PricedFolder& folder : priced_folders) {
    if (!is_below(path, folder.prefix)) continue;
    return Route{.treatment = Treatment::priced,
                 .name = folder.name,
                 .methods = "POST",
                 .dialect = folder.dialect,
                 .other_methods_pass = true};
  }
  return std::nullopt;
}

}  // namespace

bool takes(std::string_view methods, std::string_view method) {
  if (methods == method || methods == any_method || method == "OPTIONS") return true;
  const auto is_it = [method](auto name) { return std::string_view(name) == method; };
  return std::ranges::any_of(std::views::split(methods, std::string_view(", ")), is_it);
}

Route match_route(const wire::MatchedPath& matched, const Policy& policy) {
  const std::string_view path = matched.path;
  if (std::optional<Route> priced = priced_route(path)) return *std::move(priced);
  if (path == "/health") return {.treatment = Treatment::health, .name = "/health", .methods = "GET, HEAD"};
  if (path == "/ready") return {.treatment = Treatment::ready, .name = "/ready", .methods = "GET, HEAD"};
  if (path == "/v1/models") return {.treatment = Treatment::model_list, .name = "/v1/models", .methods = "GET, HEAD"};
  if (is_below(path, "/v1/models/")) {
    return {.treatment = Treatment::model_list,
            .name = "/v1/models/{id}",
            .methods = "GET, HEAD",
            .model_id = std::string(path.substr(std::string_view("/v1/models/").size()))};
  }
  if (path.starts_with("/mcp/")) return {.treatment = Treatment::not_found, .methods = mcp_methods};
  if (path == "/.well-known" || path.starts_with("/.well-known/") || path == "/mcp") {
    return {.treatment = Treatment::not_found};
  }
  return pass_through_route(path, policy);
}

}  // namespace obleth::gateway
