#include "sim/stages.hpp"

#include <charconv>
#include <utility>
#include <variant>

#include "base/ensure.hpp"
#include "observe/log.hpp"

namespace obleth::sim {

namespace {

constexpr std::string_view token_event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n";

// The number that stands in JSON after a mark.
std::uint64_t number_after(std::string_view text, std::string_view mark) {
  std::uint64_t number = 0;
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return 0;
  std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
  return number;
}

std::string body_of(const fairshare::Arrive& event, std::string_view model, std::uint64_t serial) {
  constexpr std::string_view token = "word ";  // a word is about a token, and is estimated at about one
  std::string body = "{\"model\":\"" + std::string(model) + "\",\"user\":\"" + std::to_string(serial) +
                     "\",\"max_tokens\":" + std::to_string(event.requested_cap) +
                     ",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"";
  body.reserve(body.size() + static_cast<std::size_t>(event.prompt_tokens) * token.size());
  for (std::int64_t written = 0; written < event.prompt_tokens; ++written)
    body += token;
  return body + "\"}]}";
}

}  // namespace

Stages::Stages(const fairshare::AdmissionLimits& limits)
    : start_(loop_.now()),
      desk_(limits),
      path_(loop_, {policy_,
                    entropy_,
                    keys_,
                    failed_keys_,
                    catalog_,
                    ledger_,
                    *this,
                    desk_,
                    endpoints_,
                    body_memory_,
                    estimates_,
                    metrics_,
                    readiness_,
                    rows_,
                    {responses_, digester_, captures_}}) {
  observe::set_log_level(observe::LogLevel::error);
  readiness_.configuration_loaded();
  desk_.attach(loop_);
}

Stages::~Stages() {
  talks_.clear();
  desk_.detach(loop_);
}

void Stages::step(const Event& event, Instant now, Actions& actions) {
  actions_ = &actions;
  loop_.advance(start_ + now.since_start() - loop_.now());
  std::visit([this](const auto& happened) { on(happened); }, event);
  turn();
}

// As long as no time has to pass. What was not granted at once waits.
void Stages::turn() {
  loop_.advance(Duration{0});
  for (auto at = talks_.begin(); at != talks_.end();) {
    Talk& talk = *at->second;
    if (talk.ended && !talk.granted) actions_->refused.push_back({.waiter = talk.waiter});
    if (!talk.ended && !talk.granted && !std::exchange(talk.told_queued, true)) {
      actions_->queued.push_back({.waiter = talk.waiter, .ticket = {static_cast<std::uint32_t>(talk.serial), 0}});
    }
    if (talk.ended) ++talks_ended_;
    at = talk.ended ? talks_.erase(at) : std::next(at);
  }
  ensure(rows_.kept.size() == talks_ended_, "a request that has ended has its row in the ledger");
}

Task<void> Stages::Rows::keep(const UsageRecord& record) {
  const bool is_new = kept.insert(record.event_id).second;
  ensure(is_new, "a request has one row in the ledger");
  co_return;
}

void Stages::on(const fairshare::Arrive& event) {
  const std::uint64_t serial = ++talks_begun_;
  gateway::ClientRequest request =
      gateway::post("/v1/chat/completions", body_of(event, model_name(event.model), serial)).with_key(secret_of(event));
  auto& talk = talks_[serial] = std::make_unique<Talk>(serial, event.waiter, request, loop_.now());
  talk->cap = event.requested_cap;
  talk->client.body_piece_bytes = 64 << 10;
  talk->task = serve(*talk);
}

adapters::RootTask Stages::serve(Talk& talk) {
  co_await path_.serve(talk.client);
  talk.ended = true;
}

Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> Stages::send(const ports::UpstreamCall& call) {
  std::string body;
  for (const std::string_view piece : call.body)
    body += piece;
  CancelSignal* const cancel = call.cancel;
  Talk& talk = *talks_.at(number_after(body, "\"user\":\""));
  const auto cap = static_cast<std::int64_t>(number_after(body, "\"max_tokens\":"));
  talk.granted = true;
  call.note_left();
  const std::shared_ptr<AnswerStream> stream = talk.stream = std::make_shared<AnswerStream>(loop_);
  actions_->granted.push_back({.waiter = talk.waiter,
                               .ticket = {static_cast<std::uint32_t>(talk.serial), 0},
                               .output_cap = cap < talk.cap ? std::optional(cap) : std::nullopt});
  const bool begins = co_await stream->begins(cancel);
  if (!begins) co_return fail(upstream_fault(FaultKind::cancelled, "called off", false));
  co_return std::make_unique<SimulatedAnswer>(stream, cancel);
}

void Stages::produce(Talk& talk, std::int64_t output_tokens) {
  std::string events;
  for (; talk.produced < output_tokens; ++talk.produced)
    events += token_event;
  talk.stream->produce(events);
}

void Stages::on(const fairshare::Progress& event) {
  produce(*talks_.at(event.ticket.slot), event.output_tokens);
}

// An answer that is not complete ends by turns with the client, who hangs up, and the server, which breaks off.
void Stages::on(const fairshare::Finish& event) {
  Talk& talk = *talks_.at(event.ticket.slot);
  if (!event.learn && talk.serial % 2 == 0) {
    talk.client.leave();
    return;
  }
  produce(talk, event.usage->output.value);
  if (!event.learn) {
    talk.stream->cut();
    return;
  }
  talk.stream->produce(
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":" + std::to_string(event.usage->prompt.value) +
      ",\"completion_tokens\":" + std::to_string(event.usage->output.value) + "}}\n\ndata: [DONE]\n\n");
  talk.stream->end();
}

void Stages::on(const fairshare::Withdraw& event) {
  Talk& talk = *talks_.at(event.ticket.slot);
  talk.granted = true;  // so that its end is taken for no refusal
  talk.client.leave();
}

void Stages::on(const fairshare::SetTenant& event) {
  weights_[event.tenant] = event.settings.weight;
  desk_.configure(event, loop_.now());
}

void Stages::on(const fairshare::SetModel& event) {
  static_cast<void>(model_name(event.model));
  desk_.configure(event, loop_.now());
}

// Keys, tenants and models are known to the stores from their first request on.
std::string Stages::secret_of(const fairshare::Arrive& event) {
  std::string secret = "sk_" + to_hex32(event.key.bits) + std::string(16, 'a');
  ResolvedKey& who = keys_.known[secret];
  const auto set = weights_.find(event.tenant);
  who.group = {.id = event.group, .name = event.group.hex(), .weight = event.group_settings.weight};
  who.tenant = {.id = event.tenant, .name = event.tenant.hex(), .group = event.group};
  who.tenant.weight = set == weights_.end() ? event.tenant_settings.weight : set->second;
  who.tenant.quota.max_in_flight = event.tenant_settings.max_in_flight;
  who.tenant.brownout = event.brownout.policy;
  who.key = {.id = event.key, .tenant = event.tenant, .name = "key"};
  return secret;
}

std::string Stages::model_name(ModelId id) {
  std::string name = id.hex();
  for (const Model& known : catalog_.models) {
    if (known.id == id) return name;
  }
  Model model = gateway::some_model();
  model.id = id;
  model.model_name = model.upstream_model = name;
  catalog_.models.push_back(model);
  return name;
}

}  // namespace obleth::sim
