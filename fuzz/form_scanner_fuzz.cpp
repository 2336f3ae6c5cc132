// Any bytes as a form: never a crash, the same outcome at any split, and the model is the bytes that stand at its
// place. The first byte says how large the pieces are.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.hpp"
#include "wire/form_scanner.hpp"

namespace {

using namespace obleth;
using namespace obleth::wire;

struct Scanned {
  bool valid = false;
  FormScanner scanner{"x", {.n_max = 16}};
};

Scanned scan(std::string_view form, std::size_t piece_size) {
  Scanned scanned;
  scanned.valid = true;
  for (std::string_view rest = form; !rest.empty() && scanned.valid;
       rest.remove_prefix(std::min(piece_size, rest.size())))
    scanned.valid = scanned.scanner.feed(rest.substr(0, piece_size));
  scanned.valid = scanned.valid && scanned.scanner.finish();
  return scanned;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view form(reinterpret_cast<const char*>(input) + 1, size - 1);
  static_cast<void>(form_boundary(form));
  const Scanned whole = scan(form, form.size() + 1);
  const Scanned split = scan(form, std::max<std::size_t>(1, input[0]));
  ensure(whole.valid == split.valid, "the split changes the outcome");
  ensure(whole.valid || !whole.scanner.fault().message.empty(), "a refusal without a reason");
  if (!whole.valid) return 0;
  const Span place = whole.scanner.model_value();
  ensure(whole.scanner.model() == split.scanner.model(), "the split changes the model");
  ensure(whole.scanner.n() == split.scanner.n(), "the split changes n");
  ensure(form.substr(place.begin, place.length) == whole.scanner.model(), "the model stands elsewhere");
  ensure(split.scanner.model_value().begin == place.begin, "the split changes the place");
  return 0;
}
