#include "adapters/sqlite/usage_head.hpp"

#include <array>
#include <cstring>

#include "base/varint.hpp"

namespace obleth::adapters {

void pack_head(const UsageHead& head, std::string& packed) {
  std::array<char, 3 * varint_bytes_max + sizeof head.event.bits> bytes;
  char* at = bytes.data();
  for (const std::int64_t number : {head.tenant, head.key, head.kind})
    at = put_varint(at, static_cast<std::uint64_t>(number));
  for (const std::uint64_t half : {head.event.bits.high, head.event.bits.low}) {
    std::memcpy(at, &half, sizeof half);
    at += sizeof half;
  }
  packed.append(bytes.data(), at);
}

std::optional<std::span<const std::uint8_t>> unpack_head(std::span<const std::uint8_t> packed, UsageHead& head) {
  VarintReader reader(packed);
  for (std::int64_t* number : {&head.tenant, &head.key, &head.kind})
    *number = static_cast<std::int64_t>(reader.next());
  const auto id = reader.bytes(sizeof head.event.bits);
  if (!reader.is_whole()) return std::nullopt;
  std::memcpy(&head.event.bits.high, id.data(), sizeof head.event.bits.high);
  std::memcpy(&head.event.bits.low, id.data() + sizeof head.event.bits.high, sizeof head.event.bits.low);
  return reader.left();
}

}  // namespace obleth::adapters
