// Any bytes as an answer: never a crash, figures always within their bounds, and the incremental tokenizer finds the
// same at any split, and what the whole-document reader finds in valid JSON. The first byte says how large pieces are.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/json_cursor.hpp"
#include "wire/told_failure.hpp"
#include "wire/usage_extract.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

std::optional<ExtractedUsage> tokenize(std::string_view json, std::size_t piece_size) {
  UsageTokenizer tokenizer;
  while (!json.empty()) {
    tokenizer.feed(json.substr(0, piece_size));
    json.remove_prefix(std::min(piece_size, json.size()));
  }
  return tokenizer.finish();
}

void check(const std::optional<ExtractedUsage>& found) {
  if (!found) return;
  const TokenUsage& usage = found->usage;
  ensure(usage.prompt.value >= 0 && usage.prompt.value <= 3 * usage_tokens_max, "prompt out of bounds");
  ensure(usage.output.value >= 0 && usage.output.value <= usage_tokens_max, "output out of bounds");
  ensure(usage.cached.value >= 0 && usage.cached <= usage.prompt, "cached out of bounds");
  ensure(usage.reasoning.value >= 0 && usage.reasoning <= usage.output, "reasoning out of bounds");
}

bool is_json(std::string_view text) {
  JsonCursor cursor(text);
  return cursor.skip_value() && cursor.at_end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view json(reinterpret_cast<const char*>(input) + 1, size - 1);
  const auto whole = tokenize(json, json.size() + 1);
  const auto split = tokenize(json, std::max<std::size_t>(1, input[0]));
  const auto document = usage_of_document(json);
  check(whole);
  check(document);
  ensure(whole.has_value() == split.has_value(), "the split changes what is found");
  if (whole) ensure(whole->usage == split->usage && whole->clamped == split->clamped, "the split changes the figures");
  const bool is_one_line = json.find_first_of("\r\n") == std::string_view::npos;
  const bool fails = document_tells_failure(json);
  if (is_one_line && !json.empty())
    ensure(stream_tells_failure("data: " + std::string(json) + "\n\n") == fails, "an event is read as its document");
  // A later member of that name that holds no count replaces the earlier one for the tokenizer only.
  if (whole && is_json(json)) ensure(document && document->usage == whole->usage, "the two readers differ");
  return 0;
}
