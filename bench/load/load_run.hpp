// Sends one request over and over on a fixed number of connections, and counts what comes back. One thread, own epoll.
//
// Without a rate each connection sends its next request when the last was answered (saturated); with one, requests are
// due at even distances and a latency counts from the time that a request was due, so a slow answer hides nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace obleth::bench {

struct LoadPlan {
  std::uint16_t port = 0;  // on 127.0.0.1
  std::string request;     // the bytes of a whole HTTP request
  // Of equal length, in turns in the place of the first, which the request contains; none: the request as it is.
  std::vector<std::string> secrets;
  int connections = 64;
  double rate = 0;  // requests per second; 0: as fast as they are answered
  double warm_up_seconds = 1;
  double seconds = 3;
};

// Of the window after the warm-up. Latencies in microseconds, unsorted.
struct LoadReport {
  std::uint64_t requests = 0;  // answered 200 and whole
  std::uint64_t failed = 0;    // in the warm-up too
  std::uint64_t events = 0;    // server-sent events received, of unfinished answers too
  double seconds = 0;
  std::vector<std::uint32_t> latencies;
  std::vector<std::uint32_t> first_bytes;  // from the request to the first byte of the answer's body
};

// Calls begin when the window begins. Ends the process with a message if nothing listens on the port.
[[nodiscard]] LoadReport run_load(const LoadPlan& plan, const std::function<void()>& begin);

}  // namespace obleth::bench
