#include "gateway/recall_response.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "gateway/answer_headers.hpp"
#include "wire/header_rules.hpp"
#include "wire/request_body.hpp"

namespace obleth::gateway {
namespace {

// By which a client chooses another version of the same route.
constexpr std::array<std::string_view, 3> version_headers = {"anthropic-version", "anthropic-beta", "openai-beta"};

bool has_cache(const Routed& routed) {
  return routed.model && routed.model->cache_enabled;
}

// A form has a boundary of its own each time, and most of it may stream through.
bool can_come_again(const Routed& routed) {
  return routed.content && !routed.content->fields.is_form;
}

ports::AnswerName name_of(const Routed& routed, const ports::Digest& digest) {
  const Model& model = *routed.model;
  const RequestContent& content = *routed.content;
  const RequestHead& head = routed.exchange->head();
  // A model that was changed may answer otherwise.
  std::string question = routed.who->tenant.id.hex() + model.id.hex() + std::to_string(model.updated_at.unix_ms);
  question.append(" ").append(head.target).append("\n");
  for (const HeaderField& field : head.fields.fields()) {
    for (const std::string_view name : version_headers) {
      if (equals_ignoring_case(field.name, name)) question.append(name).append(":").append(field.value).append("\n");
    }
  }
  question.append("\n");
  wire::BodyPatch patch;
  if (model.upstream_model != content.fields.model) patch.model = model.upstream_model;
  const wire::PatchedBody body(content.bytes, content.fields, patch);
  std::vector<std::string_view> parts{question};
  parts.insert(parts.end(), body.pieces().begin(), body.pieces().end());
  return digest.sha256_of(parts);
}

std::string replayed_head(const Recalled& recalled, const ports::KeptAnswer& kept, const Policy& policy) {
  const UsageRecord& record = *recalled.record;
  std::string lines;
  lines.reserve(kept.head_lines.size() + 512);
  lines += kept.head_lines;
  append_request_ids(lines, record);
  lines += "x-obleth-admission: fast\r\n";
  append_cache_outcome(lines, record);
  const std::int64_t age_ms = recalled.loop->wall_now().unix_ms - kept.kept_at.unix_ms;
  lines += "Age: " + std::to_string(std::max<std::int64_t>(0, age_ms / 1000)) + "\r\n";
  append_server_timing(lines, recalled.timings, Reached::identity);
  append_cross_origin(lines, recalled.exchange->head(), policy);
  return lines;
}

}  // namespace

Recalled note_question(Routed&& routed, const ResponseMemory& memory) {
  if (!has_cache(routed)) return {std::move(routed), nullptr, false};
  routed.record->cache = CacheOutcome::miss;
  const wire::CacheWish wish = wire::cache_wish_of(routed.exchange->head());
  if (!can_come_again(routed) || wish == wire::CacheWish::no_store) return {std::move(routed), nullptr, false};
  auto capture = std::make_unique<AnswerCapture>(memory.cache, name_of(routed, memory.digest),
                                                 std::chrono::seconds(routed.model->cache_ttl_secs),
                                                 memory.captures.lease(routed.who->tenant.id));
  return {std::move(routed), std::move(capture), wish != wire::CacheWish::no_cache};
}

Task<std::shared_ptr<const ports::KeptAnswer>> recall_response(const Recalled& recalled, const ResponseMemory& memory) {
  return memory.cache.recall(recalled.capture->name());
}

Settled replay_response(Recalled&& recalled, std::shared_ptr<const ports::KeptAnswer> kept, const Policy& policy) {
  UsageRecord& record = *recalled.record;
  record.cache = CacheOutcome::hit;
  record.tokens_saved = saturating_add(kept->usage.prompt.value, kept->usage.output.value);
  record.usage_source = UsageSource::counted;  // of nothing
  record.status = 200;
  record.stream = record.stream || kept->event_stream;
  const Instant now = recalled.loop->refresh_now();
  record.ts = recalled.loop->wall_now();
  record.total_ms = whole_ms(now - recalled.timings.received);
  record.ttft_ms = record.total_ms;
  record.overhead_us = recalled.timings.us_in_obleth(now);
  Settled settled{.exchange = recalled.exchange, .status = 200, .unsent_head = replayed_head(recalled, *kept, policy)};
  settled.replayed = std::move(kept);
  return settled;
}

}  // namespace obleth::gateway
