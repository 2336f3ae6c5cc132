#include "gateway/reply_meter.hpp"

namespace obleth::gateway {
namespace {
constexpr std::int64_t bytes_per_token = 4;  // of text whose usage nobody told
}

ReplyMeter::ReplyMeter(const AnswerHead& head, const wire::DialectRules& rules, bool usage_injected)
    : unreported_(rules.unreported) {
  if (head.encoded) return;
  if (head.event_stream) {
    reader_.emplace<wire::SseScanner>(usage_injected, rules);
  } else if (head.json) {
    reader_.emplace<wire::UsageTokenizer>(rules);
  }
}

void ReplyMeter::pass(std::string_view bytes, std::vector<std::string_view>& onward) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  if (auto* const scanner = std::get_if<wire::SseScanner>(&reader_)) {
    scanner->feed(bytes, onward);
    return;
  }
  if (auto* const tokenizer = std::get_if<wire::UsageTokenizer>(&reader_)) tokenizer->feed(bytes);
  onward.push_back(bytes);
}

void ReplyMeter::finish(std::vector<std::string_view>& onward) {
  if (auto* const scanner = std::get_if<wire::SseScanner>(&reader_)) scanner->finish(onward);
}

ToldUsage ReplyMeter::told() const {
  const auto* const scanner = std::get_if<wire::SseScanner>(&reader_);
  const auto* const tokenizer = std::get_if<wire::UsageTokenizer>(&reader_);
  if (scanner == nullptr && tokenizer == nullptr) return {};
  const wire::UsageFigures figures = scanner != nullptr ? scanner->figures() : tokenizer->figures();
  const auto found = wire::normalised(figures);
  return {.usage = found ? std::optional(found->usage) : std::nullopt,
          .output_told = scanner == nullptr || scanner->output_told(),
          .clamped = found ? found->clamped : figures.clamped};
}

wire::BrokenStream ReplyMeter::broken_at() const {
  const auto* const scanner = std::get_if<wire::SseScanner>(&reader_);
  if (scanner == nullptr) return {};
  return {.at_event_boundary = scanner->at_event_boundary(), .next_number = scanner->next_number()};
}

CountedOutput ReplyMeter::counted() const {
  if (const auto* const scanner = std::get_if<wire::SseScanner>(&reader_)) return scanner->counted_output();
  if (unreported_ == wire::Unreported::by_slot_time) return {};
  return {.events = {}, .by_bytes = {bytes_ / bytes_per_token}};
}

}  // namespace obleth::gateway
