#include "observe/request_log.hpp"

#include <string>

#include "base/hex_text.hpp"
#include "observe/log.hpp"

namespace obleth::observe {

namespace {

void log_mcp_message(const UsageRecord& record) {
  const HexText id(record.event_id.bits);
  log_at(record.ts, LogLevel::info, "request",
         {{"id", id.view()},
          {"tenant", record.tenant},
          {"route", record.route},
          {"mcp_server", record.mcp_server},
          {"mcp_method", record.mcp_method},
          {"mcp_tool", record.mcp_tool},
          {"status", record.status},
          {"error", record.error_code},
          {"admission", to_text(record.admission)},
          {"total_ms", record.total_ms}});
}

}  // namespace

void log_refused_head(const UsageRecord& record, std::string_view reason, std::string_view client_address) {
  const HexText id(record.event_id.bits);
  log_at(record.ts, LogLevel::info, "request",
         {{"id", id.view()},
          {"client", client_address},
          {"status", record.status},
          {"error", record.error_code},
          {"reason", reason},
          {"admission", to_text(record.admission)}});
}

void log_request(const UsageRecord& record) {
  if (!is_logged(LogLevel::info)) return;
  if (!record.mcp_server.empty()) return log_mcp_message(record);
  const HexText id(record.event_id.bits);
  const std::string cost = to_decimal(record.cost);
  constexpr std::int64_t not_known = -1;
  log_at(record.ts, LogLevel::info, "request",
         {{"id", id.view()},
          {"tenant", record.tenant},
          {"model", record.model},
          {"route", record.route},
          {"endpoint", record.endpoint},
          {"status", record.status},
          {"error", record.error_code},
          {"admission", to_text(record.admission)},
          {"stream", record.stream},
          {"input_tokens", record.tokens.prompt.value},
          {"cached_tokens", record.tokens.cached.value},
          {"output_tokens", record.tokens.output.value},
          {"reasoning_tokens", record.tokens.reasoning.value},
          {"usage", to_text(record.usage_source)},
          {"cost", cost},
          {"queue_ms", record.queue_ms},
          {"ttft_ms", record.ttft_ms.value_or(not_known)},
          {"total_ms", record.total_ms},
          {"overhead_us", record.overhead_us},
          {"retries", record.retries},
          {"cache", to_text(record.cache)}});
}

}  // namespace obleth::observe
