// The states that a request passes, each made only by the stage before it: skipping a stage does not compile.
//
//   Received → Identified → Routed → Priced → Funded → Admitted → Softened → Answered → Relayed → Settled
//
// Each adds what its stage learned and owns what it took. Move-only. The request's connection's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fairshare/events.hpp"
#include "domain/api_key.hpp"
#include "domain/model.hpp"
#include "domain/usage_record.hpp"
#include "gateway/body_memory.hpp"
#include "gateway/endpoint_desk.hpp"
#include "gateway/permit.hpp"
#include "gateway/reservation.hpp"
#include "gateway/routes.hpp"
#include "ports/http_service.hpp"
#include "ports/loop.hpp"
#include "ports/upstream.hpp"
#include "wire/request_body.hpp"

namespace obleth::gateway {

// Points of the request's life, for Server-Timing and for the ledger's overhead.
struct Timings {
  Instant received;
  Instant identified;
  Instant funded;
  Instant admitted;
  Instant sent;          // the attempt that was answered left for the upstream
  Instant answered;      // its head came
  Duration waiting{0};   // spent in queue, upstream or client's hands, not in obleth
};

struct Received {
  ports::ClientExchange* exchange = nullptr;
  ports::Loop* loop = nullptr;
  Route route;
  EventId event_id;
  UsageRecord* record = nullptr;   // the ledger's row; every stage fills in its own columns
  Timings timings;
};

struct Identified : Received {
  std::shared_ptr<const ResolvedKey> who;
};

// A body that was read whole: its bytes, what was found in them, and the memory that they are counted in.
struct RequestContent {
  std::string bytes;
  wire::RequestFields fields;
  BodyMemory::Lease lease;
};

struct Routed : Identified {
  std::unique_ptr<RequestContent> content;   // null: the body streams through
  std::shared_ptr<const Model> model;        // null: the default upstream
};

struct Price {
  std::int64_t input_tokens = 0;             // estimated
  std::int64_t output_cap = 0;               // requested, or the model's default
  std::int64_t output_bound = 0;             // k × n × cap
  std::int64_t hold_output = 0;              // expected
  NanoUsd bound_cost;
};

struct Priced : Routed {
  Price price;
};

struct Funded : Priced {
  HeldBudget budget;
};

struct Admitted : Funded {
  Permit permit;
  fairshare::Granted grant;
};

struct Softened : Admitted {
  std::optional<std::int64_t> output_cap;    // absent: as the client asked
};

struct Answered : Softened {
  std::unique_ptr<ports::UpstreamAnswer> answer;
  EndpointDesk::Visit visit;                 // counts the request at its endpoint until it ends
  bool usage_injected = false;               // obleth asked for usage, so the usage-only event is taken out again
  bool credential_injected = false;
  std::string buffered;                      // payload that was read to decide about a retry; goes out first
};

// How the answer ended.
enum class Ending : std::uint8_t { complete, client_left, upstream_broke, refused_credential };

struct Relayed : Softened {
  Ending ending = Ending::complete;
  int status = 0;
  std::optional<TokenUsage> reported;        // by the upstream
  OutputTokens counted;                      // streamed, where nothing was reported
  std::string last;                          // what is still to be written to end the answer
};

}  // namespace obleth::gateway
