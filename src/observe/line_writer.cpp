#include "observe/line_writer.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace obleth::observe {
namespace {

// One write for the lines of this long, so that logging costs no system call per request.
constexpr std::chrono::milliseconds batch_time(20);
// A reader that takes nothing for this long loses the batch.
constexpr int reader_patience_ms = 1000;
// PIPE_BUF of Linux: a pipe that polls writable takes so much without blocking, so that no reader can hold up the end.
constexpr std::size_t piece_bytes = 4096;

// A file has no reader that could hold up the end.
bool is_file(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

// As many whole lines as a pipe takes in one write; of a longer line, its beginning.
std::string_view next_piece(std::string_view lines) {
  if (lines.size() <= piece_bytes) return lines;
  const std::size_t last_end = lines.rfind('\n', piece_bytes - 1);
  return lines.substr(0, last_end == std::string_view::npos ? piece_bytes : last_end + 1);
}

}  // namespace

LineWriter::LineWriter(int descriptor, std::size_t bytes_max)
    : descriptor_(descriptor), bytes_max_(bytes_max), thread_([this] { run(); }) {}

void LineWriter::finish() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LineWriter::append(std::string_view line, bool urgent) {
  bool must_wake = urgent;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() + line.size() >= bytes_max_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    must_wake |= waiting_.empty();
    waiting_.append(line).push_back('\n');
    urgent_ |= urgent;
  }
  if (must_wake) wake_.notify_one();
}

void LineWriter::run() {
  std::string writing;
  std::string begun;  // the rest of a line that the reader has the beginning of
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return !waiting_.empty() || stopping_; });
    wake_.wait_for(lock, batch_time, [this] { return urgent_ || stopping_ || waiting_.size() > bytes_max_ / 2; });
    if (waiting_.empty()) break;
    writing.clear();
    std::swap(writing, waiting_);
    urgent_ = false;
    lock.unlock();
    writing.insert(0, begun);
    begun = write_out(writing, !begun.empty());
    lock.lock();
  }
  lock.unlock();
  if (!write_out(begun, true).empty()) dropped_.fetch_add(1, std::memory_order_relaxed);
}

std::string LineWriter::write_out(std::string_view bytes, bool within_line) {
  const bool at_once = is_file(descriptor_);
  while (!bytes.empty()) {
    pollfd reader{descriptor_, POLLOUT, 0};
    const int writable = at_once ? 1 : ::poll(&reader, 1, reader_patience_ms);
    const std::string_view piece = at_once ? bytes : next_piece(bytes);
    const ssize_t written = writable > 0 ? ::write(descriptor_, piece.data(), piece.size()) : -1;
    if (written > 0) {
      const auto taken = static_cast<std::size_t>(written);
      within_line = bytes[taken - 1] != '\n';
      bytes.remove_prefix(taken);
    } else if (writable == 0 || (errno != EINTR && errno != EAGAIN)) {
      const std::string_view rest = bytes.substr(0, within_line ? bytes.find('\n') + 1 : 0);
      const auto lines = std::ranges::count(bytes.substr(rest.size()), '\n');
      dropped_.fetch_add(static_cast<std::uint64_t>(lines), std::memory_order_relaxed);
      return std::string(rest);
    }
  }
  return {};
}

}  // namespace obleth::observe
