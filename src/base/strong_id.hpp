// Identifiers that cannot be mixed up: a TenantId is not a KeyId, though both are 128 bits.
//
// Textual form: UUID (8-4-4-4-12 lower-case hex) for records, 32 hex digits for events.
// Thread: values, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace obleth {

struct Bits128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  constexpr auto operator<=>(const Bits128&) const = default;
};

[[nodiscard]] std::string to_hex32(Bits128 bits);
[[nodiscard]] std::string to_uuid(Bits128 bits);
// Accepts 32 hex digits or a UUID, upper or lower case.
[[nodiscard]] std::optional<Bits128> bits128_from_text(std::string_view text);

template <class Tag>
struct StrongId {
  Bits128 bits;
  constexpr auto operator<=>(const StrongId&) const = default;
  [[nodiscard]] constexpr bool is_nil() const { return bits == Bits128{}; }
  [[nodiscard]] std::string uuid() const { return to_uuid(bits); }
  [[nodiscard]] std::string hex() const { return to_hex32(bits); }
  [[nodiscard]] static std::optional<StrongId> from_text(std::string_view text) {
    const auto parsed = bits128_from_text(text);
    return parsed ? std::optional<StrongId>(StrongId{*parsed}) : std::nullopt;
  }
};

// The ids are random, so mixing the halves is a sufficient hash.
template <class Tag>
[[nodiscard]] std::size_t hash_value(const StrongId<Tag>& id) {
  return static_cast<std::size_t>(id.bits.high ^ (id.bits.low * 0x9E3779B97F4A7C15ULL));
}

}  // namespace obleth

template <class Tag>
struct std::hash<obleth::StrongId<Tag>> {
  std::size_t operator()(const obleth::StrongId<Tag>& id) const noexcept { return hash_value(id); }
};
