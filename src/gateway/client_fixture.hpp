// For tests: a client in memory. What it sends is a value; what it is told is kept, write by write. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ensure.hpp"
#include "domain/http_message.hpp"
#include "ports/http_service.hpp"
#include "ports/loop.hpp"

namespace obleth::gateway {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline const std::string good_secret = "sk_" + std::string(48, 'a');

struct ClientRequest {
  std::string method = "POST";
  std::string target = "/v1/chat/completions";
  std::string body;
  HeaderList headers = {{"Authorization", "Bearer " + good_secret}, {"Content-Type", "application/json"}};
  bool chunked = false;
  std::optional<Fault> body_fault = {};  // comes instead of the body's end

  [[nodiscard]] ClientRequest with(std::string name, std::string value) const {
    ClientRequest changed = *this;
    changed.headers.emplace_back(std::move(name), std::move(value));
    return changed;
  }
  [[nodiscard]] ClientRequest without_key() const {
    ClientRequest changed = *this;
    std::erase_if(changed.headers, [](const auto& header) { return header.first == "Authorization"; });
    return changed;
  }
  [[nodiscard]] ClientRequest with_key(const std::string& secret) const {
    return without_key().with("Authorization", "Bearer " + secret);
  }
};

inline ClientRequest post(std::string target, std::string body) {
  return {.target = std::move(target), .body = std::move(body)};
}
inline ClientRequest get(std::string target) {
  return {.method = "GET", .target = std::move(target)};
}

// A chat request of 100 output tokens at most for model "m". more: further members, each with a comma before it.
inline ClientRequest chat(const std::string& more = {}) {
  return post("/v1/chat/completions",
              R"({"model":"m","messages":[{"role":"user","content":"hello"}],"max_tokens":100)" + more + "}");
}
inline ClientRequest chat_stream(const std::string& more = {}) {
  return chat(R"(,"stream":true)" + more);
}

class FakeClient final : public ports::ClientExchange {
 public:
  FakeClient(ClientRequest request, Instant received_at) : request_(std::move(request)), received_at_(received_at) {
    head_.method = request_.method;
    head_.target = request_.target;
    if (request_.chunked) {
      head_.framing = BodyFraming::chunked;
    } else if (!request_.body.empty()) {
      head_.framing = BodyFraming::length;
      head_.content_length = request_.body.size();
    }
    for (const auto& [name, value] : request_.headers)
      ensure(head_.fields.append({name, value}), "too many headers in a test");
  }

  [[nodiscard]] const RequestHead& head() const override {
    ensure(!head_forgotten_, "who forgot a head does not ask for it");
    return head_;
  }
  [[nodiscard]] Instant received_at() const override { return received_at_; }
  [[nodiscard]] std::string_view client_address() const override { return "192.0.2.1"; }
  [[nodiscard]] std::optional<std::uint64_t> client_network() const override { return network; }

  Task<Result<std::string_view>> read_body() override {
    ++body_reads;
    if (slow_body) {
      const bool came = co_await ports::Pause(slow_body->loop, slow_body->loop.now() + slow_body->piece_takes);
      static_cast<void>(came);  // nobody calls it off
    }
    const std::string_view rest = std::string_view(request_.body).substr(body_read_);
    if (rest.empty() && request_.body_fault) co_return fail(*request_.body_fault);
    const std::string_view piece = rest.substr(0, body_piece_bytes);
    body_read_ += piece.size();
    if (body_read_ > body_bytes_max_) co_return fail(client_fault(FaultKind::too_large, "The body is too large."));
    co_return piece;
  }
  void limit_body(std::uint64_t bytes_max) override { body_bytes_max_ = bytes_max; }
  [[nodiscard]] CancelSignal& departure() override { return departure_; }

  Task<Result<void>> start(int status_told, std::string_view lines, std::optional<std::uint64_t> length,
                           std::string_view first) override {
    ensure(!started_, "an answer is started once");
    if (on_start) on_start();
    started_ = true;
    status = status_told;
    head_lines = lines;
    content_length = length;
    co_return keep(first);
  }
  Task<Result<void>> write(std::string_view bytes) override {
    ensure(started_ && !finished, "an answer is written between its head and its end");
    co_return keep(bytes);
  }
  Task<Result<void>> finish(std::string_view last) override {
    ensure(started_ && !finished, "an answer is finished once");
    if (on_finish) on_finish();
    finished = true;
    if (last.empty()) co_return Result<void>{};
    co_return keep(last);
  }
  [[nodiscard]] bool started() const override { return started_; }
  void forget_head() override {
    ensure(started_, "a head is forgotten after the start");
    head_forgotten_ = true;
  }
  void close_after() override {}

  // FIN or reset, at any moment.
  void leave() {
    gone_ = true;
    departure_.fire();
  }

  [[nodiscard]] std::string body() const {
    std::string all;
    for (const std::string& piece : writes)
      all += piece;
    return all;
  }
  // The first of that name.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const {
    std::string_view lines = head_lines;
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find("\r\n"));
      lines.remove_prefix(std::min(lines.size(), line.size() + 2));
      const std::size_t colon = line.find(": ");
      if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name)) {
        return std::string(line.substr(colon + 2));
      }
    }
    return std::nullopt;
  }

  std::optional<std::uint64_t> network = 1;
  int status = 0;  // 0: nothing was told
  std::string head_lines;
  std::optional<std::uint64_t> content_length;
  std::vector<std::string> writes;  // the first leaves with the head; empty ones are not kept
  bool finished = false;            // false at the end: the connection is cut
  int body_reads = 0;
  std::size_t body_piece_bytes = 4096;
  struct SlowBody {
    ports::Loop& loop;
    Duration piece_takes;  // before each piece, and before the end
  };
  std::optional<SlowBody> slow_body;
  std::size_t writes_max = SIZE_MAX;  // later ones find the client gone before its departure is noticed
  std::function<void()> on_start;
  std::function<void()> on_finish;

 private:
  Result<void> keep(std::string_view bytes) {
    if (gone_ || writes.size() >= writes_max) return fail(client_fault(FaultKind::broken, "the client is gone"));
    if (!bytes.empty()) writes.emplace_back(bytes);
    return {};
  }

  ClientRequest request_;
  Instant received_at_;
  RequestHead head_;
  CancelSignal departure_;
  std::uint64_t body_bytes_max_ = UINT64_MAX;
  std::size_t body_read_ = 0;
  bool started_ = false;
  bool head_forgotten_ = false;
  bool gone_ = false;
};

}  // namespace obleth::gateway
