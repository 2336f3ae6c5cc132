#include "adapters/postgres/postgres_address.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <ranges>

namespace obleth::adapters {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::unexpected<Fault> unreadable() {
  return fail(client_fault(FaultKind::invalid,
                           "must be a URL that PostgreSQL understands, such as postgresql://user:password@host/name",
                           "database_url"));
}

// One for each host, or one for all; an empty one is PostgreSQL's own.
bool are_ports(std::string_view list) {
  return std::ranges::all_of(std::views::split(list, ','), [](const auto& item) {
    const std::string_view text(item.begin(), item.end());
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return text.empty() || (error == std::errc{} && end == text.data() + text.size() && port > 0);
  });
}

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  for (const auto& item : std::views::split(list, ','))
    items.emplace_back(item.begin(), item.end());
  return items;
}

// Not a socket's folder, nor an IPv6 address, nor left to libpq.
bool is_name(std::string_view host) {
  return !host.empty() && host.front() != '/' && host.front() != '@' && !host.contains(':');
}

// libpq's lists, whose items belong together by their places.
struct HostLists {
  void add(std::string_view name, std::string_view address, std::string_view port) {
    append(hosts, name);
    append(addresses, address);
    append(ports, port);
    ++count;
  }
  std::string hosts;
  std::string addresses;
  std::string ports;
  std::size_t count = 0;

 private:
  void append(std::string& list, std::string_view item) const {
    if (count > 0) list.append(",");
    list.append(item);
  }
};

}  // namespace

bool PostgresAddress::is_one(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

Result<PostgresAddress> PostgresAddress::parse(const Secret& url, const std::string& ca) {
  char* complaint = nullptr;
  const std::string text(url.reveal());
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(text.c_str(), &complaint));
  PQfreemem(complaint);  // it may repeat a part of the URL that is the password
  if (!is_one(text) || !options) {
    return unreadable();
  }
  PostgresAddress address;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) address.parameters_.emplace_back(option->keyword, Secret(option->val));
  }
  if (!ca.empty()) {
    address.set_unless_said("sslrootcert", ca);
    address.set_unless_said("sslmode", "verify-full");
  }
  // libpq reads it no earlier than when it connects.
  if (!are_ports(address.value_of("port"))) return unreadable();
  address.set_unless_said("application_name", "obleth");
  address.set_unless_said("client_encoding", "UTF8");
  address.set_unless_said("gssencmode", "disable");
  // A server whose machine went away without a word is noticed in 25 s even where nothing is asked of it.
  address.set_unless_said("keepalives_idle", "10");
  address.set_unless_said("keepalives_interval", "5");
  address.set_unless_said("keepalives_count", "3");
  address.shown_.append("postgresql://").append(address.value_of("host"));
  if (const auto port = address.value_of("port"); !port.empty()) address.shown_.append(":").append(port);
  address.shown_.append("/").append(address.value_of("dbname"));
  return address;
}

Result<PostgresAddress::Parameters> PostgresAddress::with_addresses(Duration at_most) const {
  const std::vector<std::string> hosts = items_of(value_of("host"));
  const std::vector<std::string> ports = items_of(value_of("port"));
  const bool ports_are_clear = ports.size() <= 1 || ports.size() == hosts.size();  // libpq says so where they are not
  if (!find_addresses_ || !value_of("hostaddr").empty() || !ports_are_clear || std::ranges::none_of(hosts, is_name)) {
    return parameters_;
  }
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  HostLists lists;
  Fault why_not;
  for (std::size_t at = 0; at < hosts.size(); ++at) {
    const std::string_view port = ports.size() == hosts.size() ? ports[at] : std::string_view();
    if (!is_name(hosts[at])) {
      lists.add(hosts[at], "", port);
      continue;
    }
    // One that hangs leaves the others their part of the time.
    const Duration left = deadline - std::chrono::steady_clock::now();
    const auto found = find_addresses_(hosts[at], left / static_cast<std::int64_t>(hosts.size() - at));
    if (!found) {
      why_not = found.error();
      continue;
    }
    for (const std::string& address : *found)
      lists.add(hosts[at], address, port);
  }
  if (lists.count == 0) return fail(std::move(why_not));
  Parameters parameters = parameters_;
  for (auto& [keyword, value] : parameters) {
    if (keyword == "host") value = Secret(lists.hosts);
    if (keyword == "port" && ports.size() == hosts.size()) value = Secret(lists.ports);
  }
  parameters.emplace_back("hostaddr", Secret(lists.addresses));
  return parameters;
}

std::string_view PostgresAddress::value_of(std::string_view keyword) const {
  const auto found = std::ranges::find(parameters_, keyword, &std::pair<std::string, Secret>::first);
  return found == parameters_.end() ? std::string_view() : found->second.reveal();
}

void PostgresAddress::set_unless_said(std::string_view keyword, std::string_view value) {
  if (value_of(keyword).empty()) parameters_.emplace_back(keyword, Secret(std::string(value)));
}

}  // namespace obleth::adapters
