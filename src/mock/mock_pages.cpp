// The mock's pages that no model answers: /v1/models, /health, /metrics, /stats, /reset, /control.
#include <optional>

#include "mock/json_text.hpp"
#include "mock/mock_service.hpp"

namespace obleth::mock {
namespace {

constexpr std::int64_t models_created_secs = 1'700'000'000;
constexpr std::int64_t model_length_max = 8'192;

void append_model(std::string& out, std::string_view model) {
  const std::string name = quoted(model);
  write_parts(out, R"({"id":)", name, R"(,"object":"model","created":)", models_created_secs,
              R"(,"owned_by":"obleth-mock","root":)", name, R"(,"parent":null,"max_model_len":)", model_length_max,
              "}");
}

void append_metric(std::string& out, std::string_view name, std::string_view type, std::string_view model,
                   std::int64_t value) {
  write_parts(out, "# TYPE ", name, " ", type, "\n", name, R"({engine="0",model_name=)", model, "} ", value, "\n");
}

}  // namespace

Task<void> MockService::serve_page(ports::ClientExchange& exchange, std::string_view path) {
  const std::string_view method = exchange.head().method;
  if (path == "/control" && (method == "POST" || method == "PUT")) {
    co_await change_control(exchange);
    co_return;
  }
  auto known = page(method, path);
  if (!known) known = error_reply(Dialect::chat, 404, "the mock does not serve this path with this method");
  co_await send_reply(exchange, *known);
}

Task<void> MockService::change_control(ports::ClientExchange& exchange) {
  auto body = co_await read_whole_body(exchange);
  if (!body) co_return;
  const auto changed = control_.change(*body);
  Reply reply;
  if (changed) {
    reply.body = control_.render();
  } else {
    reply = error_reply(Dialect::chat, 400, changed.error().message, changed.error().field);
  }
  co_await send_reply(exchange, reply);
}

std::optional<Reply> MockService::page(std::string_view method, std::string_view path) {
  constexpr std::string_view model_prefix = "/v1/models/";
  if (method == "POST" && path == "/reset") {
    tally_.reset();
    control_.clear();
    return Reply{200, tally_.render()};
  }
  if (method == "DELETE" && path == "/control") {
    control_.clear();
    return Reply{200, control_.render()};
  }
  if (method != "GET" && method != "HEAD") return std::nullopt;
  if (path == "/health") return Reply{200, "", "text/plain"};
  if (path == "/stats") return Reply{200, tally_.render()};
  if (path == "/control") return Reply{200, control_.render()};
  if (path == "/metrics") return Reply{200, metrics_page(), "text/plain; version=0.0.4; charset=utf-8"};
  if (path == "/v1/models") return Reply{200, models_page()};
  if (!path.starts_with(model_prefix)) return std::nullopt;
  for (const std::string& model : options_.models) {
    if (path.substr(model_prefix.size()) != model) continue;
    Reply reply;
    append_model(reply.body, model);
    return reply;
  }
  return error_reply(Dialect::chat, 404, "this model does not exist", "model");
}

std::string MockService::models_page() const {
  std::string out = R"({"object":"list","data":[)";
  for (const std::string& model : options_.models) {
    if (out.back() == '}') out.push_back(',');
    append_model(out, model);
  }
  return out + "]}";
}

// Under vLLM's names; one engine serves every model, so all of it stands under the first.
std::string MockService::metrics_page() const {
  std::string out;
  const std::string model = quoted(options_.models.front());
  append_metric(out, "vllm:num_requests_running", "gauge", model, static_cast<std::int64_t>(slots_.running()));
  append_metric(out, "vllm:num_requests_waiting", "gauge", model, static_cast<std::int64_t>(slots_.waiting()));
  append_metric(out, "vllm:prompt_tokens_total", "counter", model, tally_.prompt_tokens());
  append_metric(out, "vllm:generation_tokens_total", "counter", model, tally_.output_tokens());
  return out;
}

}  // namespace obleth::mock
