#include "adapters/spool/row_encoding.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "adapters/spool/row_fields.hpp"
#include "base/varint.hpp"

namespace obleth::adapters {
namespace {

// Wire types of Protocol Buffers.
constexpr std::uint32_t type_varint = 0;
constexpr std::uint32_t type_fixed64 = 1;
constexpr std::uint32_t type_bytes = 2;
constexpr std::uint32_t type_fixed32 = 5;

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::string_view cut_to_size(std::string_view text) {
  if (text.size() <= row_text_bytes_max) return text;
  std::size_t size = row_text_bytes_max;
  while (size > 0 && continues_character(text[size]))
    --size;
  return text.substr(0, size);
}

class Encoder {
 public:
  explicit Encoder(char* out) : begin_(out), at_(out) {}
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

  void text(std::uint32_t field, std::string_view value) {
    if (value.empty()) return;
    const std::string_view kept = cut_to_size(value);
    bytes(field, kept);
  }
  void id(std::uint32_t field, const Bits128& value) {
    std::array<char, sizeof(Bits128)> raw{};
    std::memcpy(raw.data(), &value.high, sizeof value.high);
    std::memcpy(raw.data() + sizeof value.high, &value.low, sizeof value.low);
    bytes(field, {raw.data(), raw.size()});
  }
  void number(std::uint32_t field, std::int64_t value) {
    if (value != 0) coded_number(field, zigzag(value));
  }
  void optional_number(std::uint32_t field, const std::optional<std::int64_t>& value) {
    if (value) coded_number(field, zigzag(*value));
  }
  template <class Word>
    requires std::is_enum_v<Word>
  void word(std::uint32_t field, Word value) {
    if (const auto coded = static_cast<std::uint64_t>(value); coded != 0) coded_number(field, coded);
  }
  void flag(std::uint32_t field, bool value) {
    if (value) coded_number(field, 1);
  }

 private:
  void varint(std::uint64_t value) { at_ = put_varint(at_, value); }
  void coded_number(std::uint32_t field, std::uint64_t value) {
    varint((std::uint64_t{field} << 3U) | type_varint);
    varint(value);
  }
  void bytes(std::uint32_t field, std::string_view value) {
    varint((std::uint64_t{field} << 3U) | type_bytes);
    varint(value.size());
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

  char* begin_;
  char* at_;
};

// Visits a record's fields beside those of a payload, both in the order of their numbers, so that a visit is one
// comparison with a tag that the compiler knows. What does not stand next in the payload is taken from the record by
// the first visit, and left by later ones, which take what is left where the payload has another order; a field that
// comes twice says what it says last.
class Decoder {
 public:
  explicit Decoder(std::string_view payload) : at_(payload.data()), end_(payload.data() + payload.size()) {}
  // False: what was read so far is not an encoded row.
  [[nodiscard]] bool is_whole() const { return whole_; }
  [[nodiscard]] const char* at() const { return at_; }
  [[nodiscard]] bool is_over() const { return at_ == end_; }

  void end_visit() { is_first_ = false; }

  // Texts keep their memory, and rows that follow each other say much the same.
  template <class Text>
  void text(std::uint32_t field, Text& value) {
    if (!take_tag(field, type_bytes)) {
      if (is_first_) value.clear();
    } else if (const std::string_view text = bytes(); value != text) {
      value = text;
    }
  }
  void id(std::uint32_t field, Bits128& value) {
    if (!comes(field, type_bytes, value)) return;
    const std::string_view raw = bytes();
    value = {};
    if (raw.size() != sizeof(Bits128)) return;
    std::memcpy(&value.high, raw.data(), sizeof value.high);
    std::memcpy(&value.low, raw.data() + sizeof value.high, sizeof value.low);
  }
  template <std::integral Number>
  void number(std::uint32_t field, Number& value) {
    if (comes(field, type_varint, value)) value = static_cast<Number>(unzigzag(varint()));
  }
  void optional_number(std::uint32_t field, std::optional<std::int64_t>& value) {
    if (comes(field, type_varint, value)) value = unzigzag(varint());
  }
  void word(std::uint32_t field, AdmissionOutcome& value) { word_up_to(field, AdmissionOutcome::refused, value); }
  void word(std::uint32_t field, UsageSource& value) { word_up_to(field, UsageSource::estimated, value); }
  void word(std::uint32_t field, CacheOutcome& value) { word_up_to(field, CacheOutcome::hit, value); }
  void flag(std::uint32_t field, bool& value) {
    if (comes(field, type_varint, value)) value = varint() != 0;
  }

  // Past a field that no visit takes.
  void skip_field() {
    switch (varint() & 7U) {
      case type_varint:
        static_cast<void>(varint());
        break;
      case type_bytes:
        static_cast<void>(bytes());
        break;
      case type_fixed64:
        skip(sizeof(std::uint64_t));
        break;
      case type_fixed32:
        skip(sizeof(std::uint32_t));
        break;
      default:
        fail();
    }
  }

 private:
  template <class Word>
  void word_up_to(std::uint32_t field, Word last, Word& value) {
    if (!comes(field, type_varint, value)) return;
    const std::uint64_t coded = varint();
    value = static_cast<Word>(coded <= static_cast<std::uint64_t>(last) ? coded : 0);
  }
  [[nodiscard]] std::uint32_t byte(std::size_t further) const { return static_cast<unsigned char>(at_[further]); }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  [[nodiscard]] bool take_tag(std::uint32_t field, std::uint32_t type) {
    const std::uint32_t tag = field << 3U | type;
    static_assert(row_field_last < 1U << 11U, "a tag is of two bytes at most");
    const std::size_t size = tag < 0x80U ? 1 : 2;
    if (left() < size) return false;
    if (size == 1 ? byte(0) != tag : byte(0) != ((tag & 0x7FU) | 0x80U) || byte(1) != tag >> 7U) return false;
    at_ += size;
    return true;
  }
  template <class Value>
  [[nodiscard]] bool comes(std::uint32_t field, std::uint32_t type, Value& value) {
    const bool stands_next = take_tag(field, type);
    if (!stands_next && is_first_) value = Value{};
    return stands_next;
  }
  [[nodiscard]] std::uint64_t varint() {
    const std::optional<std::uint64_t> value = take_varint(at_, end_);
    if (!value) fail();
    return value.value_or(0);
  }
  [[nodiscard]] std::string_view bytes() {
    const std::uint64_t size = varint();
    const char* const begin = at_;
    return skip(size) ? std::string_view(begin, size) : std::string_view();
  }
  bool skip(std::uint64_t size) {
    if (size > left()) {
      fail();
      return false;
    }
    at_ += size;
    return true;
  }
  void fail() {
    whole_ = false;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool is_first_ = true;
  bool whole_ = true;
};

}  // namespace

std::size_t encode_row(const UsageRecord& record, std::span<char, row_bytes_max> out) {
  Encoder encoder(out.data());
  visit_row_fields(record, encoder);
  return encoder.size();
}

std::optional<UsageRecord> decode_row(std::string_view payload) {
  std::optional<UsageRecord> record(std::in_place);
  if (!decode_row_into(*record, payload)) record.reset();
  return record;
}

bool decode_row_into(UsageRecord& record, std::string_view payload) {
  Decoder decoder(payload);
  do {
    const char* const before = decoder.at();
    visit_row_fields(record, decoder);
    decoder.end_visit();
    if (decoder.at() == before && !decoder.is_over()) decoder.skip_field();
  } while (!decoder.is_over());
  return decoder.is_whole();
}

}  // namespace obleth::adapters
