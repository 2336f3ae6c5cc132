#include "adapters/sqlite/usage_rest.hpp"

#include <concepts>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/varint.hpp"

namespace obleth::adapters {
namespace {

// Counts the bytes that a row may take at most.
class Measure {
 public:
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  void number(std::int64_t) { bytes_ += varint_bytes_max; }
  void optional_number(const std::optional<std::int64_t>&) { bytes_ += 1 + varint_bytes_max; }
  void word(const auto&, const auto&) { bytes_ += varint_bytes_max; }
  void flag(bool) { ++bytes_; }
  void text(std::string_view value) { bytes_ += varint_bytes_max + value.size(); }

 private:
  std::size_t bytes_ = 0;
};

// Writes where there is room for all of it.
class Packer {
 public:
  explicit Packer(char* at) : at_(at) {}
  [[nodiscard]] const char* at() const { return at_; }

  void number(std::int64_t value) { varint(zigzag(value)); }
  void optional_number(const std::optional<std::int64_t>& value) {
    flag(value.has_value());
    if (value) number(*value);
  }
  template <class Word>
  void word(Word value, Word) {
    varint(static_cast<std::uint64_t>(value));
  }
  void flag(bool value) { varint(value ? 1 : 0); }
  void text(std::string_view value) {
    varint(value.size());
    if (value.empty()) return;  // an empty view may hold a null pointer
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

 private:
  void varint(std::uint64_t value) { at_ = put_varint(at_, value); }

  char* at_;
};

// Fields behind the last byte stay as they are.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::uint8_t> packed) : packed_(packed) {}
  [[nodiscard]] bool is_whole() const { return packed_.is_whole(); }

  template <std::integral Number>
  void number(Number& value) {
    if (!packed_.is_over()) value = static_cast<Number>(unzigzag(packed_.next()));
  }
  void optional_number(std::optional<std::int64_t>& value) {
    bool present = false;
    flag(present);
    if (present) number(value.emplace());
  }
  template <class Word>
  void word(Word& value, Word last) {
    const std::uint64_t coded = packed_.is_over() ? 0 : packed_.next();
    value = coded < static_cast<std::uint64_t>(last) ? static_cast<Word>(coded) : last;
  }
  void flag(bool& value) {
    if (!packed_.is_over()) value = packed_.next() != 0;
  }
  template <class Text>
  void text(Text& value) {
    if (packed_.is_over()) return;
    const auto bytes = packed_.bytes(packed_.next());
    value = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

 private:
  VarintReader packed_;
};

}  // namespace

void pack_rest(const UsageRecord& record, const UsageNumbers& numbers, std::string& packed) {
  Measure room;
  visit_rest(record, numbers, room);
  const std::size_t before = packed.size();
  packed.resize_and_overwrite(before + room.bytes(), [&](char* begin, std::size_t) {
    Packer packer(begin + before);
    visit_rest(record, numbers, packer);
    return static_cast<std::size_t>(packer.at() - begin);
  });
}

bool unpack_rest(std::span<const std::uint8_t> packed, UsageRecord& record, UsageNumbers& numbers) {
  Unpacker unpacker(packed);
  visit_rest(record, numbers, unpacker);
  return unpacker.is_whole();
}

}  // namespace obleth::adapters
