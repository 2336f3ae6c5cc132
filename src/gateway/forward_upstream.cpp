#include "gateway/forward_upstream.hpp"

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/settle_cost.hpp"
#include "gateway/switched_off.hpp"
#include "gateway/upstream_call.hpp"
#include "wire/header_rules.hpp"

namespace obleth::gateway {
namespace {

constexpr Duration retry_after_longest = std::chrono::seconds(2);  // a 429 that asks for longer is passed on
constexpr Duration backoff_first = std::chrono::milliseconds(25);
constexpr std::size_t head_bytes_usual = 1024;  // of the client's head, ours included
constexpr std::size_t refusal_body_max = 64 * 1024;
constexpr int no_answer_status = 502;  // as the client would be told

struct Chosen {
  Destination destination;
  EndpointDesk::Visit visit;
};

using Sent = Result<std::unique_ptr<ports::UpstreamAnswer>>;

// What to do about an attempt's result.
enum class Verdict : std::uint8_t { take, retry, read_why, ask_without_usage, leave };

Outcome<Chosen> choose_destination(const Softened& softened, const std::vector<EndpointId>& tried,
                                   UpstreamDoors doors) {
  if (!softened.model) {
    // Not owned: the request holds its policy to its end.
    const std::shared_ptr<const UpstreamAddress> address(std::shared_ptr<void>(), &*doors.policy.default_upstream);
    return Chosen{{address, nullptr}, {}};
  }
  auto choice = doors.endpoints.choose(*softened.model, tried, softened.loop->now());
  if (!choice) {
    return refuse(from_upstream_fault(
        upstream_fault(FaultKind::unreachable, "the model has no enabled endpoint with a valid address", false)));
  }
  return Chosen{{std::move(choice->address), choice->endpoint}, std::move(choice->visit)};
}

Refusal credential_refused() {
  return {.status = 502,
          .type = "upstream_error",
          .code = "upstream_auth_failed",
          .message =
              "The inference server refused the gateway's credential for this model. Ask your operator to check "
              "the model's api_key and upstream_headers."};
}

// Any number that a server may name, with a fraction, too. An hour stands for all that is longer.
std::optional<Duration> wait_of(std::string_view text, Duration unit) {
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !(count >= 0)) return std::nullopt;
  constexpr Duration longest = std::chrono::hours(1);
  const double ns = std::min(count * static_cast<double>(unit.count()), static_cast<double>(longest.count()));
  return Duration(std::llround(ns));
}

// OpenAI asks in milliseconds beside the header of HTTP.
std::optional<Duration> retry_after_of(const ResponseHead& head) {
  if (const auto ms = head.fields.find("retry-after-ms")) return wait_of(*ms, std::chrono::milliseconds(1));
  const auto seconds = head.fields.find("retry-after");
  return seconds ? wait_of(*seconds, std::chrono::seconds(1)) : std::nullopt;
}

// Statuses by which a server says that another try, elsewhere or soon, may do.
bool is_passing(const ResponseHead& head) {
  if (head.status == 502 || head.status == 503 || head.status == 504) return true;
  if (head.status != 429) return false;
  const auto after = retry_after_of(head);
  return after && *after <= retry_after_longest;
}

bool is_media(std::string_view content_type, std::string_view media) {
  return content_type.size() >= media.size() && equals_ignoring_case(content_type.substr(0, media.size()), media);
}

// An upstream that does not know stream_options says so; the text decides, so it is read.
Task<std::string> read_refusal(ports::UpstreamAnswer& answer) {
  std::string text;
  while (text.size() < refusal_body_max) {
    const Result<std::string_view> piece = co_await answer.read();
    if (!piece || piece->empty()) break;
    text.append(*piece);
  }
  co_return text;
}

std::string_view attempt_outcome(const Sent& answer) {
  if (answer) {
    const int status = (*answer)->head().status;
    return status < 400 ? "ok" : status < 500 ? "client_error" : "server_error";
  }
  if (answer.error().source == FaultSource::client) return "client_fault";
  if (answer.error().source == FaultSource::us) return "gateway_fault";
  switch (answer.error().kind) {
    case FaultKind::timed_out:
      return "timeout";
    case FaultKind::cancelled:
      return "cancelled";
    case FaultKind::unreachable:
      return "unreachable";
    default:
      return "broken";
  }
}

// One request's way through its endpoints.
class Forwarding {
 public:
  Forwarding(std::unique_ptr<Softened> softened, UpstreamDoors doors)
      : request_(std::move(softened)),
        softened_(*request_),
        doors_(doors),
        // Without a model the body may have streamed through, and is gone.
        retries_left_(softened_.model ? softened_.model->max_retries : 0),
        inject_(wants_usage_injected(softened_)) {}

  // Another try goes by what the model is now: an endpoint that failed may have been replaced.
  Outcome<Chosen> choose() {
    if (!tried_.empty()) {
      Outcome<std::shared_ptr<const Model>> present = present_model(softened_, doors_.catalog);
      if (!present) return refuse(std::move(present.error()));
      softened_.serve_by(std::move(*present));
    }
    return choose_destination(softened_, tried_, doors_);
  }

  // What is to be sent; valid until note_answer.
  const ports::UpstreamCall& begin_attempt(const Chosen& chosen) {
    const Endpoint* endpoint = chosen.destination.endpoint;
    softened_.record->endpoint = endpoint != nullptr ? endpoint->api_base : "default";
    head_ = {};
    injected_ = inject_ && !doors_.endpoints.refuses_stream_options(id_of(chosen), softened_.loop->now());
    outgoing_.emplace(softened_, chosen.destination, doors_.policy, injected_);
    softened_.timings.sent = softened_.loop->refresh_now();
    return outgoing_->call();
  }

  void note_answer(const Sent& answer) {
    outcome_ = attempt_outcome(answer);
    credential_injected_ = outgoing_->credential_injected();
    if (outgoing_->has_left()) softened_.permit.note_reached_upstream();
    outgoing_.reset();
    softened_.timings.answered = softened_.loop->now();
    softened_.timings.waiting += softened_.timings.answered - softened_.timings.sent;
  }

  // Once nothing can come but the rest of an answer.
  void count_attempt() const {
    doors_.metrics.record_upstream_attempt(softened_.record->model, softened_.record->endpoint, outcome_);
  }

  Verdict judge(Chosen& chosen, const Sent& answer) {
    buffered_.clear();
    refused_with_ = answer ? (*answer)->head().status : no_answer_status;
    if (!answer) {
      const Fault& fault = answer.error();
      if (fault.kind == FaultKind::cancelled) return Verdict::leave;
      // What the client or we broke off says nothing about the endpoint.
      if (fault.source != FaultSource::upstream) return Verdict::take;
      chosen.visit.failed(softened_.loop->now());
      return fault.may_retry && may_retry() ? Verdict::retry : Verdict::take;
    }
    const ResponseHead& head = (*answer)->head();
    if (is_passing(head) && may_retry()) {
      asked_pause_ = std::min(retry_after_of(head).value_or(Duration{0}), retry_after_longest);
      chosen.visit.answered_with_failure(softened_.loop->now());
      return Verdict::retry;
    }
    head_ = read_answer_head(head);
    // Only now is it known that what we had added was why: the text of a refusal may be the client's own.
    if (head.status < 300 && blamed_ == id_of(chosen)) {
      doors_.endpoints.note_refuses_stream_options(id_of(chosen), softened_.loop->now());
    }
    return head.status == 400 && injected_ ? Verdict::read_why : Verdict::take;
  }

  // What the client did not ask for may be why it was refused.
  Task<Verdict> judge_refusal(const Chosen& chosen, ports::UpstreamAnswer& answer) {
    buffered_ = co_await read_refusal(answer);
    if (buffered_.find("stream_options") == std::string::npos) co_return Verdict::take;
    inject_ = false;
    blamed_ = id_of(chosen);
    co_return Verdict::ask_without_usage;
  }

  // Until it begins, nothing has gone to the client, and another try can be made: the head waits for it. Not so that of
  // a stream of events.
  bool waits_for_body(const ports::UpstreamAnswer& answer) const {
    const bool is_to_come = buffered_.empty() && !answer.has_buffered() && !answer.has_ended();
    return is_to_come && !head_.event_stream && retries_left_ > 0;
  }

  // Its first piece comes within the attempt, which has failed where it breaks off instead.
  Task<Verdict> begin_body(Chosen& chosen, Sent& answer) {
    const Instant asked_at = softened_.loop->now();
    const Result<std::string_view> piece = co_await (*answer)->read();
    softened_.timings.waiting += softened_.loop->now() - asked_at;
    if (piece) {
      buffered_ = *piece;
      co_return Verdict::take;
    }
    Fault fault = piece.error();
    if (fault.kind == FaultKind::cancelled || softened_.exchange->departure().fired()) co_return Verdict::leave;
    fault.may_retry = fault.kind == FaultKind::broken;
    answer = fail(std::move(fault));
    outcome_ = attempt_outcome(answer);
    co_return judge(chosen, answer);
  }

  // Next endpoint first; jittered exponential pause, or what the server asked for where there is no other to go to.
  // False: the client left meanwhile.
  Task<bool> step_back(Chosen chosen) {
    if (chosen.destination.endpoint != nullptr) tried_.push_back(chosen.destination.endpoint->id);
    ++softened_.record->retries;
    const auto jitter = static_cast<std::int64_t>(500 + softened_.event_id.bits.high % 1001);  // 0.5 – 1.5
    const bool has_other = doors_.endpoints.has_other(*softened_.model, tried_, softened_.loop->now());
    const Duration pause = std::max(backoff_ / 1000 * jitter, has_other ? Duration{0} : asked_pause_);
    backoff_ *= 2;
    asked_pause_ = Duration{0};
    const bool came =
        co_await ports::Pause(*softened_.loop, softened_.loop->now() + pause, &softened_.exchange->departure());
    softened_.timings.waiting += pause;
    co_return came;
  }

  // Nowhere to go.
  Outcome<Answered> give_up(Refusal refusal) { return refuse(settle_failed(softened_, std::move(refusal))); }

  Outcome<Answered> conclude(Chosen& chosen, Sent& answer) {
    if (!answer) {
      const bool clients_fault = answer.error().source == FaultSource::client;
      return give_up(clients_fault ? from_client_fault(answer.error()) : from_upstream_fault(answer.error()));
    }
    if (credential_injected_ && (head_.status == 401 || head_.status == 403)) {
      chosen.visit.answered_with_failure(softened_.loop->now());
      return give_up(credential_refused());
    }
    if (head_.status < 500) chosen.visit.answers(softened_.loop->now());
    softened_.content.reset();  // the body has left; its memory goes back before the answer streams
    return Answered{std::move(request_),     std::move(*answer), std::move(head_),
                    std::move(chosen.visit), injected_,          std::move(buffered_)};
  }

  // The upstream may have worked already: this is settled like any answer that was cut.
  Outcome<Answered> left_before_body() { return left({.status = head_.status}); }
  // It had refused, and did nothing.
  Outcome<Answered> left_while_pausing() { return left({.status = refused_with_}); }

 private:
  // Nil: of the default upstream.
  static EndpointId id_of(const Chosen& chosen) {
    return chosen.destination.endpoint != nullptr ? chosen.destination.endpoint->id : EndpointId{};
  }

  Outcome<Answered> left(AnswerHead head) {
    return Answered{std::move(request_), nullptr, std::move(head), {}, false, {}};
  }

  bool may_retry() {
    const bool body_is_gone = softened_.content && softened_.content->rest && !softened_.content->rest->untouched();
    if (retries_left_ == 0 || body_is_gone || !doors_.endpoints.may_retry()) return false;
    --retries_left_;
    return true;
  }

  std::unique_ptr<Softened> request_;
  Softened& softened_;
  UpstreamDoors doors_;
  std::optional<OutgoingRequest> outgoing_;  // of the attempt under way
  std::vector<EndpointId> tried_;
  std::uint32_t retries_left_ = 0;
  Duration backoff_ = backoff_first;
  Duration asked_pause_{0};
  bool inject_;
  bool injected_ = false;
  bool credential_injected_ = false;
  std::optional<EndpointId> blamed_;  // it refused, and its text names what we had added
  int refused_with_ = 0;              // what the attempt before was answered
  std::string_view outcome_;          // of the attempt under way, as it is counted
  AnswerHead head_;
  std::string buffered_;
};

// So that no proxy between holds a stream back.
std::string_view missing_stream_lines(const HeaderBlock& fields) {
  const bool has_buffering = fields.find("x-accel-buffering").has_value();
  const bool has_caching = fields.find("cache-control").has_value();
  if (has_buffering && has_caching) return {};
  if (has_buffering) return "Cache-Control: no-cache\r\n";
  if (has_caching) return "X-Accel-Buffering: no\r\n";
  return "X-Accel-Buffering: no\r\nCache-Control: no-cache\r\n";
}

}  // namespace

AnswerHead read_answer_head(const ResponseHead& head) {
  const std::string_view content_type = head.fields.find("content-type").value_or("");
  const auto encoding = head.fields.find("content-encoding");
  AnswerHead answer{.status = head.status,
                    .event_stream = is_media(content_type, "text/event-stream"),
                    .json = is_media(content_type, "application/json"),
                    .encoded = encoding && !equals_ignoring_case(*encoding, "identity"),
                    .ends_by_close = head.framing == BodyFraming::until_close};
  if (answer.event_stream) answer.stream_lines = missing_stream_lines(head.fields);
  if (head.has_content_length) answer.content_length = head.content_length;
  answer.lines.reserve(head_bytes_usual);
  wire::append_relayed_headers(answer.lines, head);
  return answer;
}

Task<Outcome<Answered>> forward_upstream(std::unique_ptr<Softened> softened, UpstreamDoors doors) {
  doors.endpoints.note_request();
  Forwarding way(std::move(softened), doors);
  while (true) {
    Outcome<Chosen> chosen = way.choose();
    if (!chosen) co_return way.give_up(std::move(chosen.error()));
    const ports::UpstreamCall& call = way.begin_attempt(*chosen);
    Sent answer = co_await doors.upstream.send(call);
    way.note_answer(answer);
    Verdict verdict = way.judge(*chosen, answer);
    if (verdict == Verdict::read_why) verdict = co_await way.judge_refusal(*chosen, **answer);
    if (verdict == Verdict::take && answer && way.waits_for_body(**answer)) {
      verdict = co_await way.begin_body(*chosen, answer);
    }
    way.count_attempt();
    if (verdict == Verdict::leave) co_return way.left_before_body();
    if (verdict == Verdict::take) co_return way.conclude(*chosen, answer);
    if (verdict == Verdict::ask_without_usage) continue;
    const bool stayed = co_await way.step_back(std::move(*chosen));
    if (!stayed) co_return way.left_while_pausing();
  }
}

}  // namespace obleth::gateway
