// Lets a message through once per period, and counts what it kept back. Any thread; time is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/instant.hpp"

namespace obleth::observe {

class RepeatLimiter {
 public:
  static constexpr std::size_t subjects_max = 1024;  // the oldest half is forgotten beyond

  // How many were kept back since the last that went through; nullopt: keep this one back.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view subject, Duration period, Instant now);

 private:
  struct Subject {
    Instant last;
    std::uint64_t kept_back = 0;
  };

  void forget_oldest();

  std::mutex mutex_;
  std::unordered_map<std::string, Subject> subjects_;
};

}  // namespace obleth::observe
