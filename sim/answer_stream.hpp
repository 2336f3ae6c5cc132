// An answer of a simulated inference server: what the simulation produces goes in, the relay reads it. One thread.
#pragma once

#include <coroutine>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/cancel_signal.hpp"
#include "ports/loop.hpp"
#include "ports/upstream.hpp"

namespace obleth::sim {

// Bytes between the server and the relay. Whoever reads waits until there are some, the answer ends, or it is called
// off.
class AnswerStream final : private CancelSignal::Listener {
 public:
  explicit AnswerStream(ports::Loop& loop) : loop_(loop) {}

  void produce(std::string_view bytes) {
    waiting_bytes_ += bytes;
    wake();
  }
  void end() {
    ended_ = true;
    wake();
  }
  void cut() {
    cut_ = true;
    end();
  }

  // What was produced since the last time; empty at the end.
  Task<Result<std::string_view>> read(CancelSignal* cancel) {
    co_await Arrival{*this, cancel};
    if (cancel != nullptr && cancel->fired()) co_return fail(upstream_fault(FaultKind::cancelled, "called off", false));
    if (waiting_bytes_.empty() && cut_)
      co_return fail(upstream_fault(FaultKind::broken, "the server broke off", false));
    read_bytes_ = std::exchange(waiting_bytes_, {});
    co_return std::string_view(read_bytes_);
  }
  // Until the first byte of the answer.
  Task<bool> begins(CancelSignal* cancel) {
    co_await Arrival{*this, cancel};
    co_return cancel == nullptr || !cancel->fired();
  }

 private:
  struct Arrival {
    AnswerStream& stream;
    CancelSignal* cancel;
    [[nodiscard]] bool await_ready() const {
      return !stream.waiting_bytes_.empty() || stream.ended_ || (cancel != nullptr && cancel->fired());
    }
    void await_suspend(std::coroutine_handle<> waiting) const {
      stream.reader_ = waiting;
      if (cancel != nullptr) cancel->attach(stream);
    }
    void await_resume() const {}
  };
  void wake() {
    if (!reader_) return;
    CancelSignal::detach(*this);
    loop_.post(std::exchange(reader_, nullptr));
  }
  void cancelled() override { std::exchange(reader_, nullptr).resume(); }

  ports::Loop& loop_;
  std::coroutine_handle<> reader_;
  std::string waiting_bytes_;
  std::string read_bytes_;
  bool ended_ = false;
  bool cut_ = false;
};

// What the gateway sees of it: a stream of events.
class SimulatedAnswer final : public ports::UpstreamAnswer {
 public:
  SimulatedAnswer(std::shared_ptr<AnswerStream> stream, CancelSignal* cancel)
      : stream_(std::move(stream)), cancel_(cancel) {
    head_.status = 200;
    head_.framing = BodyFraming::chunked;
    static_cast<void>(head_.fields.append({"Content-Type", "text/event-stream"}));
  }
  [[nodiscard]] const ResponseHead& head() const override { return head_; }
  Task<Result<std::string_view>> read() override { return stream_->read(cancel_); }
  [[nodiscard]] bool has_buffered() const override { return false; }

 private:
  std::shared_ptr<AnswerStream> stream_;
  CancelSignal* cancel_;
  ResponseHead head_;
};

}  // namespace obleth::sim
