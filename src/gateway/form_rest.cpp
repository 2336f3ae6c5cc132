#include "gateway/form_rest.hpp"

namespace obleth::gateway {

Task<Result<std::string_view>> FormRest::next() {
  untouched_ = false;
  Result<std::string_view> piece = co_await exchange_.read_body();
  if (!piece) co_return piece;
  const bool valid = piece->empty() ? scanner_.finish() : scanner_.feed(*piece);
  if (!valid) co_return fail(client_fault(FaultKind::invalid, scanner_.fault().message, scanner_.fault().param));
  co_return piece;
}

}  // namespace obleth::gateway
