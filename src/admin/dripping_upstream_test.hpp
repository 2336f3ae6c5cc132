// An upstream whose answers are streams that drip for ever: a byte now and then, and never what was asked for.
#pragma once

#include <coroutine>
#include <memory>
#include <string_view>
#include <utility>

#include "ports/loop.hpp"
#include "ports/upstream.hpp"

namespace obleth::admin {

class DrippingUpstream final : public ports::Upstream {
 public:
  explicit DrippingUpstream(Duration period) : period_(period) {}

  Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> send(const ports::UpstreamCall& call) override {
    is_asked = true;
    std::unique_ptr<ports::UpstreamAnswer> answer = std::make_unique<Drip>(period_, call.cancel);
    co_return std::move(answer);
  }

  bool is_asked = false;

 private:
  // As a socket does: whoever calls off is not resumed into.
  struct LaterTurn {
    ports::Loop& loop;
    [[nodiscard]] static bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const { loop.post(waiting); }
    static void await_resume() noexcept {}
  };

  class Drip final : public ports::UpstreamAnswer {
   public:
    Drip(Duration period, CancelSignal* cancel) : period_(period), cancel_(cancel) {
      head_.status = 200;
      static_cast<void>(head_.fields.append({"content-type", "text/event-stream"}));
    }
    [[nodiscard]] const ResponseHead& head() const override { return head_; }
    Task<Result<std::string_view>> read() override {
      ports::Loop& loop = *ports::Loop::current();
      const bool came = co_await ports::Pause(loop, loop.now() + period_, cancel_);
      if (came) co_return ": x\n\n";
      co_await LaterTurn{loop};
      co_return fail(upstream_fault(FaultKind::cancelled, "called off", false));
    }
    [[nodiscard]] bool has_buffered() const override { return false; }

   private:
    ResponseHead head_;
    Duration period_;
    CancelSignal* cancel_;
  };

  Duration period_;
};

}  // namespace obleth::admin
