// The Management API as the command line asks it: one request at a time, JSON in, JSON out.
//
// Every call is one connection. Blocking; one thread.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/admin_exchange.hpp"

namespace obleth::cli {

inline constexpr std::size_t answer_bytes_max = 256ULL << 20;  // of one that is gathered

struct AdminAnswer {
  int status = 0;
  std::string body;
};

class AdminClient {
 public:
  // warn: told what the Management API warns of beside an answer.
  using Warn = std::function<void(std::string_view warning)>;
  AdminClient(AdminAddress address, Warn warn) : address_(std::move(address)), warn_(std::move(warn)) {}

  // Any status is an answer. Faults: unreachable, broken, bad_answer.
  [[nodiscard]] Result<AdminAnswer> send(const AdminRequest& request) const;

  // Null where the answer has no body. A refusal is a fault of the kind forbidden whose message tells it whole, with
  // every field at fault on a line of its own.
  [[nodiscard]] Result<boost::json::value> ask(const AdminRequest& request) const;
  [[nodiscard]] Result<boost::json::value> get(std::string path) const;
  // The body as it came.
  [[nodiscard]] Result<std::string> text(std::string path) const;
  // The same piece by piece, however long it is. take: false when it wants no more.
  using TakePiece = std::function<bool(std::string_view piece)>;
  [[nodiscard]] Result<void> stream(std::string path, const TakePiece& take) const;
  [[nodiscard]] Result<boost::json::value> write(std::string method, std::string path,
                                                 const boost::json::value& body) const;
  // Every row of a list, page after page; at most rows_max.
  [[nodiscard]] Result<boost::json::array> list(const std::string& path, const std::string& query,
                                                std::size_t rows_max) const;

 private:
  [[nodiscard]] Result<AdminAnswer> send_and_check(const AdminRequest& request) const;

  AdminAddress address_;
  Warn warn_;
};

// As a path segment or a query value.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace obleth::cli
