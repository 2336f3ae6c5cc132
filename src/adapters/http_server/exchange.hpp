// One request and its answer on a client's connection. Thread: the connection's.
//
// It is taken from a pool when the first byte of a head comes, and goes back when the answer has left, so that an idle
// connection does not hold it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "adapters/http_server/answer_head.hpp"
#include "adapters/http_server/client_link.hpp"
#include "adapters/http_server/request_body.hpp"
#include "ports/http_service.hpp"
#include "wire/error_body.hpp"
#include "wire/header_rules.hpp"

namespace obleth::adapters {

class Exchange final : public ports::ClientExchange {
 public:
  void begin(ClientLink& link);
  // Takes from the inflow what belongs to the head, and parses it. After ParsedHead the request can be served.
  [[nodiscard]] wire::HeadOutcome take_head();

  [[nodiscard]] const RequestHead& head() const override { return heard_->head; }
  [[nodiscard]] Instant received_at() const override { return received_at_; }
  [[nodiscard]] std::string_view client_address() const override;
  [[nodiscard]] std::optional<std::uint64_t> client_network() const override;

  Task<Result<std::string_view>> read_body() override;
  void limit_body(std::uint64_t bytes_max) override { body_.limit(bytes_max); }
  [[nodiscard]] CancelSignal& departure() override { return link_->departure; }

  Task<Result<void>> start(int status, std::string_view head_lines, std::optional<std::uint64_t> content_length,
                           std::string_view first) override;
  Task<Result<void>> write(std::string_view bytes) override;
  Task<Result<void>> finish(std::string_view last) override;

  [[nodiscard]] bool started() const override { return answer_ != Answer::none; }
  void forget_head() override;
  void close_after() override { keep_alive_ = false; }
  void abort_connection(ports::AbortBy by) override {
    answer_ = Answer::broken;
    by == ports::AbortBy::reset ? link_->socket->close_with_reset() : link_->socket->close();
  }

  // For the connection, after the service has returned.
  [[nodiscard]] bool finished() const { return answer_ == Answer::complete; }
  [[nodiscard]] bool broken() const { return answer_ == Answer::broken; }
  // Also of a head that was refused.
  [[nodiscard]] std::string_view client_request_id() const { return wire::claimed_request_id(heard_->bytes); }
  [[nodiscard]] wire::ErrorDialect error_dialect() const;
  [[nodiscard]] bool keeps_alive() const { return keep_alive_; }
  [[nodiscard]] RequestBody& body() { return body_; }

 private:
  enum class Answer : std::uint8_t { none, open, complete, broken };

  [[nodiscard]] WriteAll write_all(std::span<const std::string_view> pieces);
  [[nodiscard]] Result<void> told(WriteOutcome outcome);
  [[nodiscard]] Task<Result<void>> send_continue();
  [[nodiscard]] Task<Result<void>> send_payload(std::string_view bytes, bool is_last);
  [[nodiscard]] Result<void> begin_payload(std::string_view& bytes);
  [[nodiscard]] Result<void> count_payload(std::size_t bytes);
  [[nodiscard]] Result<void> end_payload();
  [[nodiscard]] Fault give_up(FaultKind kind, std::string message);

  // The request's head and what it points into. A live stream has let go of it.
  struct Heard {
    RequestHead head;
    std::string bytes;
    std::size_t bytes_searched = 0;
    std::string client_address;
  };

  ClientLink* link_ = nullptr;
  std::unique_ptr<Heard> heard_;
  Instant received_at_;
  RequestBody body_;
  std::uint32_t reads_ = 0;  // of the body
  bool continue_due_ = false;
  bool keep_alive_ = true;
  Answer answer_ = Answer::none;
  AnswerFraming framing_ = AnswerFraming::none;
  std::uint64_t answer_left_ = 0;  // by Content-Length
};

}  // namespace obleth::adapters
