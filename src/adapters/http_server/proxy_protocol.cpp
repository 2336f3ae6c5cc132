#include "adapters/http_server/proxy_protocol.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace obleth::adapters {
namespace {

constexpr std::string_view text_signature = "PROXY ";
constexpr std::string_view binary_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t text_bytes_max = 107;
constexpr std::size_t binary_head_bytes = 16;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::size_t number16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::size_t>(byte_at(bytes, at)) << 8 | byte_at(bytes, at + 1);
}

// "PROXY TCP4 source destination source-port destination-port\r\n"
ProxyHeaderOutcome read_text(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, text_bytes_max).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= text_bytes_max) return BadProxyHeader{};
    return PartialProxyHeader{};
  }
  ProxyHeader header{.bytes = end + 2, .client = std::nullopt};
  std::string_view rest = bytes.substr(text_signature.size(), end - text_signature.size());
  std::array<std::string_view, 5> words;
  std::size_t count = 0;
  while (count < words.size()) {
    const std::size_t space = rest.find(' ');
    words[count++] = rest.substr(0, space);
    if (space == std::string_view::npos) break;
    rest.remove_prefix(space + 1);
  }
  if (words[0] == "UNKNOWN") return header;
  if (count != words.size() || (words[0] != "TCP4" && words[0] != "TCP6")) return BadProxyHeader{};
  std::uint16_t port = 0;
  const std::string_view digits = words[3];
  const auto [stopped, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || stopped != digits.data() + digits.size()) return BadProxyHeader{};
  header.client = NetAddress::parse(words[1], port);
  if (!header.client) return BadProxyHeader{};
  return header;
}

ProxyHeaderOutcome read_binary(std::string_view bytes) {
  constexpr std::uint8_t version_2_local = 0x20;
  constexpr std::uint8_t version_2_proxy = 0x21;
  constexpr std::uint8_t tcp_over_v4 = 0x11;
  constexpr std::uint8_t tcp_over_v6 = 0x21;
  constexpr std::size_t v4_bytes = 12;  // two addresses, two ports
  constexpr std::size_t v6_bytes = 36;
  if (bytes.size() < binary_head_bytes) return PartialProxyHeader{};
  const std::uint8_t command = byte_at(bytes, 12);
  const std::uint8_t family = byte_at(bytes, 13);
  const std::size_t length = number16_at(bytes, 14);
  if (command != version_2_local && command != version_2_proxy) return BadProxyHeader{};
  if (binary_head_bytes + length > proxy_header_bytes_max) return BadProxyHeader{};
  if (bytes.size() < binary_head_bytes + length) return PartialProxyHeader{};
  ProxyHeader header{.bytes = binary_head_bytes + length, .client = std::nullopt};
  if (command == version_2_local) return header;
  const std::string_view addresses = bytes.substr(binary_head_bytes, length);
  if (family == tcp_over_v4 && length >= v4_bytes) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, addresses.data(), 4);
    std::memcpy(&v4.sin_port, addresses.data() + 8, 2);
    header.client = NetAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4));
  } else if (family == tcp_over_v6 && length >= v6_bytes) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, addresses.data(), 16);
    std::memcpy(&v6.sin6_port, addresses.data() + 32, 2);
    header.client = NetAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6));
  }
  return header;
}

}  // namespace

ProxyHeaderOutcome read_proxy_header(std::string_view bytes) {
  const auto begins = [&](std::string_view signature) {
    return bytes.substr(0, signature.size()) == signature.substr(0, bytes.size());
  };
  if (begins(binary_signature)) {
    if (bytes.size() < binary_signature.size()) return PartialProxyHeader{};
    return read_binary(bytes);
  }
  if (!begins(text_signature)) return NoProxyHeader{};
  if (bytes.size() < text_signature.size()) return PartialProxyHeader{};
  return read_text(bytes);
}

}  // namespace obleth::adapters
