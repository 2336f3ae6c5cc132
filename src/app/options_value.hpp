// Text to the value of one setting and back, for every type that a setting has. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "app/options.hpp"

namespace obleth::app {

// One item of a list of texts, in the form in which it is kept. Fault: invalid, as of read_value.
using ItemRule = Result<std::string> (*)(std::string_view item);
[[nodiscard]] Result<std::string> read_header_name(std::string_view item);
[[nodiscard]] Result<std::string> read_origin(std::string_view item);  // "*", or as browsers send it
[[nodiscard]] Result<std::string> read_path(std::string_view item);

// What a text must be read with beside its type.
struct ValueRule {
  std::uint64_t least = 0;  // of a number: a count, bytes, or milliseconds
  std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  Duration bare_unit = std::chrono::seconds(1);  // what "5" means for a duration
  ItemRule item = nullptr;                       // of a list of texts, which always has one
};

// The fault's message says what would be right, beginning with "must be"; the caller names the setting.
Result<void> read_value(std::string_view text, const ValueRule& rule, bool& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::uint32_t& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::uint64_t& bytes);  // "64MiB", "512k", "1024"
Result<void> read_value(std::string_view text, const ValueRule& rule, Duration& value);       // "250ms", "5s", "24h"
Result<void> read_value(std::string_view text, const ValueRule& rule, std::string& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, Secret& value);
// "none" is the empty secret: there is nothing, and that is said expressly.
Result<void> read_value(std::string_view text, const ValueRule& rule, std::optional<Secret>& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::optional<adapters::EncryptionKey>& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, adapters::NetAddress& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::optional<UpstreamAddress>& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::vector<std::string>& value);  // "a, b"
Result<void> read_value(std::string_view text, const ValueRule& rule, std::vector<adapters::Cidr>& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::optional<adapters::RedisAddress>& value);
Result<void> read_value(std::string_view text, const ValueRule& rule, std::vector<adapters::HostAndPort>& value);

// As it would be written; empty where nothing is set. Of a secret only whether it is set: ***.
std::string show_value(bool value);
std::string show_value(std::uint32_t value);
std::string show_value(std::uint64_t bytes);
std::string show_value(Duration value);
std::string show_value(const std::string& value);
std::string show_value(const Secret& value);
std::string show_value(const std::optional<Secret>& value);
std::string show_value(const std::optional<adapters::EncryptionKey>& value);
std::string show_value(const adapters::NetAddress& value);
std::string show_value(const std::optional<UpstreamAddress>& value);
std::string show_value(const std::vector<std::string>& value);
std::string show_value(const std::vector<adapters::Cidr>& value);
std::string show_value(const std::optional<adapters::RedisAddress>& value);
std::string show_value(const std::vector<adapters::HostAndPort>& value);

// The words of an enumeration, in the order of its enumerators.
template <class Enum>
inline constexpr std::array<std::string_view, 0> choices{};
template <>
inline constexpr std::array<std::string_view, 3> choices<gateway::PassThrough>{"all", "v1", "off"};
template <>
inline constexpr std::array<std::string_view, 2> choices<UnregisteredModels>{"refuse", "allow"};
template <>
inline constexpr std::array<std::string_view, 5> choices<SettingSource>{"default", "file", "environment", "flag",
                                                                        "api"};
template <>
inline constexpr std::array<std::string_view, 2> choices<fairshare::Algorithm>{"hierarchical", "weighted"};
template <>
inline constexpr std::array<std::string_view, 2> choices<adapters::WhenFull>{"drop_new", "drop_old"};
template <>
inline constexpr std::array<std::string_view, 3> choices<observe::LogFormat>{"auto", "json", "text"};
template <>
inline constexpr std::array<std::string_view, 4> choices<observe::LogLevel>{"debug", "info", "warn", "error"};

// "all, v1 or off"
[[nodiscard]] std::string join_choices(std::span<const std::string_view> words);

template <class Enum>
  requires(choices<Enum>.size() > 0)
Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, Enum& value) {
  for (std::size_t at = 0; at < choices<Enum>.size(); ++at) {
    if (choices<Enum>[at] != text) continue;
    value = static_cast<Enum>(at);
    return {};
  }
  return fail(client_fault(FaultKind::invalid, "must be " + join_choices(choices<Enum>)));
}

template <class Enum>
  requires(choices<Enum>.size() > 0)
std::string show_value(const Enum& value) {
  return std::string(choices<Enum>[static_cast<std::size_t>(value)]);
}

}  // namespace obleth::app
