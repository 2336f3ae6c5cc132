// A loop's way to Redis: one connection, on which everything that is asked in one turn of the loop leaves in one write
// at the turn's end, and answers are matched in order.
//
// A call takes 250 ms at most. One that takes longer closes the connection (what it asked for may still be run by a
// server that was only stopped: commands are idempotent) and trips the breaker: from then on calls fail at once, until
// an attempt in the background, repeated with growing pauses, has come through. So a server that hangs costs the first
// requests 250 ms, not every one. A connection that is lost in order is opened again once before calls fail.
//
// Thread: its loop's. The server outlives it; close() before that which its waiters would touch is gone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/loop_item.hpp"
#include "adapters/os/root_task.hpp"
#include "adapters/redis/redis_script.hpp"
#include "adapters/redis/redis_server.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

class RedisLink final {
 public:
  static constexpr std::size_t calls_waiting_max = 65'536;
  static constexpr std::size_t bytes_waiting_max = 64U << 20;

  RedisLink(EpollLoop& loop, RedisServer& server);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  // The reply, an error of the command's own among them. Faults (source: store):
  //   unavailable  it was not sent: the server is down, or the link is closed or full
  //   timed_out    it was sent and not answered in time; it may be run yet
  //   broken       it was sent and the connection ended; it may have been run
  // A server that cannot write, or not now (OOM, LOADING, READONLY, MASTERDOWN, MISCONF, NOREPLICAS, BUSY, CLUSTERDOWN,
  // TRYAGAIN), and what this user may not do, are a server that is down: unavailable, and nothing was done.
  [[nodiscard]] Task<Result<RedisReply>> call(RedisCommand command);
  // The same for a script, which is sent whole where the server does not know it.
  [[nodiscard]] Task<Result<RedisReply>> run(const RedisScript& script, RedisScript::Input input);

  // False: a call would fail at once, or has not been answered before.
  [[nodiscard]] bool is_up() const { return state_ == State::up; }
  // Rises when a connection has been opened. For tests.
  [[nodiscard]] std::uint64_t connection_count() const { return connection_count_; }

  // Told on this thread when the connection has been lost (false), before those who wait are, and when there is one
  // again. One watch.
  void watch(std::function<void(bool is_open)> told) { told_ = std::move(told); }

  // Whoever waits is answered (unavailable), now and here; so is every later call.
  void close();

  [[nodiscard]] EpollLoop& loop() const { return loop_; }
  [[nodiscard]] RedisServer& server() const { return server_; }

 private:
  enum class State : std::uint8_t { opening, up, down, closed };

  class Answer;
  // One that was asked for, in order. A waiter that has gone leaves its place: the answer comes all the same.
  struct Place {
    Answer* waiter = nullptr;
    Instant asked_at;
    bool sent = false;
  };
  struct Flush final : LoopItem {
    explicit Flush(RedisLink& of) : link(of) {}
    void run() override { link.send_waiting(); }
    RedisLink& link;
  };
  struct Resume final : LoopItem {
    explicit Resume(RedisLink& of) : link(of) {}
    void run() override { link.answered_.run_all(); }
    RedisLink& link;
  };
  struct Deadline final : ports::Timer {
    explicit Deadline(RedisLink& of) : link(of) {}
    void expired() override { link.check_deadline(); }
    RedisLink& link;
  };

  [[nodiscard]] bool is_full() const;
  void enqueue(const RedisCommand& command, Answer& waiter);
  void send_waiting();
  RootTask send_rest();
  void check_deadline();
  void watch_oldest();

  RootTask keep_open();
  Task<Fault> serve(RedisSession& session);
  [[nodiscard]] Result<void> take_replies(ReplyReader& reader);
  void deliver(RedisReply reply);
  void fail_all(const Fault& fault);
  void became_up(RedisSession& session);
  void became_down(const Fault& fault);
  [[nodiscard]] Duration next_pause();

  EpollLoop& loop_;
  RedisServer& server_;
  State state_ = State::opening;
  std::uint64_t connection_count_ = 0;
  Socket* socket_ = nullptr;  // while up

  std::deque<Place> places_;
  std::uint64_t first_place_ = 0;  // the number of places_.front()
  std::string waiting_bytes_;      // commands that were not handed to the socket yet
  std::string leaving_bytes_;      // those that are being written
  RootTask writing_;
  bool is_writing_ = false;

  Fault down_reason_;
  bool trips_ = false;  // a call was not answered, or refused: the connection ends, and nobody waits for the next one
  std::function<void(bool)> told_ = [](bool) {};
  Duration pause_{0};
  std::uint32_t jitter_ = 0;
  LoopItemList answered_;  // waiters that have their answer and go on later in this turn
  Resume resume_{*this};
  Flush flush_{*this};
  Deadline deadline_{*this};
  RootTask keeping_;
};

}  // namespace obleth::adapters
