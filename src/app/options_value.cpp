#include "app/options_value.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "wire/http_syntax.hpp"

namespace obleth::app {
namespace {

std::unexpected<Fault> wrong(std::string what) {
  return fail(client_fault(FaultKind::invalid, std::move(what)));
}

constexpr std::string_view masked = "***";

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// The largest first, so that a value is shown in the largest unit that divides it.
constexpr std::array<Unit, 4> byte_units{{{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};
constexpr std::array<Unit, 4> time_units{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

// "64MiB" with byte_units is 64 << 20; a bare number counts bare_size each.
std::optional<std::uint64_t> read_with_unit(std::string_view text, std::span<const Unit> units,
                                            std::uint64_t bare_size) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto unit = std::ranges::find(units, suffix, &Unit::name);
  if (unit == units.end() && !suffix.empty()) return std::nullopt;
  std::uint64_t whole = 0;
  if (__builtin_mul_overflow(number, suffix.empty() ? bare_size : unit->size, &whole)) return std::nullopt;
  return whole;
}

std::string show_with_unit(std::uint64_t value, std::span<const Unit> units) {
  if (value == 0) return "0";
  const auto unit = std::ranges::find_if(units, [value](const Unit& each) { return value % each.size == 0; });
  return std::to_string(value / unit->size) + std::string(unit->name);
}

bool is_within(std::uint64_t value, const ValueRule& rule) {
  return value >= rule.least && value <= rule.most;
}

std::string range_text(const ValueRule& rule, std::span<const Unit> units) {
  return show_with_unit(rule.least, units) + " to " + show_with_unit(rule.most, units);
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t");
  return end == std::string_view::npos ? std::string_view{} : text.substr(start, end + 1 - start);
}

std::vector<std::string_view> items_of(std::string_view list) {
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view item = without_spaces(list.substr(0, comma));
    if (!item.empty()) items.push_back(item);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return items;
}

// As items_of takes it apart.
template <class Item, class Show>
std::string show_list(const std::vector<Item>& items, Show show) {
  std::string shown;
  for (const Item& item : items)
    shown += (shown.empty() ? "" : ",") + std::invoke(show, item);
  return shown;
}

}  // namespace

Result<std::string> read_header_name(std::string_view item) {
  if (wire::all_in(item, wire::token_char)) return std::string(item);
  return wrong("must be names of headers such as x-internal; this is none: " + std::string(item));
}

Result<std::string> read_origin(std::string_view item) {
  if (item == "*") return std::string(item);
  std::string origin(item);
  std::ranges::transform(origin, origin.begin(), wire::lower_case);
  if (origin.ends_with('/')) origin.pop_back();
  const std::string scheme = origin.substr(0, origin.find("://"));
  const std::string host = origin.substr(std::min(origin.size(), scheme.size() + 3));
  // The parser of upstreams takes these two schemes; pages of an application may have one of their own.
  const auto address = parse_upstream_address((scheme == "https" ? "https://" : "http://") + host);
  if (address && !scheme.empty() && wire::all_in(scheme, wire::token_char) && !host.contains('/')) {
    return scheme + "://" + address->authority;
  }
  return wrong("must be * or origins such as https://a.example, without a path; this is none: " + std::string(item));
}

Result<std::string> read_path(std::string_view item) {
  const bool is_path = item.starts_with('/') && wire::all_in(item, wire::target_char) && !item.contains('?');
  if (is_path) return std::string(item);
  return wrong("must be paths such as /v1/load_lora_adapter; this is none: " + std::string(item));
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, bool& value) {
  if (text != "true" && text != "false") return wrong("must be true or false");
  value = text == "true";
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& rule, std::uint32_t& value) {
  const std::optional<std::uint64_t> read = read_with_unit(text, {}, 1);
  if (!read || !is_within(*read, rule)) {
    return wrong("must be a whole number, " + std::to_string(rule.least) + " to " + std::to_string(rule.most));
  }
  value = static_cast<std::uint32_t>(*read);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& rule, std::uint64_t& bytes) {
  const std::optional<std::uint64_t> read = read_with_unit(text, byte_units, 1);
  if (!read || !is_within(*read, rule)) {
    return wrong("must be a number of bytes such as 65536 or 64MiB, " + range_text(rule, byte_units));
  }
  bytes = *read;
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& rule, Duration& value) {
  const auto bare_ms = static_cast<std::uint64_t>(whole_ms(rule.bare_unit));
  const std::optional<std::uint64_t> read = read_with_unit(text, time_units, bare_ms);
  if (!read || !is_within(*read, rule)) {
    return wrong("must be a time such as 250ms, 5s or 24h, " + range_text(rule, time_units));
  }
  value = std::chrono::milliseconds(*read);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, std::string& value) {
  value = text;
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, Secret& value) {
  value = Secret(std::string(text));
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, std::optional<Secret>& value) {
  value = Secret(text == "none" ? std::string() : std::string(text));
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/,
                        std::optional<adapters::EncryptionKey>& value) {
  Result<adapters::EncryptionKey> read = adapters::EncryptionKey::from_text(text, "");
  if (!read) return wrong("must be 32 bytes, as base64 or as 64 hex digits");
  value.emplace(*read);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, adapters::NetAddress& value) {
  const std::optional<adapters::NetAddress> read = adapters::NetAddress::parse_with_port(text);
  if (!read) return wrong("must be an address with a port, such as 127.0.0.1:8080 or [::]:8080");
  value = *read;
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, std::optional<UpstreamAddress>& value) {
  Result<UpstreamAddress> read = parse_upstream_address(text);
  if (!read) return wrong("must be a URL such as http://vllm:8000 (" + read.error().message + ")");
  if (is_disguised_address(read->host)) {
    return wrong("must be a URL that names its host by a name or by an address in its usual form");
  }
  value = std::move(*read);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& rule, std::vector<std::string>& value) {
  std::vector<std::string> items;
  for (const std::string_view item : items_of(text)) {
    Result<std::string> read = rule.item(item);
    if (!read) return fail(std::move(read.error()));
    items.push_back(std::move(*read));
  }
  value = std::move(items);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, std::vector<adapters::Cidr>& value) {
  std::vector<adapters::Cidr> ranges;
  for (const std::string_view item : items_of(text)) {
    const std::optional<adapters::Cidr> range = adapters::Cidr::parse(item);
    if (!range) return wrong("must be address ranges such as 10.0.0.0/8, fd00::/8; this is none: " + std::string(item));
    ranges.push_back(*range);
  }
  value = std::move(ranges);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/,
                        std::optional<adapters::RedisAddress>& value) {
  Result<adapters::RedisAddress> read = adapters::RedisAddress::parse(text);
  if (!read) return wrong(read.error().message);
  value = std::move(*read);
  return {};
}

Result<void> read_value(std::string_view text, const ValueRule& /*rule*/, std::vector<adapters::HostAndPort>& value) {
  std::vector<adapters::HostAndPort> hosts;
  for (const std::string_view item : items_of(text)) {
    Result<adapters::HostAndPort> host = adapters::parse_host_and_port(item, adapters::sentinel_port);
    if (!host) return wrong("must be hosts such as sentinel-1:26379; this is none: " + std::string(item));
    hosts.push_back(std::move(*host));
  }
  value = std::move(hosts);
  return {};
}

std::string show_value(bool value) {
  return value ? "true" : "false";
}
std::string show_value(std::uint32_t value) {
  return std::to_string(value);
}
std::string show_value(std::uint64_t bytes) {
  return show_with_unit(bytes, byte_units);
}
std::string show_value(Duration value) {
  return show_with_unit(static_cast<std::uint64_t>(whole_ms(value)), time_units);
}
std::string show_value(const std::string& value) {
  return value;
}
std::string show_value(const Secret& value) {
  return value.empty() ? std::string() : std::string(masked);
}
std::string show_value(const std::optional<Secret>& value) {
  if (!value) return {};
  return value->empty() ? "none" : std::string(masked);
}
std::string show_value(const std::optional<adapters::EncryptionKey>& value) {
  return value ? std::string(masked) : std::string();
}
std::string show_value(const adapters::NetAddress& value) {
  return value.text();
}
std::string show_value(const std::optional<UpstreamAddress>& value) {
  return value ? (value->tls ? "https://" : "http://") + value->authority + value->base_path : std::string{};
}
std::string show_value(const std::vector<std::string>& value) {
  return show_list(value, [](const std::string& item) { return item; });
}
std::string show_value(const std::vector<adapters::Cidr>& value) {
  return show_list(value, &adapters::Cidr::text);
}

std::string show_value(const std::optional<adapters::RedisAddress>& value) {
  return value ? value->text() : std::string();
}
std::string show_value(const std::vector<adapters::HostAndPort>& value) {
  return show_list(value,
                   [](const adapters::HostAndPort& each) { return each.host + ":" + std::to_string(each.port); });
}

std::string join_choices(std::span<const std::string_view> words) {
  std::string joined;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (at > 0) joined += at + 1 == words.size() ? " or " : ", ";
    joined += words[at];
  }
  return joined;
}

}  // namespace obleth::app
