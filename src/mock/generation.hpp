// Produces an answer at the pace of a model: the first token after a while, then one at a time.
//
// Thread: the connection's. Tokens are counted when they are made, before they are sent, so that a client that has the
// last byte finds them counted.
#pragma once

#include <cstdint>
#include <string>

#include "base/instant.hpp"
#include "base/task.hpp"
#include "mock/answer_plan.hpp"
#include "mock/tally.hpp"
#include "ports/http_service.hpp"
#include "ports/loop.hpp"

namespace obleth::mock {

enum class Ending : std::uint8_t { complete, client_gone, reset };

struct Pace {
  Instant first_token;
  Duration between_tokens{0};
};

struct Generation {
  ports::ClientExchange& exchange;
  ports::Loop& loop;
  const AnswerPlan& plan;
  const Behaviour& behaviour;
  Tally::Open& open;
  Pace pace;
};

[[nodiscard]] Task<Ending> stream_answer(const Generation& generation);
[[nodiscard]] Task<Ending> whole_answer(const Generation& generation);

}  // namespace obleth::mock
