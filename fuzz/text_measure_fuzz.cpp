// Any bytes as the inside of a JSON string: counted by the vector, whole and with its plain beginning cut anywhere, it
// is what the rule counts character by character. The first byte says where the cut is.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/json_cursor.hpp"
#include "wire/plain_rule_test.hpp"
#include "wire/text_measure.hpp"

using namespace obleth;
using namespace obleth::wire;

namespace {

bool is_inside_of_string(std::string_view raw) {
  const std::string quoted = "\"" + std::string(raw) + "\"";
  JsonCursor cursor(quoted);
  return cursor.take_string() && cursor.at_end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view raw(reinterpret_cast<const char*>(input) + 1, size - 1);
  if (!is_inside_of_string(raw)) return 0;
  TextMeasure whole;
  TextMeasure parts;
  const bool is_utf8 = TextCounter(whole).count(raw);
  {
    TextCounter counter(parts);
    const std::size_t plain = counter.count_plain(raw.substr(0, input[0]));
    ensure(counter.count(raw.substr(plain)) == is_utf8, "a cut decides what UTF-8 is");
  }
  PlainRule rule;
  bool rule_agrees = true;
  for (std::string_view rest = raw; !rest.empty() && rule_agrees;) {
    const Utf8Character next = first_string_character(rest);
    rule_agrees = next.bytes > 0;
    if (rule_agrees) rule.add(next.code_point);
    rest.remove_prefix(next.bytes);
  }
  ensure(rule_agrees == is_utf8, "the rule decides otherwise what UTF-8 is");
  ensure(whole == rule.measure && parts == rule.measure, "the counts differ");
  return 0;
}
