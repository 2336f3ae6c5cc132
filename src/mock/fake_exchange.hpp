// A client in memory: a request is given, the answer is kept, write by write. For tests.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ensure.hpp"
#include "ports/http_service.hpp"

namespace obleth::mock {

class FakeExchange final : public ports::ClientExchange {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  FakeExchange(std::string method, std::string target, std::string body = {}, Headers headers = {})
      : method_(std::move(method)), target_(std::move(target)), body_(std::move(body)), headers_(std::move(headers)) {
    head_.method = method_;
    head_.target = target_;
    head_.content_length = body_.size();
    for (const auto& [name, value] : headers_)
      ensure(head_.fields.append({name, value}), "too many headers in a test");
  }

  [[nodiscard]] const RequestHead& head() const override { return head_; }
  [[nodiscard]] Instant received_at() const override { return {}; }
  [[nodiscard]] std::string_view client_address() const override { return "127.0.0.1"; }
  Task<Result<std::string_view>> read_body() override {
    const std::string_view rest = std::exchange(was_read_, true) ? std::string_view() : std::string_view(body_);
    co_return Result<std::string_view>(rest);
  }
  void limit_body(std::uint64_t) override {}
  [[nodiscard]] CancelSignal& departure() override { return departure_; }

  Task<Result<void>> start(int status_sent, std::string_view lines, std::optional<std::uint64_t> length,
                           std::string_view first) override {
    ensure(!started_, "an answer was started twice");
    started_ = true;
    status = status_sent;
    head_lines = lines;
    content_length = length;
    co_return keep(first);
  }
  Task<Result<void>> write(std::string_view bytes) override {
    ensure(started_, "a write before the head");
    co_return keep(bytes);
  }
  Task<Result<void>> finish(std::string_view last) override {
    ensure(started_ && !finished, "an answer was finished out of turn");
    finished = true;
    if (last.empty()) co_return Result<void>();
    co_return keep(last);
  }
  [[nodiscard]] bool started() const override { return started_; }
  void close_after() override {}
  void abort_connection(ports::AbortBy by) override { (by == ports::AbortBy::reset ? aborted : closed) = true; }

  int status = 0;
  std::string head_lines;
  std::optional<std::uint64_t> content_length;
  std::vector<std::string> writes;
  bool finished = false;
  bool closed = false;
  bool aborted = false;
  bool broken = false;  // writes fail from now on

  [[nodiscard]] std::string answer() const {
    std::string all;
    for (const std::string& piece : writes)
      all += piece;
    return all;
  }

 private:
  Result<void> keep(std::string_view bytes) {
    if (broken) return fail(client_fault(FaultKind::broken, "the client is gone"));
    writes.emplace_back(bytes);
    return {};
  }

  std::string method_;
  std::string target_;
  std::string body_;
  Headers headers_;
  RequestHead head_;
  CancelSignal departure_;
  bool was_read_ = false;
  bool started_ = false;
};

}  // namespace obleth::mock
