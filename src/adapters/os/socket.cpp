#include "adapters/os/socket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t pieces_per_write_max = 64;

// A copy of a few thousand bytes costs less than a list of pieces, which the kernel copies, checks and walks.
constexpr std::size_t joined_bytes_max = 4096;

ssize_t send_vectors(int fd, std::span<iovec> vectors, std::size_t bytes) {
  if (vectors.size() == 1) return ::send(fd, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL);
  if (bytes <= joined_bytes_max) {
    std::array<char, joined_bytes_max> joined;
    char* end = joined.data();
    for (const iovec& piece : vectors)
      end = static_cast<char*>(std::memcpy(end, piece.iov_base, piece.iov_len)) + piece.iov_len;
    return ::send(fd, joined.data(), bytes, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

Socket::Socket(EpollLoop& loop, FileDescriptor fd) : loop_(loop), fd_(std::move(fd)) {
  if (!loop_.watch(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP, *this)) fd_.reset();
}

Socket::~Socket() {
  ensure(reader_ == nullptr && writer_ == nullptr, "a socket outlives those who wait for it");
  loop_.disarm(read_timer_);
  loop_.disarm(write_timer_);
}

void Socket::fd_ready(std::uint32_t epoll_events) {
  const bool gone = (epoll_events & (EPOLLHUP | EPOLLERR)) != 0;
  const bool readable_edge = gone || (epoll_events & (EPOLLIN | EPOLLRDHUP)) != 0;
  const bool writable_edge = gone || (epoll_events & EPOLLOUT) != 0;
  if (readable_edge) read_ready_ = true;
  if (writable_edge) write_ready_ = true;
  if (gone || (epoll_events & EPOLLRDHUP) != 0) note_hangup();
  if (reader_ != nullptr && (readable_edge || any_edge_wakes_both_)) {
    read_ready_ = true;
    reader_->end(WaitOutcome::ready);
  }
  if (writer_ != nullptr && (writable_edge || any_edge_wakes_both_)) writer_->go_on();
}

void Socket::note_hangup() {
  hung_up_ = true;
  if (hangup_.signal != nullptr && !hangup_.signal->fired()) loop_.run_soon(hangup_);
}

void Socket::signal_hangup(CancelSignal* signal) {
  hangup_.signal = signal;
  if (signal != nullptr && hung_up_ && !signal->fired()) signal->fire();
}

void Socket::HangupItem::run() {
  if (signal != nullptr && !signal->fired()) signal->fire();
}

// The timers stay armed when a wait ends: whoever waits next arms them anew, and if nobody does they find nobody.
void Socket::ReadTimer::expired() {
  if (socket.reader_ != nullptr) socket.reader_->end(WaitOutcome::timed_out);
}

void Socket::WriteTimer::expired() {
  if (socket.writer_ != nullptr && !socket.writer_->gathered_) socket.writer_->end(WriteOutcome::timed_out);
}

IoOutcome Socket::read_some(std::span<char> into) {
  if (!fd_.is_open()) return {IoState::failed, 0};
  const ssize_t got = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (got > 0) {
    const auto bytes = static_cast<std::size_t>(got);
    // A short read has emptied the socket; but behind a hang-up there is still the end to be read.
    if (bytes < into.size() && !hung_up_) read_ready_ = false;
    return {IoState::moved, bytes};
  }
  if (got == 0) {
    note_hangup();
    return {IoState::ended, 0};
  }
  if (errno == EINTR) return {IoState::would_block, 0};
  if (would_block(errno)) {
    read_ready_ = false;
    return {IoState::would_block, 0};
  }
  note_hangup();
  return {IoState::failed, 0};
}

IoOutcome Socket::peek(std::span<char> into) {
  if (!fd_.is_open()) return {IoState::failed, 0};
  const ssize_t seen = ::recv(fd_.get(), into.data(), into.size(), MSG_PEEK);
  read_ready_ = false;
  if (seen > 0) return {IoState::moved, static_cast<std::size_t>(seen)};
  if (seen == 0) return {IoState::ended, 0};
  return {would_block(errno) || errno == EINTR ? IoState::would_block : IoState::failed, 0};
}

void Socket::discard(std::size_t count) {
  std::array<char, 256> thrown_away;
  while (count > 0) {
    const ssize_t got = ::recv(fd_.get(), thrown_away.data(), std::min(count, thrown_away.size()), 0);
    if (got <= 0) break;
    count -= static_cast<std::size_t>(got);
  }
  read_ready_ = true;  // what follows may be there already
}

IoOutcome Socket::write_some(std::span<const std::string_view> pieces, std::size_t skip) {
  if (!fd_.is_open()) return {IoState::failed, 0};
  std::array<iovec, pieces_per_write_max> vectors;
  std::size_t count = 0;
  std::size_t wanted = 0;
  for (std::string_view piece : pieces) {
    const std::size_t skipped = std::min(skip, piece.size());
    skip -= skipped;
    piece.remove_prefix(skipped);
    if (piece.empty()) continue;
    if (count == vectors.size()) break;
    vectors[count++] = iovec{.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
    wanted += piece.size();
  }
  const ssize_t sent = send_vectors(fd_.get(), std::span(vectors).first(count), wanted);
  if (sent < 0) {
    if (errno == EINTR) return {IoState::would_block, 0};
    if (!would_block(errno)) return {IoState::failed, 0};
    write_ready_ = false;
    return {IoState::would_block, 0};
  }
  const auto bytes = static_cast<std::size_t>(sent);
  if (bytes < wanted) write_ready_ = false;
  return {IoState::moved, bytes};
}

void Socket::shutdown_write() {
  if (fd_.is_open()) ::shutdown(fd_.get(), SHUT_WR);
}

void Socket::close() {
  if (!fd_.is_open()) return;
  fd_.reset();
  read_ready_ = write_ready_ = true;
  if (reader_ != nullptr) reader_->end(WaitOutcome::ready);
  if (writer_ != nullptr) writer_->end(WriteOutcome::failed);
}

void Socket::close_with_reset() {
  const linger no_time{.l_onoff = 1, .l_linger = 0};
  if (fd_.is_open()) ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &no_time, sizeof no_time);
  close();
}

Task<Result<void>> Socket::connected(Instant deadline, CancelSignal* cancel) {
  is_dialled_ = true;
  // The decision shows as a writable edge; for as long as it is awaited, any edge ends the wait for a readable one.
  const bool former = std::exchange(any_edge_wakes_both_, true);
  const WaitOutcome outcome = co_await readable(deadline, cancel);
  any_edge_wakes_both_ = former;
  if (outcome == WaitOutcome::cancelled) {
    co_return fail(upstream_fault(FaultKind::cancelled, "the attempt to connect was called off", false));
  }
  if (outcome == WaitOutcome::timed_out) {
    co_return fail(upstream_fault(FaultKind::timed_out, "no answer to the attempt to connect", true));
  }
  int error = 0;
  socklen_t length = sizeof error;
  if (!fd_.is_open() || ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = EBADF;
  if (error != 0) co_return fail(upstream_fault(FaultKind::unreachable, std::strerror(error), true));
  co_return Result<void>{};
}

ReadableWait::~ReadableWait() {
  if (socket_.reader_ == this) socket_.reader_ = nullptr;
}

bool ReadableWait::await_ready() noexcept {
  if (cancel_ != nullptr && cancel_->fired()) {
    outcome_ = WaitOutcome::cancelled;
    return true;
  }
  return socket_.read_ready_ || !socket_.fd_.is_open();
}

void ReadableWait::await_suspend(std::coroutine_handle<> waiting) {
  ensure(socket_.reader_ == nullptr, "one coroutine reads a socket");
  waiting_ = waiting;
  socket_.reader_ = this;
  socket_.loop_.arm(socket_.read_timer_, deadline_);
  if (cancel_ != nullptr) cancel_->attach(*this);
}

void ReadableWait::end(WaitOutcome outcome) {
  outcome_ = outcome;
  socket_.reader_ = nullptr;
  CancelSignal::detach(*this);
  socket_.run_soon(*this);
}

WriteAll::WriteAll(Socket& socket, std::span<const std::string_view> pieces, Duration stall_max, CancelSignal* cancel)
    : socket_(socket), pieces_(pieces), stall_max_(stall_max), cancel_(cancel) {
  for (const std::string_view piece : pieces)
    total_ += piece.size();
}

WriteAll::~WriteAll() {
  if (socket_.writer_ == this) socket_.writer_ = nullptr;
}

// True when it is over, one way or the other.
bool WriteAll::try_to_finish() {
  while (sent_ < total_) {
    const IoOutcome wrote = socket_.write_some(pieces_, sent_);
    if (wrote.state == IoState::failed) {
      outcome_ = WriteOutcome::failed;
      return true;
    }
    sent_ += wrote.bytes;
    if (sent_ < total_ && !socket_.write_ready_) return false;
  }
  outcome_ = WriteOutcome::sent;
  return true;
}

bool WriteAll::await_ready() noexcept {
  if (socket_.write_ready_ || !socket_.fd_.is_open()) {
    gathered_ = socket_.loop_.has_more_to_run() && socket_.fd_.is_open();
    if (gathered_) return false;
    if (try_to_finish()) return true;
  }
  if (cancel_ == nullptr || !cancel_->fired()) return false;
  outcome_ = WriteOutcome::cancelled;
  return true;
}

void WriteAll::await_suspend(std::coroutine_handle<> waiting) {
  ensure(socket_.writer_ == nullptr, "one coroutine writes a socket");
  waiting_ = waiting;
  socket_.writer_ = this;
  if (gathered_) {
    socket_.loop_.run_with_writes(*this);
  } else {
    wait_for_room();
  }
}

void WriteAll::wait_for_room() {
  socket_.loop_.arm(socket_.write_timer_, socket_.loop_.now() + stall_max_);
  if (cancel_ != nullptr) cancel_->attach(*this);
}

void WriteAll::run() {
  if (!std::exchange(gathered_, false)) {
    waiting_.resume();
  } else if (try_to_finish()) {
    end(outcome_);
  } else if (cancel_ != nullptr && cancel_->fired()) {
    end(WriteOutcome::cancelled);
  } else {
    wait_for_room();
  }
}

void WriteAll::go_on() {
  const std::size_t sent_before = sent_;
  if (try_to_finish()) {
    end(outcome_);
  } else if (sent_ != sent_before) {
    socket_.loop_.arm(socket_.write_timer_, socket_.loop_.now() + stall_max_);
  }
}

void WriteAll::end(WriteOutcome outcome) {
  outcome_ = outcome;
  gathered_ = false;
  socket_.writer_ = nullptr;
  CancelSignal::detach(*this);
  socket_.run_soon(*this);
}

}  // namespace obleth::adapters
