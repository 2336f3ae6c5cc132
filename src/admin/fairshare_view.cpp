#include "admin/fairshare_view.hpp"

#include <algorithm>
#include <coroutine>
#include <utility>

#include "admin/asked_span.hpp"
#include "admin/authenticate_admin.hpp"
#include "admin/fairshare_json.hpp"
#include "admin/paging.hpp"
#include "admin/send_reply.hpp"
#include "ports/loop.hpp"

namespace obleth::admin {
namespace {

constexpr auto snapshot_period = std::chrono::seconds(1);
constexpr auto token_check_period = std::chrono::seconds(3);
constexpr std::size_t tenants_max = 1000;  // of one snapshot
constexpr int unauthorised = 401;
constexpr std::string_view stream_head =
    "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n";

// Streams stay: a place is not to be hoped for at once.
constexpr std::string_view retry_line = "Retry-After: 10\r\n";

class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::size_t& count_;
};

Reply no_scheduler() {
  return refuse(503, "unavailable", "The scheduler does not run here.");
}

// co_await gives true when the time has come, false when either signal fired first.
class PauseUnless final : private ports::Timer {
 public:
  PauseUnless(ports::Loop& loop, Instant due, CancelSignal& one, CancelSignal& other)
      : loop_(loop), due_(due), one_(one), other_(other) {}
  ~PauseUnless() { loop_.disarm(*this); }

  [[nodiscard]] bool await_ready() const noexcept { return one_.fired() || other_.fired(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    one_.attach(to_one_);
    other_.attach(to_other_);
    loop_.arm(*this, due_);
  }
  [[nodiscard]] bool await_resume() const noexcept { return came_; }

 private:
  class Ear final : public CancelSignal::Listener {
   public:
    explicit Ear(PauseUnless& pause) : pause_(pause) {}
    void cancelled() override { pause_.wake(false); }

   private:
    PauseUnless& pause_;
  };
  void expired() override { wake(true); }
  void wake(bool came) {
    came_ = came;
    loop_.disarm(*this);
    CancelSignal::detach(to_one_);
    CancelSignal::detach(to_other_);
    waiting_.resume();
  }

  ports::Loop& loop_;
  Instant due_;
  CancelSignal& one_;
  CancelSignal& other_;
  Ear to_one_{*this};
  Ear to_other_{*this};
  std::coroutine_handle<> waiting_;
  bool came_ = false;
};

std::vector<Parameter> history_parameters() {
  std::vector<Parameter> parameters = page_parameters(false);
  append_span_parameters(parameters);
  return parameters;
}

// The cursor is the moment that the page before ended with.
Outcome<fairshare::HistoryRange> requested_range(const Call& call) {
  const Outcome<ports::PageRequest> page = requested_page(call);
  if (!page) return std::unexpected(page.error());
  Reading reading(ReadMode::create);
  fairshare::HistoryRange range{.since = asked_moment(call, "since", reading),
                                .until = asked_moment(call, "until", reading),
                                .limit = page->limit};
  if (!page->cursor.empty()) {
    const auto before = asked_moment(call, "cursor", reading);
    if (before) range.until = std::min(range.until.value_or(*before), *before);
  }
  if (reading.failed()) return std::unexpected(refuse_body(reading));
  return range;
}

}  // namespace

void FairshareView::register_in(RouteTable& table) {
  table.section("fairshare");
  table.describe("FairshareSnapshot", snapshot_schema());
  table.describe("FairshareSnapshotList", list_of_schema("FairshareSnapshot"));
  table.add(get("/fairshare/live", "Who holds slots and who waits, now")
                .gives("FairshareSnapshot")
                .may_answer({503})
                .answered_by(this, &FairshareView::live));
  Route stream_route = get("/fairshare/stream", "The same once a second, as server-sent events")
                           .gives_text("FairshareSnapshot", "text/event-stream")
                           .may_answer({429, 503});
  stream_route.stream = [this](const Call& call, ports::ClientExchange& exchange) { return stream(call, exchange); };
  table.add(std::move(stream_route));
  table.add(get("/fairshare/history", "Snapshots of the last six hours, every ten seconds, the latest first")
                .lists("FairshareSnapshot")
                .asks(history_parameters())
                .may_answer({503})
                .answered_by(this, &FairshareView::history));
}

Task<Json> FairshareView::snapshot_now() {
  fairshare::Snapshot snapshot = desk_.live().snapshot();
  fairshare::keep_busiest(snapshot.tenants, tenants_max);
  FairshareIds ids;
  ids.add(snapshot);
  const WallTime at = desk_.now();
  const std::shared_ptr<const FairshareNames> names = co_await names_.names_of(std::move(ids));
  co_return snapshot_json(at, snapshot, *names);
}

Task<Reply> FairshareView::live(const Call&) {
  if (!desk_.live().snapshot) co_return no_scheduler();
  const Json snapshot = co_await snapshot_now();
  co_return answer(200, snapshot);
}

Task<Reply> FairshareView::history(const Call& call) {
  if (!desk_.live().history) co_return no_scheduler();
  const Outcome<fairshare::HistoryRange> range = requested_range(call);
  if (!range) co_return range.error();
  const auto moments = desk_.live().history(*range);
  FairshareIds ids;
  for (const auto& moment : moments)
    ids.add(moment->shares);
  const std::shared_ptr<const FairshareNames> names = co_await names_.names_of(std::move(ids));
  Json rows = Json::list();
  for (const auto& moment : moments)
    rows.append(snapshot_json(moment->at, moment->shares, *names));
  const bool may_go_on = moments.size() == range->limit;
  co_return answer(200, list_json(std::move(rows), may_go_on ? std::to_string(moments.back()->at.unix_ms) : ""));
}

Task<void> FairshareView::stream(const Call&, ports::ClientExchange& exchange) {
  ports::Loop* loop = ports::Loop::current();
  const std::optional<Reply> refusal = refusal_of_stream(loop);
  if (refusal) co_return co_await send_reply(*refusal, exchange);
  const Counted counted(streams_);
  const Result<void> started = co_await exchange.start(200, stream_head, std::nullopt, {});
  if (!started) co_return;
  co_await send_events(exchange, *loop);
  if (!exchange.departure().fired()) static_cast<void>(co_await exchange.finish({}));
}

std::optional<Reply> FairshareView::refusal_of_stream(const ports::Loop* loop) const {
  if (!desk_.live().snapshot || loop == nullptr) return no_scheduler();
  if (streams_ < desk_.live().streams_max) return std::nullopt;
  Reply reply = refuse(429, "too_many_streams",
                       "All " + std::to_string(streams_) +
                           " live streams that there may be at a time are being read. /api/v1/fairshare/live tells "
                           "the same once.");
  reply.header_lines = retry_line;
  return reply;
}

// At every whole second, so that all streams send the same event.
Task<void> FairshareView::send_events(ports::ClientExchange& exchange, ports::Loop& loop) {
  Instant check_due = loop.now() + token_check_period;
  while (true) {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(loop.now().since_start());
    const std::shared_ptr<const std::string> event = co_await event_of(second.count());
    const Result<void> written = co_await exchange.write(*event);
    if (!written) co_return;
    const Instant next = Instant(second) + snapshot_period;
    const bool came = co_await PauseUnless(loop, next, exchange.departure(), ending_);
    if (!came || (desk_.live().draining && desk_.live().draining())) co_return;
    if (loop.now() < check_due) continue;
    check_due = loop.now() + token_check_period;
    const bool stays = co_await may_stay(exchange);
    if (!stays) co_return;
  }
}

// A token may be deleted while its stream runs. A store that cannot tell ends nothing.
Task<bool> FairshareView::may_stay(ports::ClientExchange& exchange) {
  const RequestHead& head = exchange.head();
  const Outcome<Caller> caller = co_await authenticate_admin(desk_.given(), head, exchange.client_address());
  co_return caller.has_value() || caller.error().status != unauthorised;
}

Task<std::shared_ptr<const std::string>> FairshareView::event_of(std::int64_t second) {
  // While one reader's event is in the making the others are given the one before.
  if (event_ && (event_second_ == second || making_event_)) co_return event_;
  making_event_ = true;
  const Json snapshot = co_await snapshot_now();
  making_event_ = false;
  event_second_ = second;
  event_ = std::make_shared<const std::string>("event: snapshot\ndata: " + to_text(snapshot) + "\n\n");
  co_return event_;
}

}  // namespace obleth::admin
