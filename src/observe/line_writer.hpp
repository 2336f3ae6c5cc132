// Lines on their way to a descriptor: appending costs a copy, a thread of its own writes them in batches.
//
// Never waits for the reader: lines that do not fit are dropped and counted. None is torn: one that was begun is ended
// before the next. Lines of one thread stay in order. Any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace obleth::observe {

class LineWriter {
 public:
  // bytes_max: of lines that wait to be written.
  LineWriter(int descriptor, std::size_t bytes_max);
  ~LineWriter() { finish(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // line: without its newline. Urgent ones are not kept back to share a write with later ones.
  void append(std::string_view line, bool urgent);
  // Writes what waits and ends the thread; nothing is appended after it.
  void finish();
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  // within_line: the reader has the beginning of the first line. Returns what is unwritten of a line that was cut,
  // where the reader took no more; the lines behind it are dropped.
  std::string write_out(std::string_view bytes, bool within_line);

  const int descriptor_;
  const std::size_t bytes_max_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  bool urgent_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace obleth::observe
