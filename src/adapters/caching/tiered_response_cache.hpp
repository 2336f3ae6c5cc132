// Two response caches as one: the near one is asked first, and learns what the far one knew. Any thread, as far as both
// may be asked there; they outlive it.
#pragma once

#include <memory>

#include "ports/response_cache.hpp"

namespace obleth::adapters {

class TieredResponseCache final : public ports::ResponseCache {
 public:
  TieredResponseCache(ports::ResponseCache& near, ports::ResponseCache& far) : near_(near), far_(far) {}

  Task<std::shared_ptr<const ports::KeptAnswer>> recall(const ports::AnswerName& name) override;
  void keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) override;

 private:
  ports::ResponseCache& near_;
  ports::ResponseCache& far_;
};

}  // namespace obleth::adapters
