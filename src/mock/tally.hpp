// What was really produced: the truth that a ledger is compared with. Any thread: atomics, no lock on the path of a
// request for a model that was named at start.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace obleth::mock {

struct ModelCount {
  explicit ModelCount(std::string_view model) : name(model) {}
  const std::string name;
  std::atomic<std::int64_t> requests{0};
  std::atomic<std::int64_t> prompt_tokens{0};
  std::atomic<std::int64_t> output_tokens{0};
};

class Tally {
 public:
  static constexpr std::size_t other_models_max = 1000;  // names that no flag told; further ones count as "other"

  explicit Tally(std::span<const std::string> models);

  // One model request from its arrival to its end.
  class Open {
   public:
    explicit Open(Tally& tally);
    ~Open();
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    void name(std::string_view model);  // once, as soon as it is known; tokens count from then on
    void add_prompt(std::int64_t tokens);
    void add_output(std::int64_t tokens);
    void note_aborted();

   private:
    Tally& tally_;
    ModelCount* model_ = nullptr;
  };

  // Everything to zero but the requests that are open now.
  void reset();
  [[nodiscard]] std::int64_t prompt_tokens() const { return prompt_tokens_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t output_tokens() const { return output_tokens_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::string render() const;  // the body of /stats

 private:
  ModelCount& count_of(std::string_view model);

  std::atomic<std::int64_t> requests_{0};
  std::atomic<std::int64_t> prompt_tokens_{0};
  std::atomic<std::int64_t> output_tokens_{0};
  std::atomic<std::int64_t> open_{0};
  std::atomic<std::int64_t> aborted_{0};
  std::atomic<std::int64_t> most_open_{0};
  std::deque<ModelCount> models_;  // fixed at start
  mutable std::mutex mutex_;
  std::deque<ModelCount> other_models_;  // under mutex_; places never move
};

}  // namespace obleth::mock
