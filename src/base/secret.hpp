// Text that must never be printed: credentials, key secrets, tokens.
//
// It has no stream operator, no formatter and no implicit conversion; reveal() is the one way out and is easy to find.
// The bytes are wiped when it is destroyed or moved from. Thread: a value.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace obleth {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  [[nodiscard]] std::string_view reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  // Up to the capacity: a moved-from string is empty, but short text still stands in its own buffer.
  void wipe() noexcept {
    text_.resize(text_.capacity());
    volatile char* bytes = text_.data();
    for (std::size_t at = 0; at < text_.size(); ++at) {
      bytes[at] = 0;
    }
    text_.clear();
  }

  std::string text_;
};

}  // namespace obleth
