// ports::Upstream over HTTP/1.1: pooled keep-alive connections, TLS, time-outs, and one repetition when a pooled
// connection turns out to be dead. What streams through cannot be repeated, and takes a fresh connection; but where its
// first piece is all of it, it is held.
//
// One per thread, on that thread's loop; it outlives its answers. The dialer may be shared by all threads.
#pragma once

#include <chrono>
#include <memory>

#include "adapters/http_client/answer_buffers.hpp"
#include "adapters/http_client/connection_pool.hpp"
#include "adapters/http_client/incoming_answer.hpp"
#include "adapters/http_client/live_answers.hpp"
#include "adapters/os/dialer.hpp"
#include "ports/upstream.hpp"

namespace obleth::adapters {

struct HttpClientLimits {
  PoolLimits pool;
  // Name, every address, and the TLS handshake; less where the call waits for less.
  Duration connect_timeout = std::chrono::seconds(5);
};

class HttpClient final : public ports::Upstream {
 public:
  HttpClient(EpollLoop& loop, const Dialer& dialer, HttpClientLimits limits = {})
      : loop_(loop), dialer_(dialer), limits_(limits), pool_(loop, limits.pool) {}

  Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> send(const ports::UpstreamCall& call) override;

  // For a process that stops: answers under way end as broken, and nothing is sent any more (unreachable).
  void close_all();

  [[nodiscard]] std::size_t idle_connections() const { return pool_.idle_count(); }  // for tests

 private:
  using Sent = Result<std::unique_ptr<ports::UpstreamAnswer>>;

  struct Attempt {
    Sent sent;
    bool was_stale = false;
  };

  [[nodiscard]] Task<Sent> send_held(const ports::UpstreamCall& call);
  [[nodiscard]] Task<Sent> send_streamed(const ports::UpstreamCall& call);
  [[nodiscard]] Task<Sent> send_afresh(const ports::UpstreamCall& call);
  [[nodiscard]] Task<Attempt> try_on(const ports::UpstreamCall& call, UpstreamConnection connection);
  [[nodiscard]] static Attempt lost(const ports::UpstreamCall& call, const IncomingAnswer& answer, Fault fault);

  EpollLoop& loop_;
  const Dialer& dialer_;
  const HttpClientLimits limits_;
  ConnectionPool pool_;
  AnswerBuffers buffers_;
  LiveAnswers live_;
  bool is_closed_ = false;
};

}  // namespace obleth::adapters
