// The flags of `obleth mock-upstream`. Thread: a value, fixed at start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace obleth::mock {

struct MockOptions {
  std::vector<std::string> models = {"mock-model"};
  std::int64_t ttft_ms = 20;        // to the first token
  std::int64_t token_ms = 5;        // between tokens
  std::int64_t output_tokens = 64;  // of one choice, where the request does not end it sooner
  std::size_t slots = 0;            // 0 = unlimited; beyond them requests wait, first come first served
  std::size_t threads = 1;          // event loops that serve; read by whoever starts the listener
};

}  // namespace obleth::mock
