#include "mock/generation.hpp"

#include <algorithm>
#include <limits>

#include "mock/answer_writer.hpp"
#include "mock/embeddings_answer.hpp"
#include "mock/json_text.hpp"
#include "mock/reading_answers.hpp"
#include "mock/voice.hpp"

namespace obleth::mock {
namespace {

// Without a pause between tokens they leave together, in writes of about this size.
constexpr std::size_t unpaced_write_bytes = 16 * 1024;

// How many events may still leave before the connection is reset.
class EventLimit {
 public:
  explicit EventLimit(const Behaviour& behaviour)
      : left_(behaviour.failure == Failure::reset_after ? behaviour.failure_argument
                                                        : std::numeric_limits<std::int64_t>::max()),
        limited_(behaviour.failure == Failure::reset_after) {}

  [[nodiscard]] bool reached() const { return left_ == 0; }
  void count_one() { --left_; }
  // Counts the events of a batch from where they begin, and cuts those off that may not leave.
  void count(std::string& batch, std::size_t from) {
    while (limited_ && from < batch.size()) {
      if (reached()) {
        batch.resize(from);
        return;
      }
      from = batch.find("\n\n", from) + 2;
      --left_;
    }
  }

 private:
  std::int64_t left_;
  bool limited_;
};

AnswerHead head_for(const Generation& generation, std::string_view content_type) {
  AnswerHead head;
  write_parts(head.lines, "content-type: ", content_type, "\r\nx-request-id: req_mock_", generation.plan.facts.serial,
              "\r\n");
  if (generation.behaviour.failure == Failure::garbage) head.lines.append("\x01this is no header\r\n");
  return head;
}

void speak(const Generation& generation, Voice& voice, std::int64_t token, EventLimit& limit, std::string& batch) {
  std::int64_t said = 0;
  for (; said < generation.plan.request.choices && !limit.reached(); ++said) {
    voice.say(batch, token, said);
    limit.count_one();
  }
  generation.open.add_output(said);
}

// Up to the last token, which stays in the batch.
Task<Ending> stream_tokens(const Generation& generation, Voice& voice, EventLimit& limit, AnswerWriter& writer,
                           std::string& batch) {
  const bool paced = generation.pace.between_tokens > Duration(0);
  Instant due = generation.pace.first_token;
  for (std::int64_t token = 0; token < generation.plan.tokens && !limit.reached(); ++token) {
    if (token > 0 && (paced || batch.size() >= unpaced_write_bytes)) {
      auto sent = co_await writer.send(batch);
      if (!sent) co_return Ending::client_gone;
    }
    if (token > 0 && paced) {
      due = due + generation.pace.between_tokens;
      ports::Pause pause(generation.loop, due, &generation.exchange.departure());
      const bool came = co_await pause;
      if (!came) co_return Ending::client_gone;
    }
    speak(generation, voice, token, limit, batch);
  }
  co_return Ending::complete;
}

std::string body_of(const Generation& generation) {
  if (generation.behaviour.failure == Failure::garbage) return "this is not JSON {{{";
  switch (generation.plan.request.dialect) {
    case Dialect::embeddings:
      return embeddings_answer(generation.plan);
    case Dialect::count_tokens:
      return count_tokens_answer(generation.plan);
    case Dialect::rerank:
      return rerank_answer(generation.plan);
    default:
      break;
  }
  std::string body;
  const auto voice = voice_of(generation.plan);
  voice->whole(body);
  return body;
}

// What had been generated when the client left.
void count_partly(const Generation& generation) {
  if (generation.loop.now() < generation.pace.first_token) return;
  std::int64_t tokens = generation.plan.tokens;
  if (generation.pace.between_tokens > Duration(0)) {
    const Duration spent = generation.loop.now() - generation.pace.first_token;
    tokens = std::min<std::int64_t>(tokens, spent / generation.pace.between_tokens + 1);
  }
  generation.open.add_output(tokens * generation.plan.request.choices);
}

}  // namespace

Task<Ending> stream_answer(const Generation& generation) {
  ports::Pause pause(generation.loop, generation.pace.first_token, &generation.exchange.departure());
  const bool came = co_await pause;
  if (!came) co_return Ending::client_gone;

  AnswerHead head = head_for(generation, "text/event-stream; charset=utf-8");
  head.lines.append("cache-control: no-cache\r\n");
  AnswerWriter writer(generation.exchange, std::move(head), generation.behaviour.chunk_bytes);
  EventLimit limit(generation.behaviour);
  const auto voice = voice_of(generation.plan);
  std::string batch;
  voice->open(batch);
  limit.count(batch, 0);

  const Ending spoken = co_await stream_tokens(generation, *voice, limit, writer, batch);
  if (spoken != Ending::complete) co_return spoken;
  const std::size_t closing = batch.size();
  voice->close(batch);
  limit.count(batch, closing);
  if (limit.reached()) {
    auto sent = co_await writer.send_rest(batch);
    co_return sent ? Ending::reset : Ending::client_gone;
  }
  auto finished = co_await writer.finish(batch);
  co_return finished ? Ending::complete : Ending::client_gone;
}

Task<Ending> whole_answer(const Generation& generation) {
  const std::int64_t steps = std::max<std::int64_t>(0, generation.plan.tokens - 1);
  const Instant due = generation.pace.first_token + generation.pace.between_tokens * steps;
  ports::Pause pause(generation.loop, due, &generation.exchange.departure());
  const bool came = co_await pause;
  if (!came) {
    count_partly(generation);
    co_return Ending::client_gone;
  }
  generation.open.add_output(generation.plan.output_tokens());

  std::string body = body_of(generation);
  AnswerHead head = head_for(generation, "application/json");
  head.content_length = body.size();
  AnswerWriter writer(generation.exchange, std::move(head), generation.behaviour.chunk_bytes);
  if (generation.behaviour.failure == Failure::reset_after) {
    body.resize(body.size() / 2);
    auto sent = co_await writer.send_rest(body);
    co_return sent ? Ending::reset : Ending::client_gone;
  }
  auto finished = co_await writer.finish(body);
  co_return finished ? Ending::complete : Ending::client_gone;
}

}  // namespace obleth::mock
