// A client on a loop of its own, and the means to run it until a test has its answer. For tests.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/http_client/http_client.hpp"
#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/resolver.hpp"
#include "base/ensure.hpp"

namespace obleth::adapters {

inline constexpr auto patience = std::chrono::seconds(30);  // a test that takes longer has failed

struct Received {
  int status = 0;
  std::string payload;
  int pieces = 0;
  std::optional<FaultKind> fault;  // of send, or of read after the payload
  FaultSource source = FaultSource::us;
  std::string message;  // of the fault
};

class ClientBench {
 public:
  explicit ClientBench(HttpClientLimits limits = {}, std::shared_ptr<const TlsCredentials> tls = nullptr)
      : dialer(resolver, {}, std::move(tls)), client(loop, dialer, limits) {
    ports::Loop::set_current(&loop);
  }
  ~ClientBench() { ports::Loop::set_current(nullptr); }
  ClientBench(const ClientBench&) = delete;
  ClientBench& operator=(const ClientBench&) = delete;

  // Starts it; turns of the loop carry it on.
  template <class T>
  static void begin(Task<T> task, std::optional<T>& result) {
    spawn(keep(std::move(task), result));
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    begin(std::move(task), result);
    turn_until([&] { return result.has_value(); });
    return std::move(*result);
  }
  void turn_until(const auto& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      ensure(std::chrono::steady_clock::now() < deadline, "a test lost its patience");
      loop.turn(std::chrono::milliseconds(10));
    }
  }

  // Sends and reads to the end.
  Task<Received> fetch(const ports::UpstreamCall& call) {
    Received received;
    auto sent = co_await client.send(call);
    if (!sent) {
      received.fault = sent.error().kind;
      received.source = sent.error().source;
      received.message = sent.error().message;
      co_return received;
    }
    const std::unique_ptr<ports::UpstreamAnswer> answer = std::move(*sent);
    received.status = answer->head().status;
    while (true) {
      const Result<std::string_view> piece = co_await answer->read();
      if (!piece) received.fault = piece.error().kind;
      if (!piece || piece->empty()) break;
      received.payload.append(*piece);
      ++received.pieces;
    }
    co_return received;
  }

  EpollLoop loop;
  Resolver resolver{{}, [](const std::string&) {
                      return Result<Resolver::Addresses>(Resolver::Addresses{*NetAddress::parse("127.0.0.1", 0)});
                    }};
  Dialer dialer;
  HttpClient client;

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    T value = co_await task;
    result.emplace(std::move(value));
  }
};

// A call with everything that it views.
struct Call {
  explicit Call(std::uint16_t port, std::string request_body = {}) : body(std::move(request_body)) {
    address.host = "127.0.0.1";
    address.port = port;
    head = "POST /v1/chat HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    pieces = {body};
    call.address = &address;
    call.head = head;
    call.body = pieces;
    call.head_timeout = patience;
    call.idle_timeout = patience;
    call.cancel = &cancel;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::string body;
  UpstreamAddress address;
  std::string head;
  std::vector<std::string_view> pieces;
  CancelSignal cancel;
  ports::UpstreamCall call;
};

}  // namespace obleth::adapters
