#include "gateway/reply_meter.hpp"

namespace obleth::gateway {
namespace {
constexpr std::int64_t bytes_per_token = 4;  // of text whose usage nobody told
}

ReplyMeter::ReplyMeter(const AnswerHead& head, const wire::DialectRules& rules, bool usage_injected)
    : unreported_(rules.unreported) {
  if (head.encoded) return;
  if (head.event_stream) {
    scanner_.emplace(usage_injected, rules);
  } else if (head.json) {
    tokenizer_.emplace(rules);
  }
}

void ReplyMeter::pass(std::string_view bytes, std::vector<std::string_view>& onward) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  if (scanner_) {
    scanner_->feed(bytes, onward);
    return;
  }
  if (tokenizer_) tokenizer_->feed(bytes);
  onward.push_back(bytes);
}

void ReplyMeter::finish(std::vector<std::string_view>& onward) {
  if (scanner_) scanner_->finish(onward);
}

ToldUsage ReplyMeter::told() const {
  if (!scanner_ && !tokenizer_) return {};
  const wire::UsageFigures figures = scanner_ ? scanner_->figures() : tokenizer_->figures();
  const auto found = wire::normalised(figures);
  return {.usage = found ? std::optional(found->usage) : std::nullopt,
          .output_told = !scanner_ || scanner_->output_told(),
          .clamped = found ? found->clamped : figures.clamped};
}

wire::BrokenStream ReplyMeter::broken_at() const {
  if (!scanner_) return {};
  return {.at_event_boundary = scanner_->at_event_boundary(), .next_number = scanner_->next_number()};
}

OutputTokens ReplyMeter::counted() const {
  if (scanner_) return scanner_->counted_output();
  if (unreported_ == wire::Unreported::by_slot_time) return {};
  return {bytes_ / bytes_per_token};
}

}  // namespace obleth::gateway
