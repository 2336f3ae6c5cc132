// Sends one request while its answer may already be arriving: an upstream that refuses a body says so before its end.
//
// What can go at once goes in one gathering write, and then no coroutine is made. Otherwise one runs beside the reader
// of the answer, and ends where it waits when this object goes. Thread: its loop's.
#pragma once

#include <coroutine>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/os/loop_item.hpp"
#include "adapters/os/root_task.hpp"
#include "adapters/os/socket.hpp"
#include "ports/upstream.hpp"

namespace obleth::adapters {

class RequestUpload {
 public:
  class Ended;

  // Starts at once. The call and the socket outlive it.
  RequestUpload(Socket& socket, const ports::UpstreamCall& call);
  RequestUpload(const RequestUpload&) = delete;
  RequestUpload& operator=(const RequestUpload&) = delete;

  [[nodiscard]] bool has_ended() const { return ended_; }
  [[nodiscard]] bool is_complete() const { return complete_; }  // the whole request has left
  [[nodiscard]] Instant ended_at() const { return ended_at_; }
  // Why it ended too soon. A connection that the upstream closed is no fault of the upload: the answer tells.
  [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }
  // co_await upload.end(): waits for has_ended().
  [[nodiscard]] Ended end();

 private:
  void gather_pieces();
  void send_at_once();
  RootTask send_rest();
  RootTask send_stream();
  void finish(bool complete);
  [[nodiscard]] bool note_write(WriteOutcome outcome);
  void break_off(Fault fault);

  Socket& socket_;
  const ports::UpstreamCall& call_;
  std::vector<std::string_view> rest_;  // what could not leave at once
  bool ended_ = false;
  bool complete_ = false;
  Instant ended_at_;
  std::optional<Fault> fault_;
  Ended* waiter_ = nullptr;
  RootTask running_;
};

class RequestUpload::Ended final : private LoopItem {
 public:
  explicit Ended(RequestUpload& upload) : upload_(upload) {}
  ~Ended() {
    if (upload_.waiter_ == this) upload_.waiter_ = nullptr;
  }
  [[nodiscard]] bool await_ready() const noexcept { return upload_.ended_; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    upload_.waiter_ = this;
  }
  void await_resume() const noexcept {}

 private:
  friend class RequestUpload;
  void run() override { waiting_.resume(); }

  RequestUpload& upload_;
  std::coroutine_handle<> waiting_;
};

inline RequestUpload::Ended RequestUpload::end() {
  return Ended(*this);
}

}  // namespace obleth::adapters
