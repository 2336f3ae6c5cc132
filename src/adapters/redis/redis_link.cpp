#include "adapters/redis/redis_link.hpp"

#include <algorithm>
#include <array>
#include <coroutine>
#include <optional>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr Duration pause_first = std::chrono::milliseconds(50);
constexpr Duration pause_max = std::chrono::seconds(1);  // how late a server that is back is noticed, at most

bool means_down(const RedisReply& reply) {
  if (!reply.is_error()) return false;
  constexpr std::array<std::string_view, 10> codes{"OOM",     "LOADING",    "READONLY", "MASTERDOWN",  "NOPERM",
                                                   "MISCONF", "NOREPLICAS", "BUSY",     "CLUSTERDOWN", "TRYAGAIN"};
  // What Redis 7 and Redis 6 say of a command that a script's user may not run, and what Redis 6 says of one that finds
  // no more than a part of its server well, under the code of all scripts' errors.
  constexpr std::array<std::string_view, 6> in_scripts{"ACL failure in script",
                                                       "The user executing the script can't run",
                                                       " -MISCONF ",
                                                       " -NOREPLICAS ",
                                                       " -OOM ",
                                                       " -READONLY "};
  return std::ranges::find(codes, reply.error_code()) != codes.end() ||
         std::ranges::any_of(in_scripts, [&](std::string_view words) { return reply.text.contains(words); });
}

Fault unavailable(std::string message) {
  return store_fault(FaultKind::unavailable, std::move(message));
}

}  // namespace

// A call that waits, in its caller's frame.
class RedisLink::Answer final : private LoopItem {
 public:
  Answer(RedisLink& link, const RedisCommand& command) : link_(link), command_(command) {}
  ~Answer() {
    if (place_ && *place_ >= link_.first_place_) link_.places_[*place_ - link_.first_place_].waiter = nullptr;
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    place_ = link_.first_place_ + link_.places_.size();
    link_.enqueue(command_, *this);
  }
  Result<RedisReply> await_resume() { return std::move(*answer_); }

  // Resumed later in this turn.
  void give(Result<RedisReply> answer) {
    place_.reset();
    answer_ = std::move(answer);
    link_.answered_.push(*this);
    link_.loop_.run_soon(link_.resume_);
  }

 private:
  void run() override { waiting_.resume(); }

  RedisLink& link_;
  const RedisCommand& command_;
  std::optional<std::uint64_t> place_;
  std::optional<Result<RedisReply>> answer_;
  std::coroutine_handle<> waiting_;
};

RedisLink::RedisLink(EpollLoop& loop, RedisServer& server)
    : loop_(loop), server_(server), jitter_(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(this) >> 4U)) {
  server_.link_made(*this);
  keeping_ = keep_open();
}

RedisLink::~RedisLink() {
  close();
}

void RedisLink::close() {
  if (state_ == State::closed) return;
  server_.link_ended(*this, state_ == State::up);
  state_ = State::closed;
  writing_ = RootTask();
  keeping_ = RootTask();
  socket_ = nullptr;
  loop_.disarm(deadline_);
  // Here, as the loop may not turn again. A waiter that asks once more is told the same, before it has a place.
  fail_all(unavailable("the gateway is stopping"));
  answered_.run_all();
}

Task<Result<RedisReply>> RedisLink::call(RedisCommand command) {
  if (state_ == State::down) co_return fail(unavailable(down_reason_.message));
  if (state_ == State::closed) co_return fail(unavailable("the gateway is stopping"));
  if (is_full()) co_return fail(unavailable("too much waits for Redis"));
  const Instant asked_at = loop_.now();
  Answer answer(*this, command);
  Result<RedisReply> reply = co_await answer;
  server_.call_took(command.operation, loop_.now() - asked_at);
  co_return std::move(reply);
}

Task<Result<RedisReply>> RedisLink::run(const RedisScript& script, RedisScript::Input input) {
  Result<RedisReply> reply = co_await call(script.by_hash(input));
  if (!reply || reply->error_code() != "NOSCRIPT") co_return std::move(reply);
  Result<RedisReply> taught = co_await call(script.with_text(input));
  co_return std::move(taught);
}

bool RedisLink::is_full() const {
  return places_.size() >= calls_waiting_max || waiting_bytes_.size() + leaving_bytes_.size() >= bytes_waiting_max;
}

void RedisLink::enqueue(const RedisCommand& command, Answer& waiter) {
  append_command(waiting_bytes_, command.words);
  places_.push_back({.waiter = &waiter, .asked_at = loop_.now()});
  if (places_.size() == 1) watch_oldest();
  if (state_ == State::up) loop_.run_at_turn_end(flush_);
}

// Goes at once where the kernel has room, which it nearly always has.
void RedisLink::send_waiting() {
  if (state_ != State::up || is_writing_ || waiting_bytes_.empty()) return;
  leaving_bytes_.swap(waiting_bytes_);
  for (auto place = places_.rbegin(); place != places_.rend() && !place->sent; ++place)
    place->sent = true;
  is_writing_ = true;
  writing_ = send_rest();
}

RootTask RedisLink::send_rest() {
  const std::array<std::string_view, 1> pieces{leaving_bytes_};
  const WriteOutcome outcome = co_await socket_->write_all(pieces, server_.settings().call_max);
  is_writing_ = false;
  leaving_bytes_.clear();
  if (outcome != WriteOutcome::sent) {
    if (socket_ != nullptr) socket_->close();
    co_return;
  }
  if (!waiting_bytes_.empty()) loop_.run_at_turn_end(flush_);
}

void RedisLink::watch_oldest() {
  if (places_.empty()) {
    loop_.arm(deadline_, Instant::distant_future());
  } else {
    loop_.arm(deadline_, places_.front().asked_at + server_.settings().call_max);
  }
}

void RedisLink::check_deadline() {
  if (places_.empty()) return;
  if (places_.front().asked_at + server_.settings().call_max > loop_.now()) {
    watch_oldest();
    return;
  }
  const Fault silent =
      store_fault(FaultKind::timed_out,
                  "Redis does not answer within " + std::to_string(whole_ms(server_.settings().call_max)) + " ms");
  trips_ = true;
  became_down(silent);
  // The reader finds the socket closed and goes on to open another.
  if (socket_ != nullptr) socket_->close();
}

RootTask RedisLink::keep_open() {
  while (true) {
    Result<std::unique_ptr<RedisSession>> session = co_await server_.open(loop_);
    if (session) {
      became_up(**session);
      const Fault ended = co_await serve(**session);
      socket_ = nullptr;
      writing_ = RootTask();
      is_writing_ = false;
      (*session)->socket().close();
      told_(false);
      if (!trips_) {
        // Lost in order, as at a restart: whoever asks meanwhile waits for the one attempt that follows at once.
        server_.link_is_down(state_ == State::up, ended.message);
        state_ = State::opening;
        fail_all(ended);
        continue;
      }
      became_down(down_reason_);
    } else {
      became_down(session.error());
    }
    const bool came = co_await ports::Pause(loop_, loop_.now() + next_pause());
    static_cast<void>(came);  // nobody calls this pause off
  }
}

Task<Fault> RedisLink::serve(RedisSession& session) {
  while (true) {
    Result<void> taken = take_replies(session.reader());
    if (!taken) co_return std::move(taken.error());
    if (trips_) co_return down_reason_;
    const WaitOutcome outcome = co_await session.socket().readable(Instant::distant_future());
    static_cast<void>(outcome);  // no deadline, nobody calls it off
    Result<void> read = read_into(session.reader(), session.socket());
    // What came before the end still counts.
    if (!read) {
      static_cast<void>(take_replies(session.reader()));
      co_return std::move(read.error());
    }
  }
}

Result<void> RedisLink::take_replies(ReplyReader& reader) {
  while (true) {
    Result<std::optional<RedisReply>> reply = reader.next();
    if (!reply) return fail(std::move(reply.error()));
    if (!*reply) break;
    deliver(std::move(**reply));
  }
  watch_oldest();
  return {};
}

void RedisLink::deliver(RedisReply reply) {
  if (places_.empty()) return;  // nobody asked; a push that we did not subscribe to
  Answer* const waiter = places_.front().waiter;
  places_.pop_front();
  ++first_place_;
  if (means_down(reply)) {
    trips_ = true;
    down_reason_ = unavailable("Redis says " + reply.text);
    if (waiter != nullptr) waiter->give(fail(down_reason_));
    return;
  }
  if (waiter != nullptr) waiter->give(std::move(reply));
}

void RedisLink::fail_all(const Fault& fault) {
  waiting_bytes_.clear();
  leaving_bytes_.clear();
  loop_.arm(deadline_, Instant::distant_future());
  while (!places_.empty()) {
    const Place place = places_.front();
    places_.pop_front();
    ++first_place_;
    if (place.waiter == nullptr) continue;
    Fault mine = fault;
    if (!place.sent || fault.kind == FaultKind::forbidden) mine.kind = FaultKind::unavailable;
    if (place.sent && mine.kind != FaultKind::timed_out) mine.kind = FaultKind::broken;
    mine.may_retry = !place.sent;
    place.waiter->give(fail(std::move(mine)));
  }
}

void RedisLink::became_up(RedisSession& session) {
  state_ = State::up;
  trips_ = false;
  pause_ = Duration(0);
  socket_ = &session.socket();
  ++connection_count_;
  server_.link_is_up();
  if (!waiting_bytes_.empty()) loop_.run_at_turn_end(flush_);
  told_(true);
}

void RedisLink::became_down(const Fault& fault) {
  server_.link_is_down(state_ == State::up, fault.message);
  state_ = State::down;
  down_reason_ = fault;
  fail_all(fault);
}

// Doubled each time, and a quarter more or less, so that many links do not come at once.
Duration RedisLink::next_pause() {
  pause_ = pause_ == Duration(0) ? pause_first : std::min(pause_ * 2, pause_max);
  jitter_ = jitter_ * 1'664'525U + 1'013'904'223U;  // Numerical Recipes' generator: enough to be apart
  return pause_ * 3 / 4 + pause_ * (jitter_ >> 24U) / 512;
}

}  // namespace obleth::adapters
