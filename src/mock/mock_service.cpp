#include "mock/mock_service.hpp"

#include <utility>

#include "base/ensure.hpp"
#include "mock/generation.hpp"
#include "mock/media_answers.hpp"

namespace obleth::mock {
namespace {

constexpr std::pair<std::string_view, Dialect> model_routes[] = {
    {"/v1/chat/completions", Dialect::chat}, {"/v1/completions", Dialect::completions},
    {"/v1/embeddings", Dialect::embeddings}, {"/v1/responses", Dialect::responses},
    {"/v1/messages", Dialect::messages},     {"/v1/messages/count_tokens", Dialect::count_tokens},
    {"/v1/rerank", Dialect::rerank},
};
constexpr auto stall_turn = std::chrono::hours(1);

std::optional<Dialect> model_route(std::string_view path) {
  for (const auto& [known, dialect] : model_routes)
    if (path == known) return dialect;
  return std::nullopt;
}

ports::Loop& loop_of_thread() {
  ports::Loop* loop = ports::Loop::current();
  ensure(loop != nullptr, "the mock is served on a thread without a loop");
  return *loop;
}

Task<void> wait_for_departure(ports::ClientExchange& exchange) {
  ports::Loop& loop = loop_of_thread();
  bool stays = true;
  while (stays) {
    ports::Pause pause(loop, loop.now() + stall_turn, &exchange.departure());
    stays = co_await pause;
  }
}

// The failures that leave the model out. True: the request is over.
Task<bool> fail_at_once(ports::ClientExchange& exchange, Dialect dialect, const Behaviour& behaviour) {
  if (behaviour.failure == Failure::status) {
    const auto status = static_cast<int>(behaviour.failure_argument);
    const Reply reply = error_reply(dialect, status, "the mock was told to fail");
    co_await send_reply(exchange, reply);
    co_return true;
  }
  if (behaviour.failure == Failure::stall) {
    co_await wait_for_departure(exchange);
    co_return true;
  }
  if (behaviour.failure == Failure::reset) exchange.abort_connection(ports::AbortBy::reset);
  if (behaviour.failure == Failure::refuse) exchange.abort_connection(ports::AbortBy::fin);
  co_return behaviour.failure == Failure::reset || behaviour.failure == Failure::refuse;
}

}  // namespace

struct MockService::Asked {
  Dialect dialect = Dialect::chat;
  Behaviour behaviour;
  ModelRequest request;
};

MockService::MockService(MockOptions options)
    : options_(std::move(options)), tally_(options_.models), slots_(options_.slots) {
  ensure(!options_.models.empty(), "the mock needs a model");
}

Task<void> MockService::serve(ports::ClientExchange& exchange) {
  const std::string_view target = exchange.head().target;
  const std::string_view path = target.substr(0, target.find('?'));
  const auto dialect = model_route(path);
  if (dialect && exchange.head().method == "POST") {
    co_await serve_model(exchange, *dialect);
  } else if (exchange.head().method == "POST" && is_media_path(path)) {
    co_await serve_media(exchange, path);
  } else {
    co_await serve_page(exchange, path);
  }
}

Task<void> MockService::serve_media(ports::ClientExchange& exchange, std::string_view path) {
  auto body = co_await read_whole_body(exchange);
  if (!body) co_return;
  const Reply reply = media_answer(path, *body);
  co_await send_reply(exchange, reply);
}

Task<void> MockService::serve_model(ports::ClientExchange& exchange, Dialect dialect) {
  Tally::Open open(tally_);
  Asked asked;
  asked.dialect = dialect;
  const bool is_read = co_await read_asked(exchange, asked);
  if (!is_read) {
    if (exchange.departure().fired()) open.note_aborted();
    co_return;
  }
  open.name(asked.request.model);
  const bool is_over = co_await fail_at_once(exchange, dialect, asked.behaviour);
  if (is_over) {
    if (asked.behaviour.failure == Failure::stall) open.note_aborted();
    co_return;
  }
  co_await answer_in_turn(exchange, asked, open);
}

// False: it was refused, or the client left.
Task<bool> MockService::read_asked(ports::ClientExchange& exchange, Asked& asked) {
  auto body = co_await read_whole_body(exchange);
  if (!body) {
    const int status = body.error().kind == FaultKind::too_large ? 413 : 400;
    const Reply reply = error_reply(asked.dialect, status, body.error().message);
    if (body.error().kind != FaultKind::broken) co_await send_reply(exchange, reply);
    co_return false;
  }
  asked.behaviour = behaviour_from_options(options_);
  control_.apply(asked.behaviour);
  const std::string_view bad_header = apply_headers(asked.behaviour, exchange.head().fields);
  if (!bad_header.empty()) {
    const Reply reply = error_reply(asked.dialect, 400, "this header makes no sense", bad_header);
    co_await send_reply(exchange, reply);
    co_return false;
  }
  auto request = read_model_request(asked.dialect, *body);
  if (!request) {
    const Reply reply = error_reply(asked.dialect, 400, request.error().message, request.error().field);
    co_await send_reply(exchange, reply);
    co_return false;
  }
  asked.request = std::move(*request);
  if (asked.request.model.empty()) asked.request.model = options_.models.front();
  co_return true;
}

Task<void> MockService::answer_in_turn(ports::ClientExchange& exchange, const Asked& asked, Tally::Open& open) {
  ports::Loop& loop = loop_of_thread();
  Slots::Turn turn(slots_, loop, exchange.departure());
  const bool has_slot = co_await turn;
  if (!has_slot) {
    open.note_aborted();
    co_return;
  }
  const HeldSlot held(slots_);

  const AnswerFacts facts{serial_.fetch_add(1, std::memory_order_relaxed) + 1, loop.wall_now().unix_ms / 1000};
  const AnswerPlan plan(asked.request, asked.behaviour, facts);
  open.add_prompt(plan.prompt_tokens);
  const std::int64_t slow_ms = asked.behaviour.failure == Failure::slow_head ? slow_head_ms : 0;
  const auto ttft = std::chrono::milliseconds(asked.behaviour.ttft_ms + slow_ms);
  const bool in_one_piece = only_reads(asked.dialect);
  const auto gap = std::chrono::milliseconds(in_one_piece ? 0 : asked.behaviour.token_ms);
  const Generation generation{exchange, loop, plan, asked.behaviour, open, Pace{loop.now() + ttft, gap}};

  const bool streams = asked.request.stream && !in_one_piece;
  Task<Ending> answer = streams ? stream_answer(generation) : whole_answer(generation);
  const Ending ending = co_await answer;
  if (ending == Ending::client_gone) open.note_aborted();
  if (ending == Ending::reset) exchange.abort_connection(ports::AbortBy::reset);
}

}  // namespace obleth::mock
