// Which PostgreSQL server, as which user, how protected: a URL as libpq reads it, checked once at start.
//
// What a URL leaves open is set so that a dead peer is noticed. Thread: a value, read from any.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace obleth::adapters {

class PostgresAddress {
 public:
  using Parameters = std::vector<std::pair<std::string, Secret>>;
  // The addresses of a name, as text, or why there are none; waits for at_most. Any thread.
  using FindAddresses = std::function<Result<std::vector<std::string>>(const std::string& name, Duration at_most)>;

  // ca: a PEM file with the authorities that the server's certificate is checked against; empty: as the URL says.
  // With one, a URL that says nothing else means sslmode=verify-full. Fault: invalid; it repeats nothing of the URL.
  [[nodiscard]] static Result<PostgresAddress> parse(const Secret& url, const std::string& ca = {});
  [[nodiscard]] static bool is_one(std::string_view url);  // postgres:// or postgresql://

  // Who is asked for the addresses of the URL's hosts: libpq itself would wait for a name service without end.
  void find_addresses_with(FindAddresses find) { find_addresses_ = std::move(find); }

  // libpq's keywords and their values, the password among them.
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  // The same with the addresses of hosts beside their names, which the server's certificate is checked against. A host
  // without one is left out; fault: all are.
  [[nodiscard]] Result<Parameters> with_addresses(Duration at_most) const;
  [[nodiscard]] const std::string& shown() const { return shown_; }  // "postgresql://host:5432/database"

 private:
  [[nodiscard]] std::string_view value_of(std::string_view keyword) const;
  void set_unless_said(std::string_view keyword, std::string_view value);

  Parameters parameters_;
  std::string shown_;
  FindAddresses find_addresses_;  // none: libpq looks names up
};

}  // namespace obleth::adapters
