// Which PostgreSQL server, as which user, how protected: a URL as libpq reads it, checked once at start.
//
// What a URL leaves open is set so that a dead peer is noticed. Thread: a value, read from any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace obleth::adapters {

class PostgresAddress {
 public:
  // ca: a PEM file with the authorities that the server's certificate is checked against; empty: as the URL says.
  // With one, a URL that says nothing else means sslmode=verify-full. Fault: invalid; it repeats nothing of the URL.
  [[nodiscard]] static Result<PostgresAddress> parse(const Secret& url, const std::string& ca = {});
  [[nodiscard]] static bool is_one(std::string_view url);  // postgres:// or postgresql://

  // libpq's keywords and their values, the password among them.
  [[nodiscard]] const std::vector<std::pair<std::string, Secret>>& parameters() const { return parameters_; }
  [[nodiscard]] const std::string& shown() const { return shown_; }  // "postgresql://host:5432/database"

 private:
  [[nodiscard]] std::string_view value_of(std::string_view keyword) const;
  void set_unless_said(std::string_view keyword, std::string_view value);

  std::vector<std::pair<std::string, Secret>> parameters_;
  std::string shown_;
};

}  // namespace obleth::adapters
