// One question to the store about one key, and everybody who waits for its answer, each on the loop of its own.
// Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "domain/api_key.hpp"
#include "ports/handover.hpp"
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

  void land(ports::KeyLookup answer);
  // False: it has landed, nothing will wake the handover.
  [[nodiscard]] bool wait(const std::shared_ptr<ports::Handover>& waiter);
  // After it has landed.
  [[nodiscard]] const ports::KeyLookup& answer() const { return answer_; }

 private:
  const SecretHash hash_;
  const std::vector<SecretHash> candidates_;
  const std::uint64_t asked_at_news_;
  std::mutex mutex_;
  bool landed_ = false;
  ports::KeyLookup answer_;  // written once, before landed_
  std::vector<std::shared_ptr<ports::Handover>> waiters_;
};

}  // namespace obleth::adapters
