// What POST /control has set: words that hold for every request until they are changed or cleared.
//
// Any thread. A request takes a snapshot by pointer; with nothing set that is one atomic read.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mock/behaviour.hpp"

namespace obleth::mock {

class Control {
 public:
  // A JSON object of words: a number or text sets one, null clears it, the empty object clears all. "x-mock-" before a
  // word and "_" for "-" are understood. Nothing changes when one of them makes no sense.
  [[nodiscard]] Result<void> change(std::string_view json);
  void clear();
  void apply(Behaviour& behaviour) const;
  [[nodiscard]] std::string render() const;  // the words that are set, as a JSON object

 private:
  [[nodiscard]] std::shared_ptr<const Words> snapshot() const;
  void store(Words words);

  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const Words> words_ = std::make_shared<const Words>();
};

}  // namespace obleth::mock
