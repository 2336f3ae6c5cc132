// A non-blocking stream socket: wait readable, read, write all, close. TLS stands behind the same seam.
//
//   const WaitOutcome outcome = co_await socket.readable(deadline, &cancel);
//   const IoOutcome got = socket.read_some(buffer);            // may still say would_block: wait again
//   const WriteOutcome sent = co_await socket.write_all(pieces, stall_max, &cancel);
//
// Reads and writes are tried at once and waited for only when the kernel says so; nothing is allocated. A short read
// means "drained" (edge-triggered epoll), so no read is spent on hearing EAGAIN. At most one coroutine waits in each
// direction. Hang-up (FIN or reset) is noticed without a pending read: see signal_hangup. Thread: its loop's.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/file_descriptor.hpp"
#include "adapters/os/loop_item.hpp"
#include "base/cancel_signal.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

enum class WaitOutcome : std::uint8_t { ready, timed_out, cancelled };

enum class IoState : std::uint8_t {
  moved,        // bytes > 0
  would_block,  // nothing moved: wait
  ended,        // reads: the peer's orderly end
  failed,       // reset, broken pipe, TLS error, or closed by us
};
struct IoOutcome {
  IoState state = IoState::failed;
  std::size_t bytes = 0;
};

enum class WriteOutcome : std::uint8_t { sent, timed_out, cancelled, failed };

class ReadableWait;
class WriteAll;

class Socket : private FdWatcher {
 public:
  // fd: connected or connecting, non-blocking.
  Socket(EpollLoop& loop, FileDescriptor fd);
  virtual ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Ready means: read_some is worth trying. Also at the end, after a reset, and after close().
  [[nodiscard]] ReadableWait readable(Instant deadline, CancelSignal* cancel = nullptr);
  [[nodiscard]] virtual IoOutcome read_some(std::span<char> into);

  // All pieces in order, as one gathering write where it fits. The pieces, and the array that holds them, stay until
  // it ends. stall_max: the longest time without any progress. A write that can go at once goes even when cancel has
  // fired (a half-closed client still reads).
  [[nodiscard]] WriteAll write_all(std::span<const std::string_view> pieces, Duration stall_max,
                                   CancelSignal* cancel = nullptr);
  // One attempt; skip: bytes of the pieces already sent.
  [[nodiscard]] virtual IoOutcome write_some(std::span<const std::string_view> pieces, std::size_t skip);

  // After a non-blocking connect(2): waits until it is decided. From then on whoever waits for this socket, which we
  // have dialled, goes before those who wait for accepted ones. Faults: unreachable, timed_out, cancelled.
  [[nodiscard]] Task<Result<void>> connected(Instant deadline, CancelSignal* cancel);

  // The clear bytes beneath TLS, before its handshake: look, then take away just what was understood.
  [[nodiscard]] IoOutcome peek(std::span<char> into);
  void discard(std::size_t count);

  // For pools: true while an idle connection can be used again (no end, no error, no byte that nobody asked for).
  [[nodiscard]] virtual bool is_quiet() { return fd_.is_open() && !read_ready_ && !hung_up_; }
  // The peer has ended or reset; unread bytes may remain.
  [[nodiscard]] bool hung_up() const { return hung_up_; }
  // Fires signal when the peer hangs up, in the same turn and while nothing reads; at once if it has already. The
  // signal lives until the socket is destroyed or another (or null) is set.
  void signal_hangup(CancelSignal* signal);

  // The waiters go on and see a failure. No-op when closed.
  void close();
  // So that the peer sees a reset (RST), and what is still on its way is lost.
  void close_with_reset();
  // Says "no more from us" (FIN, with TLS close_notify) and keeps reading.
  virtual void shutdown_write();
  [[nodiscard]] bool is_open() const { return fd_.is_open(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] EpollLoop& loop() const { return loop_; }
  [[nodiscard]] virtual bool is_tls() const { return false; }

 protected:
  // TLS reads to write and writes to read: every edge wakes both directions.
  void wake_both_on_any_edge() { any_edge_wakes_both_ = true; }
  void note_read_drained() { read_ready_ = false; }
  void note_write_full() { write_ready_ = false; }
  void note_hangup();

 private:
  friend class ReadableWait;
  friend class WriteAll;

  void fd_ready(std::uint32_t epoll_events) override;
  // Whoever has waited goes on.
  void run_soon(LoopItem& waiter) { is_dialled_ ? loop_.run_soon_ahead(waiter) : loop_.run_soon(waiter); }

  struct ReadTimer final : ports::Timer {
    explicit ReadTimer(Socket& of) : socket(of) {}
    void expired() override;
    Socket& socket;
  };
  struct WriteTimer final : ports::Timer {
    explicit WriteTimer(Socket& of) : socket(of) {}
    void expired() override;
    Socket& socket;
  };
  struct HangupItem final : LoopItem {
    void run() override;
    CancelSignal* signal = nullptr;
  };

  EpollLoop& loop_;
  FileDescriptor fd_;
  bool read_ready_ = false;
  bool write_ready_ = true;
  bool hung_up_ = false;
  bool any_edge_wakes_both_ = false;
  bool is_dialled_ = false;
  ReadableWait* reader_ = nullptr;
  WriteAll* writer_ = nullptr;
  ReadTimer read_timer_{*this};
  WriteTimer write_timer_{*this};
  HangupItem hangup_;
};

// What readable() gives; await it at once.
class ReadableWait final : private LoopItem, private CancelSignal::Listener {
 public:
  ReadableWait(Socket& socket, Instant deadline, CancelSignal* cancel)
      : socket_(socket), deadline_(deadline), cancel_(cancel) {}
  ~ReadableWait();

  [[nodiscard]] bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiting);
  [[nodiscard]] WaitOutcome await_resume() const noexcept { return outcome_; }

 private:
  friend class Socket;
  void end(WaitOutcome outcome);
  void run() override { waiting_.resume(); }
  void cancelled() override { end(WaitOutcome::cancelled); }

  Socket& socket_;
  Instant deadline_;
  CancelSignal* cancel_;
  std::coroutine_handle<> waiting_;
  WaitOutcome outcome_ = WaitOutcome::ready;
};

// What write_all() gives; await it at once.
class WriteAll final : private LoopItem, private CancelSignal::Listener {
 public:
  WriteAll(Socket& socket, std::span<const std::string_view> pieces, Duration stall_max, CancelSignal* cancel);
  ~WriteAll();

  [[nodiscard]] bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiting);
  [[nodiscard]] WriteOutcome await_resume() const noexcept { return outcome_; }

 private:
  friend class Socket;
  [[nodiscard]] bool try_to_finish();
  void wait_for_room();
  void go_on();
  void end(WriteOutcome outcome);
  void run() override;
  void cancelled() override { end(WriteOutcome::cancelled); }

  Socket& socket_;
  std::span<const std::string_view> pieces_;
  std::size_t total_ = 0;
  std::size_t sent_ = 0;
  Duration stall_max_;
  CancelSignal* cancel_;
  bool gathered_ = false;  // it has not been tried yet: it goes with this turn's other writes
  std::coroutine_handle<> waiting_;
  WriteOutcome outcome_ = WriteOutcome::failed;
};

inline ReadableWait Socket::readable(Instant deadline, CancelSignal* cancel) {
  return ReadableWait(*this, deadline, cancel);
}
inline WriteAll Socket::write_all(std::span<const std::string_view> pieces, Duration stall_max, CancelSignal* cancel) {
  return WriteAll(*this, pieces, stall_max, cancel);
}

}  // namespace obleth::adapters
