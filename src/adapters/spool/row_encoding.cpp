#include "adapters/spool/row_encoding.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "adapters/spool/row_fields.hpp"

namespace obleth::adapters {
namespace {

// Wire types of Protocol Buffers.
constexpr std::uint64_t type_varint = 0;
constexpr std::uint64_t type_fixed64 = 1;
constexpr std::uint64_t type_bytes = 2;
constexpr std::uint64_t type_fixed32 = 5;

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t coded) {
  return static_cast<std::int64_t>(coded >> 1U) ^ -static_cast<std::int64_t>(coded & 1U);
}

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
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U)
      *at_++ = static_cast<char>(value | 0x80U);
    *at_++ = static_cast<char>(value);
  }
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

// What one field of a payload says; a field that comes twice says what it says last.
struct FieldValue {
  bool present = false;
  std::uint64_t number = 0;
  std::string_view bytes;
};

class Decoder {
 public:
  // False: not an encoded row.
  [[nodiscard]] bool read(std::string_view payload) {
    left_ = payload;
    while (!left_.empty()) {
      if (!read_field()) return false;
    }
    return true;
  }

  void text(std::uint32_t field, std::string& value) const {
    if (!fields_[field].bytes.empty()) value = fields_[field].bytes;
  }
  void id(std::uint32_t field, Bits128& value) const {
    const std::string_view raw = fields_[field].bytes;
    if (raw.size() != sizeof(Bits128)) return;
    std::memcpy(&value.high, raw.data(), sizeof value.high);
    std::memcpy(&value.low, raw.data() + sizeof value.high, sizeof value.low);
  }
  template <std::integral Number>
  void number(std::uint32_t field, Number& value) const {
    value = static_cast<Number>(unzigzag(fields_[field].number));
  }
  void optional_number(std::uint32_t field, std::optional<std::int64_t>& value) const {
    if (fields_[field].present) value = unzigzag(fields_[field].number);
  }
  void word(std::uint32_t field, AdmissionOutcome& value) const { word_up_to(field, AdmissionOutcome::refused, value); }
  void word(std::uint32_t field, UsageSource& value) const { word_up_to(field, UsageSource::estimated, value); }
  void word(std::uint32_t field, CacheOutcome& value) const { word_up_to(field, CacheOutcome::hit, value); }
  void flag(std::uint32_t field, bool& value) const { value = fields_[field].number != 0; }

 private:
  template <class Word>
  void word_up_to(std::uint32_t field, Word last, Word& value) const {
    const std::uint64_t coded = fields_[field].number;
    value = static_cast<Word>(coded <= static_cast<std::uint64_t>(last) ? coded : 0);
  }
  [[nodiscard]] bool read_varint(std::uint64_t& value) {
    // Tags, lengths and most numbers are of one byte.
    if (!left_.empty() && static_cast<unsigned char>(left_.front()) < 0x80U) {
      value = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      return true;
    }
    return read_long_varint(value);
  }
  [[nodiscard]] bool read_long_varint(std::uint64_t& value) {
    value = 0;
    for (std::uint32_t shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }
  [[nodiscard]] bool skip(std::uint64_t size) {
    if (size > left_.size()) return false;
    left_.remove_prefix(size);
    return true;
  }
  [[nodiscard]] bool read_field() {
    std::uint64_t tag = 0;
    if (!read_varint(tag)) return false;
    const std::uint64_t field = tag >> 3U;
    FieldValue value{.present = true};
    switch (tag & 7U) {
      case type_varint:
        if (!read_varint(value.number)) return false;
        break;
      case type_bytes: {
        std::uint64_t size = 0;
        if (!read_varint(size) || size > left_.size()) return false;
        value.bytes = left_.substr(0, size);
        left_.remove_prefix(size);
        break;
      }
      case type_fixed64:
        if (!skip(sizeof(std::uint64_t))) return false;
        break;
      case type_fixed32:
        if (!skip(sizeof(std::uint32_t))) return false;
        break;
      default:
        return false;
    }
    if (field <= row_field_last) fields_[field] = value;
    return true;
  }

  std::string_view left_;
  std::array<FieldValue, row_field_last + 1> fields_{};
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
  Decoder decoder;
  if (!decoder.read(payload)) return false;
  visit_row_fields(record, decoder);
  return true;
}

}  // namespace obleth::adapters
