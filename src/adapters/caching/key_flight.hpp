// One question to the store about one key, and everybody who waits for its answer, each on the loop of its own.
// Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "domain/api_key.hpp"
#include "ports/gate.hpp"
#include "ports/key_directory.hpp"

namespace obleth::adapters {

class KeyFlight {
 public:
  // hash: the key's place in the cache. candidates: the hashes under which the store may know it.
  KeyFlight(const SecretHash& hash, std::vector<SecretHash> candidates, std::uint64_t news)
      : hash_(hash), candidates_(std::move(candidates)), asked_at_news_(news) {}

  [[nodiscard]] const SecretHash& hash() const { return hash_; }
  [[nodiscard]] const std::vector<SecretHash>& candidates() const { return candidates_; }
  [[nodiscard]] std::uint64_t asked_at_news() const { return asked_at_news_; }

  void land(ports::KeyLookup answer) {
    answer_ = std::move(answer);
    landed_.open();
  }
  // False: it has landed, nothing will wake the handover.
  [[nodiscard]] bool wait(const std::shared_ptr<ports::Handover>& waiter) { return landed_.wait(waiter); }
  // After it has landed.
  [[nodiscard]] const ports::KeyLookup& answer() const { return answer_; }

 private:
  const SecretHash hash_;
  const std::vector<SecretHash> candidates_;
  const std::uint64_t asked_at_news_;
  ports::KeyLookup answer_;  // written once, before landed_
  ports::Gate landed_;
};

}  // namespace obleth::adapters
