// Values to bytes and back, in a fixed order, for what lies in Redis. One description of a type serves both ways: its
// fields are handed to an archive, which writes them or reads them.
//
// Integers are 8 bytes, little-endian; text and lists have their count first; an optional has a byte before it. A name
// of the layout belongs in the key, so that another version's bytes are never read. Values; any thread.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/instant.hpp"
#include "base/strong_id.hpp"
#include "domain/api_key.hpp"
#include "domain/money.hpp"

namespace obleth::adapters {

template <class Value>
concept Scalar = std::integral<Value> || std::is_enum_v<Value>;

class ByteWriter {
 public:
  template <class... Values>
  void operator()(Values&... values) {
    (put(values), ...);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  template <Scalar Value>
  void put(Value value) {
    auto bits = static_cast<std::uint64_t>(value);
    for (int byte = 0; byte < 8; ++byte, bits >>= 8U)
      bytes_.push_back(static_cast<char>(bits & 0xFFU));
  }
  void put(const std::string& text) {
    put(text.size());
    bytes_.append(text);
  }
  void put(const SecretHash& hash) {
    bytes_.append(reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size());
  }
  template <class Value>
  void put(const std::optional<Value>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class Value>
  void put(const std::vector<Value>& values) {
    put(values.size());
    for (const Value& value : values)
      put(value);
  }
  template <class Value>
    requires(std::is_class_v<Value>)
  void put(const Value& value) {
    fields(*this, const_cast<Value&>(value));  // an archive that writes changes nothing
  }

  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  template <class... Values>
  void operator()(Values&... values) {
    (get(values), ...);
  }
  // Everything was there, and nothing is left.
  [[nodiscard]] bool is_complete() const { return !failed_ && rest_.empty(); }

 private:
  static constexpr std::size_t items_max = 100'000;

  [[nodiscard]] std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  template <Scalar Value>
  void get(Value& value) {
    std::uint64_t bits = 0;
    const std::string_view bytes = take(8);
    for (std::size_t at = bytes.size(); at > 0; --at)
      bits = bits << 8U | static_cast<unsigned char>(bytes[at - 1]);
    value = static_cast<Value>(bits);
  }
  void get(bool& value) {
    std::uint64_t bits = 0;
    get(bits);
    value = bits != 0;
  }
  void get(std::string& text) {
    std::size_t count = 0;
    get(count);
    text = take(count);
  }
  void get(SecretHash& hash) {
    const std::string_view bytes = take(hash.bytes.size());
    for (std::size_t at = 0; at < bytes.size(); ++at)
      hash.bytes[at] = static_cast<std::uint8_t>(bytes[at]);
  }
  template <class Value>
  void get(std::optional<Value>& value) {
    bool is_there = false;
    get(is_there);
    if (is_there) get(value.emplace());
  }
  template <class Value>
  void get(std::vector<Value>& values) {
    std::size_t count = 0;
    get(count);
    if (count > items_max) failed_ = true;
    for (; count > 0 && !failed_; --count)
      get(values.emplace_back());
  }
  template <class Value>
    requires(std::is_class_v<Value>)
  void get(Value& value) {
    fields(*this, value);
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace obleth::adapters
