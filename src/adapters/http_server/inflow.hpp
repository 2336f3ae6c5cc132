// Bytes that came from a client and that nobody has used yet. Thread: the connection's.
//
// They lie in a borrowed read buffer, or, when they must wait for long, in a string of just their size.
#pragma once

#include <string>
#include <string_view>

#include "adapters/http_server/read_buffers.hpp"
#include "adapters/os/socket.hpp"

namespace obleth::adapters {

class Inflow {
 public:
  explicit Inflow(ReadBuffers& buffers) : buffers_(buffers) {}
  ~Inflow() { buffers_.give(std::move(buffer_)); }
  Inflow(const Inflow&) = delete;
  Inflow& operator=(const Inflow&) = delete;

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // Views into what was consumed stay valid until the next settle or read.
  void consume(std::size_t count) { bytes_.remove_prefix(count); }
  void drop() { bytes_ = {}; }

  // Gives the buffer back; what is not consumed moves to memory of its size.
  void settle();
  // Reads once, without waiting. What is not consumed yet stays in front.
  IoOutcome read(Socket& socket);

 private:
  ReadBuffers& buffers_;
  ReadBuffers::Buffer buffer_;
  std::string kept_;
  std::string_view bytes_;
};

}  // namespace obleth::adapters
