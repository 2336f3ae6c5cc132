#include "cli/resource.hpp"

#include <array>

namespace obleth::cli {
namespace {

using enum FieldKind;

constexpr std::array tenant_fields{
    FieldFlag{"description", text, "free text"},
    FieldFlag{"group", text, "the group that it is in"},
    FieldFlag{"weight", whole, "its share among the tenants of its group, 1 to 1000000"},
    FieldFlag{"tokens_per_minute", whole, "limit; none takes it off"},
    FieldFlag{"requests_per_minute", whole, "limit"},
    FieldFlag{"max_in_flight", whole, "requests at the upstreams at a time"},
    FieldFlag{"allowed_models", list, "models that it may use; none is all"},
    FieldFlag{"status", text, "active, suspended or archived"},
    FieldFlag{"active_from", text, "not before (RFC 3339)"},
    FieldFlag{"active_until", text, "not after"},
    FieldFlag{"timezone", text, "IANA name, for windows and months"},
    FieldFlag{"weekly_windows", json, R"([{"day":"mon","start":"22:00","end":"06:00"}])"},
    FieldFlag{"budget", json, R"({"period":"month","tokens":50000000,"cost_usd":"250.00"})"},
    FieldFlag{"brownout", text, "allow, never or first"},
    FieldFlag{"brownout_wait_ms", whole, "its own threshold"},
};
constexpr std::array tenant_columns{
    Column{"NAME", "name"},
    Column{"GROUP", "group"},
    Column{"WEIGHT", "weight"},
    Column{"STATUS", "status"},
    Column{"TOKENS/MIN", "tokens_per_minute"},
    Column{"REQUESTS/MIN", "requests_per_minute"},
    Column{"IN FLIGHT ≤", "max_in_flight"},
    Column{"ID", "id"},
};

constexpr std::array key_fields{
    FieldFlag{"disabled", yes_no, "refused while true"},
    FieldFlag{"expires_at", text, "refused from then on (RFC 3339)"},
    FieldFlag{"allowed_models", list, "within the tenant's own list"},
    FieldFlag{"tokens_per_minute", whole, "limit, under the tenant's"},
    FieldFlag{"requests_per_minute", whole, "limit, under the tenant's"},
    FieldFlag{"max_in_flight", whole, "under the tenant's"},
    FieldFlag{"weight", whole, "its share among the keys of its tenant"},
    FieldFlag{"budget", json, R"({"period":"month","tokens":50000000})"},
};
constexpr std::array key_columns{
    Column{"NAME", "name"},
    Column{"PREFIX", "prefix"},
    Column{"TENANT", "tenant_id"},
    Column{"DISABLED", "disabled"},
    Column{"EXPIRES", "expires_at"},
    Column{"LAST USED", "last_used_at"},
    Column{"ID", "id"},
};

constexpr std::array group_fields{
    FieldFlag{"weight", whole, "its share among the groups"},
    FieldFlag{"max_in_flight", whole, "requests at the upstreams at a time"},
};
constexpr std::array group_columns{Column{"NAME", "name"}, Column{"WEIGHT", "weight"},
                                   Column{"IN FLIGHT ≤", "max_in_flight"}};

constexpr std::array model_fields{
    FieldFlag{"api_base", text, "base URL of its upstream, such as http://vllm-1:8000/v1"},
    FieldFlag{"api_key", secret, "the upstream's credential; - reads it from standard input"},
    FieldFlag{"endpoints", json, R"([{"api_base":"http://vllm-1:8000/v1","priority":0}])"},
    FieldFlag{"upstream_model", text, "what the upstream calls it"},
    FieldFlag{"aliases", list, "other names that clients may use"},
    FieldFlag{"upstream_headers", json, R"({"x-team":"a"})"},
    FieldFlag{"input_cost_per_token", price, "dollars"},
    FieldFlag{"cached_input_cost_per_token", price, "dollars"},
    FieldFlag{"output_cost_per_token", price, "dollars"},
    FieldFlag{"cost_per_request", price, "dollars"},
    FieldFlag{"context_window", whole, "tokens"},
    FieldFlag{"default_max_tokens", whole, "taken for the estimate where a request names no cap"},
    FieldFlag{"admission_weight", decimal, "multiplies the fairshare cost of its tokens, 0.01 to 1000"},
    FieldFlag{"input_token_cost", decimal, "fairshare cost of a prompt token"},
    FieldFlag{"output_token_cost", decimal, "fairshare cost of a generated token"},
    FieldFlag{"slot_second_cost", decimal, "fairshare cost of a second in a slot"},
    FieldFlag{"max_in_flight", whole, "its own slots, within the capacity"},
    FieldFlag{"brownout_max_tokens", whole, "answers are not cut below this"},
    FieldFlag{"enabled", yes_no, "404 while false"},
    FieldFlag{"inject_usage", yes_no, "ask streams for usage; false is exact byte identity"},
    FieldFlag{"cache_enabled", yes_no, "keep whole answers, for the tenant that asks the same again"},
    FieldFlag{"cache_ttl_secs", whole, "for this long"},
    FieldFlag{"cache_scope", text, "who shares the kept answers: tenant"},
    FieldFlag{"max_retries", whole, "further attempts while no byte went to the client"},
    FieldFlag{"request_timeout_secs", whole, "to the first byte"},
    FieldFlag{"idle_timeout_secs", whole, "between bytes"},
    FieldFlag{"gpus", whole, "for GPU time"},
    FieldFlag{"tokens_per_media_part", whole, "estimate for an image or audio part"},
};
constexpr std::array model_columns{
    Column{"NAME", "model_name"},
    Column{"UPSTREAM MODEL", "upstream_model"},
    Column{"API BASE", "api_base"},
    Column{"ENABLED", "enabled"},
    Column{"ADMISSION WEIGHT", "admission_weight"},
    Column{"IN FLIGHT ≤", "max_in_flight"},
    Column{"ID", "id"},
};

constexpr std::array mcp_fields{
    FieldFlag{"upstream_url", text, "where it is"},
    FieldFlag{"auth_header", secret, "its Authorization header; - reads it from standard input"},
    FieldFlag{"enabled", yes_no, "404 while false"},
    FieldFlag{"access", json, R"([{"tenant":"chatbot","tools":["get-*"]}])"},
    FieldFlag{"timeout_secs", whole, "to the first byte of an answer, and between those of one that is no stream"},
    FieldFlag{"max_in_flight", whole, "calls at the server at a time; none takes it off"},
};
constexpr std::array mcp_columns{Column{"NAME", "name"}, Column{"URL", "upstream_url"}, Column{"ENABLED", "enabled"},
                                 Column{"ID", "id"}};

constexpr std::array admin_token_fields{FieldFlag{"role", text, "admin or viewer"}};
constexpr std::array admin_token_columns{Column{"NAME", "name"}, Column{"ROLE", "role"}, Column{"PREFIX", "prefix"},
                                         Column{"CREATED", "created_at"}, Column{"ID", "id"}};

constexpr std::array table{
    Resource{.noun = "tenant",
             .collection = "/api/v1/tenants",
             .fields = tenant_fields,
             .columns = tenant_columns,
             .help = "teams that share the cluster"},
    Resource{.noun = "key",
             .collection = "/api/v1/keys",
             .owner_collection = "/api/v1/tenants",
             .fields = key_fields,
             .columns = key_columns,
             .help = "API keys of tenants"},
    Resource{.noun = "group",
             .collection = "/api/v1/fairshare/groups",
             .path_takes_name = true,
             .fields = group_fields,
             .columns = group_columns,
             .help = "groups of tenants"},
    Resource{.noun = "model",
             .collection = "/api/v1/models",
             .name_member = "model_name",
             .fields = model_fields,
             .columns = model_columns,
             .help = "models and the upstreams that serve them"},
    Resource{.noun = "mcp",
             .collection = "/api/v1/mcp-servers",
             .fields = mcp_fields,
             .columns = mcp_columns,
             .help = "MCP servers"},
    Resource{.noun = "admin-token",
             .collection = "/api/v1/admin-tokens",
             .changes = false,
             .fields = admin_token_fields,
             .columns = admin_token_columns,
             .help = "tokens for the Management API"},
};

}  // namespace

std::span<const Resource> resources() {
  return table;
}

}  // namespace obleth::cli
