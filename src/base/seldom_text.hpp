// A text that is nearly always empty, and then is eight bytes to hold and one comparison to destroy. A value.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>

namespace obleth {

class SeldomText {
 public:
  SeldomText() = default;
  template <std::convertible_to<std::string_view> Text>
  SeldomText(const Text& text) : text_(owned(text)) {}  // NOLINT(google-explicit-constructor): it is a text
  SeldomText(const SeldomText& other) : text_(owned(other.view())) {}
  SeldomText(SeldomText&&) noexcept = default;
  SeldomText& operator=(const SeldomText& other) {
    text_ = owned(other.view());
    return *this;
  }
  SeldomText& operator=(SeldomText&&) noexcept = default;
  ~SeldomText() = default;

  // Valid until the text is changed; never a null pointer.
  [[nodiscard]] std::string_view view() const { return text_ ? std::string_view(*text_) : std::string_view(""); }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor): it is a text
  [[nodiscard]] bool empty() const { return !text_; }
  void clear() { text_.reset(); }

  friend bool operator==(const SeldomText& a, const SeldomText& b) { return a.view() == b.view(); }
  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const SeldomText& a, const Text& b) {
    return a.view() == std::string_view(b);
  }

 private:
  static std::unique_ptr<std::string> owned(std::string_view text) {
    return text.empty() ? nullptr : std::make_unique<std::string>(text);
  }

  std::unique_ptr<std::string> text_;  // null: empty
};

}  // namespace obleth
