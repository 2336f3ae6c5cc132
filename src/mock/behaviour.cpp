#include "mock/behaviour.hpp"

#include <charconv>

namespace obleth::mock {
namespace {

constexpr std::string_view header_prefix = "x-mock-";

std::optional<std::int64_t> number_up_to(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > most) return std::nullopt;
  return number;
}

bool store(std::int64_t& place, std::string_view text, std::int64_t most) {
  const auto number = number_up_to(text, most);
  if (!number) return false;
  place = *number;
  return true;
}

bool apply_failure(Behaviour& behaviour, std::string_view value) {
  const std::size_t colon = value.find(':');
  const std::string_view name = value.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto number = number_up_to(value.substr(colon + 1), output_tokens_max);
    if (!number) return false;
    if (name == "status" && *number >= 200 && *number <= 599) {
      behaviour.failure = Failure::status;
    } else if (name == "reset-after") {
      behaviour.failure = Failure::reset_after;
    } else {
      return false;
    }
    behaviour.failure_argument = *number;
    return true;
  }
  constexpr std::pair<std::string_view, Failure> plain[] = {
      {"none", Failure::none},       {"refuse", Failure::refuse},       {"stall", Failure::stall},
      {"reset", Failure::reset},     {"no-usage", Failure::no_usage},   {"no-done", Failure::no_done},
      {"garbage", Failure::garbage}, {"slow-head", Failure::slow_head},
  };
  for (const auto& [known, failure] : plain) {
    if (name == known) {
      behaviour.failure = failure;
      return true;
    }
  }
  return false;
}

}  // namespace

Behaviour behaviour_from_options(const MockOptions& options) {
  Behaviour behaviour;
  behaviour.output_tokens = options.output_tokens;
  behaviour.ttft_ms = options.ttft_ms;
  behaviour.token_ms = options.token_ms;
  return behaviour;
}

bool apply_word(Behaviour& behaviour, std::string_view word, std::string_view value) {
  if (equals_ignoring_case(word, "output-tokens")) return store(behaviour.output_tokens, value, output_tokens_max);
  if (equals_ignoring_case(word, "ttft-ms")) return store(behaviour.ttft_ms, value, pause_ms_max);
  if (equals_ignoring_case(word, "token-ms")) return store(behaviour.token_ms, value, pause_ms_max);
  if (equals_ignoring_case(word, "chunk-bytes")) return store(behaviour.chunk_bytes, value, chunk_bytes_max);
  if (equals_ignoring_case(word, "fail")) return apply_failure(behaviour, value);
  if (!equals_ignoring_case(word, "prompt-tokens")) return false;
  std::int64_t reported = 0;
  if (!store(reported, value, output_tokens_max)) return false;
  behaviour.prompt_tokens = reported;
  return true;
}

std::string_view apply_headers(Behaviour& behaviour, const HeaderBlock& fields) {
  for (const HeaderField& field : fields.fields()) {
    if (field.name.size() <= header_prefix.size()) continue;
    if (!equals_ignoring_case(field.name.substr(0, header_prefix.size()), header_prefix)) continue;
    if (!apply_word(behaviour, field.name.substr(header_prefix.size()), field.value)) return field.name;
  }
  return {};
}

}  // namespace obleth::mock
