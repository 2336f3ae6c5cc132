#include "adapters/sqlite/usage_rest.hpp"

#include <concepts>
#include <cstring>
#include <optional>

namespace obleth::adapters {
namespace {

constexpr std::uint64_t low_bits = 0x7F;
constexpr std::uint64_t more_follow = 0x80;
constexpr std::uint32_t bits_of_a_byte = 7;
constexpr std::size_t varint_bytes_max = 10;

// Counts the bytes that a row may take at most.
class Measure {
 public:
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  void number(std::int64_t) { bytes_ += varint_bytes_max; }
  void optional_number(const std::optional<std::int64_t>&) { bytes_ += 1 + varint_bytes_max; }
  void word(const auto&, const auto&) { bytes_ += varint_bytes_max; }
  void flag(bool) { ++bytes_; }
  void text(const std::string& value) { bytes_ += varint_bytes_max + value.size(); }

 private:
  std::size_t bytes_ = 0;
};

// Writes where there is room for all of it.
class Packer {
 public:
  explicit Packer(char* at) : at_(at) {}
  [[nodiscard]] const char* at() const { return at_; }

  void number(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63));
  }
  void optional_number(const std::optional<std::int64_t>& value) {
    flag(value.has_value());
    if (value) number(*value);
  }
  template <class Word>
  void word(Word value, Word) {
    varint(static_cast<std::uint64_t>(value));
  }
  void flag(bool value) { varint(value ? 1 : 0); }
  void text(const std::string& value) {
    varint(value.size());
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

 private:
  void varint(std::uint64_t value) {
    for (; value > low_bits; value >>= bits_of_a_byte)
      *at_++ = static_cast<char>(value | more_follow);
    *at_++ = static_cast<char>(value);
  }

  char* at_;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::uint8_t> packed) : left_(packed) {}
  [[nodiscard]] bool is_whole() const { return whole_; }

  template <std::integral Number>
  void number(Number& value) {
    if (left_.empty()) return;
    const std::uint64_t coded = varint();
    value = static_cast<Number>(coded >> 1U ^ (~(coded & 1U) + 1));
  }
  void optional_number(std::optional<std::int64_t>& value) {
    bool present = false;
    flag(present);
    if (present) number(value.emplace());
  }
  template <class Word>
  void word(Word& value, Word last) {
    const std::uint64_t coded = left_.empty() ? 0 : varint();
    value = coded < static_cast<std::uint64_t>(last) ? static_cast<Word>(coded) : last;
  }
  void flag(bool& value) {
    if (!left_.empty()) value = varint() != 0;
  }
  void text(std::string& value) {
    const std::uint64_t size = left_.empty() ? 0 : varint();
    whole_ = whole_ && size <= left_.size();
    if (!whole_) return;
    value.assign(reinterpret_cast<const char*>(left_.data()), size);
    left_ = left_.subspan(size);
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (std::uint32_t shift = 0; shift < 64 && !left_.empty(); shift += bits_of_a_byte) {
      const std::uint8_t byte = left_.front();
      left_ = left_.subspan(1);
      value |= (byte & low_bits) << shift;
      if ((byte & more_follow) == 0) return value;
    }
    whole_ = false;
    return 0;
  }

  std::span<const std::uint8_t> left_;
  bool whole_ = true;
};

}  // namespace

void pack_rest(const UsageRecord& record, const UsageNumbers& numbers, std::string& packed) {
  Measure room;
  visit_rest(record, numbers, room);
  packed.resize_and_overwrite(room.bytes(), [&](char* begin, std::size_t) {
    Packer packer(begin);
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
