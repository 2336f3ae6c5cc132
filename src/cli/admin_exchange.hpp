// One request to the Management API and its answer, whose body is read as it arrives.
//
// A connection of its own. Blocking; one thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/admin_address.hpp"
#include "cli/admin_connection.hpp"
#include "domain/http_message.hpp"
#include "wire/chunk_decoder.hpp"

namespace obleth::cli {

struct AdminRequest {
  std::string method = "GET";
  std::string path;  // "/api/v1/tenants?limit=50"
  std::string body = {};
  std::string content_type = "application/json";
};

class AdminExchange {
 public:
  // Sends the request and waits for the head of its answer. Faults: unreachable, broken, bad_answer.
  [[nodiscard]] static Result<AdminExchange> begin(const AdminAddress& address, const AdminRequest& request);

  [[nodiscard]] int status() const { return status_; }
  // What the answer's Warning says (RFC 7234, 5.5); empty: it has none.
  [[nodiscard]] const std::string& warning() const { return warning_; }
  // What follows of the body, valid until the next call; empty: that was all of it. Faults: unreachable, bad_answer.
  [[nodiscard]] Result<std::string_view> read();

 private:
  explicit AdminExchange(AdminConnection connection) : connection_(std::move(connection)) {}
  [[nodiscard]] Result<void> receive_head(std::string_view method);
  [[nodiscard]] Result<std::string_view> take_arrived();

  AdminConnection connection_;
  std::string arrived_;
  std::size_t taken_ = 0;  // of what arrived
  int status_ = 0;
  std::string warning_;
  BodyFraming framing_ = BodyFraming::none;
  std::uint64_t length_left_ = 0;  // of a body that has told its length
  wire::ChunkDecoder chunks_;
  bool is_over_ = false;
};

[[nodiscard]] std::unexpected<Fault> bad_answer(std::string_view what);

}  // namespace obleth::cli
