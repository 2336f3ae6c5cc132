// Result<T>: a value or a Fault. Dropping one does not compile (the class is nodiscard).
#pragma once

#include <expected>
#include <utility>

#include "base/error.hpp"

namespace obleth {

template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Fault> {
 public:
  using std::expected<T, Fault>::expected;
};

[[nodiscard]] inline std::unexpected<Fault> fail(Fault fault) {
  return std::unexpected<Fault>(std::move(fault));
}

}  // namespace obleth
