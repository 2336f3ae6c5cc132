// An IPv4 or IPv6 address with its port. A value; any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace obleth::adapters {

class NetAddress {
 public:
  NetAddress() = default;
  // Other families give nullopt.
  [[nodiscard]] static std::optional<NetAddress> from_sockaddr(const sockaddr* address);
  // A literal: "127.0.0.1", "::1" or "[::1]"; no names.
  [[nodiscard]] static std::optional<NetAddress> parse(std::string_view literal, std::uint16_t port);
  // "0.0.0.0:8080", "[::]:8080" or ":8080" (every IPv4 address).
  [[nodiscard]] static std::optional<NetAddress> parse_with_port(std::string_view text);

  [[nodiscard]] bool is_v6() const { return is_v6_; }
  // 4 or 16 bytes; an IPv4-mapped IPv6 address is given as the IPv4 address that it means.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  // What one holder has to himself: the whole IPv4 address, the first 64 bits of an IPv6 one.
  [[nodiscard]] std::uint64_t network() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void set_port(std::uint16_t port) { port_ = port; }
  [[nodiscard]] std::string host_text() const;  // without port and brackets
  [[nodiscard]] std::string text() const;       // "1.2.3.4:80", "[::1]:80"
  bool operator==(const NetAddress&) const = default;

  struct Raw {
    sockaddr_storage storage{};
    socklen_t length = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  };
  [[nodiscard]] Raw raw() const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
  bool is_v6_ = false;
};

// A range of addresses: "10.0.0.0/8", "fd00::/8", or one address.
class Cidr {
 public:
  [[nodiscard]] static std::optional<Cidr> parse(std::string_view text);
  [[nodiscard]] bool contains(const NetAddress& address) const;
  [[nodiscard]] std::string text() const;  // "10.0.0.0/8"

 private:
  NetAddress base_;
  int prefix_bits_ = 0;
};

}  // namespace obleth::adapters
