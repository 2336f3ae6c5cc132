// The states that a request passes, each made by the stage before it: leaving a stage out does not compile.
//
//   Received → Identified → Routed → Recalled → Priced → Funded → Admitted → Softened → Answered → Relayed → Settled
//
// Each adds what its stage learned and owns what it took. Move-only; a stage takes its state by rvalue reference, from
// where its caller keeps it until the stage has ended: a coroutine's frame then holds no copy of its own. From Softened
// on, a state stays in one place, and what is handed on holds it: a stream lives long. The request's connection's
// thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/api_key.hpp"
#include "domain/model.hpp"
#include "domain/usage_record.hpp"
#include "gateway/answer_capture.hpp"
#include "gateway/body_memory.hpp"
#include "gateway/endpoint_desk.hpp"
#include "gateway/form_rest.hpp"
#include "gateway/permit.hpp"
#include "gateway/reservation.hpp"
#include "gateway/routes.hpp"
#include "ports/http_service.hpp"
#include "ports/loop.hpp"
#include "ports/response_cache.hpp"
#include "ports/upstream.hpp"
#include "wire/request_body.hpp"

namespace obleth::gateway {

// Points of the request's life, for Server-Timing and for the ledger's overhead.
struct Timings {
  Instant received;
  Instant identified;
  Instant routed;  // the client had sent what is read of its body
  Instant funded;
  Instant admitted;
  Instant sent;         // the attempt that was answered left for the upstream
  Instant answered;     // its head came
  Duration waiting{0};  // spent in queue, upstream or client's hands, not in obleth

  // What the ledger calls overhead.
  [[nodiscard]] std::int64_t us_in_obleth(Instant until) const {
    return std::max<std::int64_t>(0, whole_us(until - received - waiting));
  }
};

struct Received {
  ports::ClientExchange* exchange = nullptr;
  ports::Loop* loop = nullptr;
  Route route;
  EventId event_id;
  UsageRecord* record = nullptr;  // the ledger's row; every stage fills in its own columns
  Timings timings;
};

struct Identified : Received {
  std::shared_ptr<const ResolvedKey> who;
};

// A body that was read, or the beginning of a form up to its model: its bytes, what was found in them, and the memory
// that they are counted in.
struct RequestContent {
  std::string bytes;
  wire::RequestFields fields;
  BodyMemory::Lease lease;
  std::unique_ptr<FormRest> rest;  // of a form; null: this is all
};

struct Routed : Identified {
  std::unique_ptr<RequestContent> content;  // null: the body streams through
  std::shared_ptr<const Model> model;       // as last looked at; null: the default upstream
};

struct Price {
  std::int64_t raw_input_tokens = 0;  // estimated, before what was learned corrects it
  std::int64_t input_tokens = 0;      // estimated
  std::int64_t output_cap = 0;        // requested, or the model's default
  std::int64_t output_bound = 0;      // k × n × cap
  std::int64_t hold_output = 0;       // expected
  std::int64_t answers = 1;           // k × n
  NanoUsd input_cost;                 // with the price per request
  NanoUsd bound_cost;
};

struct Recalled : Routed {
  std::unique_ptr<AnswerCapture> capture;  // null: the answer is not to be kept
  bool may_be_known = false;               // the cache is to be asked; capture has the name
};

struct Priced : Recalled {
  Price price;
  std::shared_ptr<const Model> priced_by;  // what `model` was when it was priced; null: it has not changed since

  // From here on it is served by what its model is now; it pays and is counted as it was priced.
  void serve_by(std::shared_ptr<const Model> present) {
    if (!present || present == model) return;
    if (!priced_by) priced_by = model;
    model = std::move(present);
    record->upstream_model = model->upstream_model;
  }
  [[nodiscard]] const Model* price_list() const { return priced_by ? priced_by.get() : model.get(); }
};

struct Funded : Priced {
  HeldBudget budget;
};

struct Admitted : Funded {
  Permit permit;
  std::optional<std::int64_t> granted_output_cap;  // pressure asks for shorter answers: this one is to be cut to that
};

struct Softened : Admitted {
  std::optional<std::int64_t> output_cap;  // absent: as the client asked
};

// What the client will be told of the upstream's head. The head itself is gone once the body is read.
struct AnswerHead {
  int status = 0;
  std::string lines;  // the headers that cross, complete; in the end with ours
  std::optional<std::uint64_t> content_length;
  bool event_stream = false;
  bool json = false;
  bool encoded = false;           // compressed all the same: relayed untouched, usage estimated
  std::string_view stream_lines;  // what intermediaries have to be told of a stream, and the upstream does not tell
  bool ends_by_close = false;     // nothing says whether its end is missing
};

struct Answered {
  std::unique_ptr<Softened> request;
  std::unique_ptr<ports::UpstreamAnswer> answer;  // null: the client left while the upstream was asked
  AnswerHead head;
  EndpointDesk::Visit visit;    // counts the request at its endpoint until it ends
  bool usage_injected = false;  // obleth asked for usage, so the usage-only event is taken out again
  std::string buffered;         // payload that was read to decide about a retry; goes out first
};

// How the answer ended.
enum class Ending : std::uint8_t { complete, client_left, upstream_broke, gateway_stopped };

// The client is still there, and is told that something is missing.
[[nodiscard]] constexpr bool lost_its_rest(Ending ending) {
  return ending == Ending::upstream_broke || ending == Ending::gateway_stopped;
}

struct Relayed {
  std::unique_ptr<Softened> request;
  EndpointDesk::Visit visit;
  Ending ending = Ending::complete;
  int status = 0;  // the upstream's; 0: none came
  bool streamed = false;
  std::optional<TokenUsage> reported;  // by the upstream
  bool output_told = true;             // false: only the input was reported
  CountedOutput counted;               // where nothing was reported
  // A short answer waits here until its row is written; a longer one has only its end here.
  std::string unsent_head;
  std::string unsent_body;
  std::optional<std::uint64_t> content_length;  // of an answer whose body does not follow (HEAD, 304), or is empty
  bool ends_cleanly = true;  // false: the connection is cut, so that the client sees that something is missing
};

// Billed, given back, recorded: only the end of the answer is still to be written.
struct Settled {
  ports::ClientExchange* exchange = nullptr;
  int status = 0;
  bool client_left = false;
  std::string unsent_head;
  std::string unsent_body;
  std::optional<std::uint64_t> content_length;  // where there is no body to measure
  bool ends_cleanly = true;
  bool ends_connection = false;                                 // what was cut short is followed by nothing
  std::shared_ptr<const ports::KeptAnswer> replayed = nullptr;  // the body, instead of unsent_body
};

}  // namespace obleth::gateway
