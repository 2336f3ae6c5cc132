#include "adapters/postgres/postgres_address.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
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

std::string_view PostgresAddress::value_of(std::string_view keyword) const {
  const auto found = std::ranges::find(parameters_, keyword, &std::pair<std::string, Secret>::first);
  return found == parameters_.end() ? std::string_view() : found->second.reveal();
}

void PostgresAddress::set_unless_said(std::string_view keyword, std::string_view value) {
  if (value_of(keyword).empty()) parameters_.emplace_back(keyword, Secret(std::string(value)));
}

}  // namespace obleth::adapters
