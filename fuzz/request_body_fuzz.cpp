// Any bytes as a request body: never a crash; what is accepted can be patched, and the patched body is accepted with
// the values that were asked for. The first byte chooses dialect and patch.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/ensure.hpp"
#include "wire/request_body.hpp"

using namespace obleth;
using namespace obleth::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(input) + 1, size - 1);
  const auto dialect = static_cast<Dialect>(((input[0] & 3U) | ((input[0] >> 3U) & 12U)) % dialect_count);
  const DialectRules& rules = rules_of(dialect);
  const BodyOutcome outcome = read_request_body(body, dialect);
  if (!std::holds_alternative<RequestFields>(outcome)) return 0;
  const auto& fields = std::get<RequestFields>(outcome);

  BodyPatch patch;
  if ((input[0] & 4) != 0) patch.model = "other";
  if ((input[0] & 8) != 0) patch.output_cap = 16;
  patch.include_usage = (input[0] & 16) != 0 && rules.asks_for_usage;
  if (rules.output == OutputKind::capped) patch.cap_name = rules.cap_name;
  const std::string patched = PatchedBody(body, fields, patch).joined();
  const BodyOutcome again = read_request_body(patched, dialect);
  ensure(std::holds_alternative<RequestFields>(again), "a patched body is refused");
  const auto& after = std::get<RequestFields>(again);
  ensure(after.model == (patch.model && fields.has_model ? *patch.model : fields.model),
         "the model is not the patched one");
  ensure(!after.priority_member, "priority is still there");
  ensure(after.stream == fields.stream && after.n == fields.n && after.prompts == fields.prompts, "a field changed");
  ensure(after.text == fields.text, "the text changed");
  const bool reads_caps = rules.output == OutputKind::capped;
  if (patch.output_cap && reads_caps) {
    ensure(!after.caps.empty(), "the cap is missing");
    for (const CapField& cap : after.caps)
      ensure(cap.tokens && *cap.tokens <= *patch.output_cap, "a cap is too high");
  }
  if (patch.include_usage && fields.stream && reads_caps) ensure(after.asks_usage, "usage is not asked for");
  return 0;
}
