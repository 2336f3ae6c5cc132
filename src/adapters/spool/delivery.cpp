#include "adapters/spool/delivery.hpp"

#include <algorithm>
#include <utility>

#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration calls_apart_min = std::chrono::milliseconds(20);
constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

Delivery::Delivery(EpollLoop& loop, Spool& spool, ports::UsageSink& sink, ports::Entropy& entropy,
                   observe::Readiness* readiness)
    : loop_(loop), spool_(spool), sink_(sink), entropy_(entropy), readiness_(readiness) {
  tell(true);
  spool_.answer_calls_with([this] { loop_.submit([this] { look_soon(); }); });
  loop_.run_soon(*this);
}

// What is delivered whole leaves nothing behind.
Delivery::~Delivery() {
  take_segments();
  end_segments();
  spool_.answer_calls_with({});
  loop_.disarm(*this);
}

void Delivery::expired() {
  advance();
}

// Calls that come close together are answered together.
void Delivery::look_soon() {
  const Instant due = loop_.now() + calls_apart_min;
  if (heap_position == 0 || due < this->due) loop_.arm(*this, due);
}

void Delivery::advance() {
  spool_.call_taken();
  take_segments();
  std::erase_if(shipments_, [](const std::unique_ptr<Shipment>& shipment) { return shipment->over; });
  send_batches();
  end_segments();
  make_room();
  measure();
  answer_requests();
  Instant next = loop_.now() + batch_every;
  for (const auto& request : requests_)
    next = std::min(next, request->deadline);
  loop_.arm(*this, next);
}

void Delivery::take_segments() {
  if (!spool_.open_folder()) return;
  SegmentShelf::Segments fresh = std::exchange(unopened_, {});
  for (auto& former : spool_.folder.take_former())
    fresh.push_back(std::move(former));
  std::ranges::move(spool_.shelf.take_undelivered(), std::back_inserter(fresh));
  for (std::shared_ptr<SegmentFile>& file : fresh) {
    auto segment = SpooledSegment::open(spool_, file, memory_);
    if (segment == nullptr) {
      unopened_.push_back(std::move(file));
    } else {
      segment->cut_at = loop_.now();
      if (file->is_former) count_former(*segment);
      segments_.push_back(std::move(segment));
    }
  }
  if (!fresh.empty()) {
    std::ranges::sort(segments_, {}, [](const auto& segment) { return segment->file().id; });
  }
}

void Delivery::count_former(const SpooledSegment& segment) {
  spool_.tally.add_stored(segment.file().committed_bytes + RangeFile::bytes_reserved);
  if (!segment.is_foreign()) spool_.tally.add_waiting(segment.undelivered_bytes());
}

bool Delivery::is_ripe(const SpooledSegment& segment) const {
  if (segment.is_foreign() || !segment.has_more()) return false;
  if (segment.file().closed || segment.uncut_bytes() >= full_batch_bytes || !requests_.empty()) return true;
  return loop_.now() - segment.cut_at >= batch_every;
}

void Delivery::send_batches() {
  for (const std::shared_ptr<SpooledSegment>& segment : segments_) {
    while (shipments_.size() < batches_out_max && is_ripe(*segment)) {
      const std::uint64_t written = segment->file().committed_bytes;
      auto range = segment->next_range();
      if (!range) break;
      // What stays behind a full batch or the end of a month follows at once; what came meanwhile has its own turn.
      if (range->end >= written) segment->cut_at = loop_.now();
      shipments_.push_back(std::make_unique<Shipment>());
      Shipment& shipment = *shipments_.back();
      shipment.segment = segment;
      shipment.range = std::move(*range);
      shipment.task = ship(shipment);
    }
  }
}

RootTask Delivery::ship(Shipment& shipment) {
  CutRange& range = shipment.range;
  SpooledSegment& segment = *shipment.segment;
  const ports::JournalRange known_as{segment.file().id, range.begin, range.end};
  // A range that holds nothing but damage is not worth a transaction.
  Result<void> taken;
  const std::size_t rows = range.rows.size();
  for (std::uint32_t attempt = 0; !range.rows.empty(); ++attempt) {
    // The rows are given away: should they have to wait for long, they are in the spool, and not in memory, meanwhile.
    ports::UsageBatch batch{known_as, std::exchange(range.rows, {})};
    shipment.with_sink = true;
    taken = co_await sink_.deliver(std::move(batch));
    shipment.with_sink = false;
    if (taken || taken.error().kind == FaultKind::invalid) break;
    note_fault(taken.error());
    const bool waited = co_await ports::Pause(loop_, loop_.now() + pause_before(attempt), &shipment.try_now);
    if (!waited) {
      co_await NextTurn(loop_);  // whoever fired has done with the signal by then
      shipment.try_now.rearm();
    }
    range.rows = segment.read_again(range);
  }
  if (taken) {
    note_success();
    spool_.tally.rows_delivered(rows);
    segment.acknowledge(range);
  } else {
    observe::log(observe::LogLevel::error, "the ledger does not take some rows: they are put aside",
                 {{"rows", rows}, {"reason", taken.error().message}});
    spool_.tally.rows_quarantined(rows);
    segment.put_aside(range);
  }
  shipment.over = true;
  loop_.run_soon(*this);
}

// Twice as long after each attempt, and never at the same moment as others.
Duration Delivery::pause_before(std::uint32_t attempt) {
  constexpr std::uint32_t doublings_max = 6;
  const Duration longest = std::min<Duration>(retry_most, retry_least * (1U << std::min(attempt, doublings_max)));
  const Duration jitter(
      static_cast<std::int64_t>(entropy_.bits128().low % static_cast<std::uint64_t>(longest.count())));
  return std::clamp<Duration>(longest / 2 + jitter, retry_least, retry_most);
}

void Delivery::note_fault(const Fault& fault) {
  ++failures_;
  loop_.run_soon(*this);  // those who wait are told
  if (std::exchange(failing_, true)) return;
  tell(false, fault.message);
  observe::log_once_per(complaint_period, observe::LogLevel::warn,
                        "the ledger does not take rows: they stay in the spool and are sent again", fault.message);
}

void Delivery::note_success() {
  if (std::exchange(failing_, false)) tell(true);
}

void Delivery::tell(bool up, std::string_view why) {
  if (readiness_ != nullptr) readiness_->set_store(store_name, up, why);
}

void Delivery::end_segments() {
  std::erase_if(segments_, [this](const std::shared_ptr<SpooledSegment>& segment) {
    if (!segment->is_over()) return false;
    remove(*segment);
    return true;
  });
}

// What is with the sink may be committed at any moment, so its segment is not dropped.
bool Delivery::may_go(const SpooledSegment& segment) const {
  if (!segment.file().closed || segment.is_foreign()) return false;
  return std::ranges::none_of(shipments_, [&](const std::unique_ptr<Shipment>& shipment) {
    return shipment->segment.get() == &segment && shipment->with_sink;
  });
}

// The oldest rows give way, where that is the policy: whole segments, and none that is being written.
void Delivery::make_room() {
  if (spool_.settings().when_full != WhenFull::drop_old) return;
  while (spool_.is_nearly_full()) {
    const auto oldest = std::ranges::find_if(segments_, [this](const auto& segment) { return may_go(*segment); });
    if (oldest == segments_.end()) return;
    drop(**oldest);
    segments_.erase(oldest);
  }
}

void Delivery::drop(SpooledSegment& segment) {
  std::uint64_t rows = segment.count_uncut_rows();
  for (const std::unique_ptr<Shipment>& shipment : shipments_) {
    if (!shipment->over && shipment->segment.get() == &segment) rows += segment.read_again(shipment->range).size();
  }
  std::erase_if(shipments_, [&](const auto& shipment) { return shipment->segment.get() == &segment; });
  spool_.tally.rows_dropped({DropReason::spool_full, "OBLETH_SPOOL_MAX"}, rows, loop_.now());
  spool_.tally.end_waiting(segment.undelivered_bytes());
  segment.abandon();
  remove(segment);
}

void Delivery::remove(const SpooledSegment& segment) {
  spool_.folder.remove(segment.file());
  spool_.tally.give_room(segment.file().committed_bytes + RangeFile::bytes_reserved);
}

void Delivery::measure() {
  if (loop_.now() - measured_at_ < batch_every) return;
  measured_at_ = loop_.now();
  std::optional<WallTime> oldest;
  for (const std::shared_ptr<SpooledSegment>& segment : segments_) {
    const auto first = segment->is_foreign() ? std::nullopt : segment->oldest();
    if (first && (!oldest || *first < *oldest)) oldest = first;
  }
  const std::int64_t age_ms = oldest ? loop_.wall_now().unix_ms - oldest->unix_ms : 0;
  spool_.tally.set_oldest(std::chrono::milliseconds(std::max<std::int64_t>(age_ms, 0)));
}

Task<Result<void>> Delivery::delivered(Duration at_most) {
  ports::Loop* const asker = ports::Loop::current();
  const auto request = std::make_shared<Request>(*asker);
  request->at_most = at_most;
  loop_.submit([this, request] { take_request(request); });
  co_await request->handover->awaited();
  co_return std::move(request->answer);
}

void Delivery::take_request(const std::shared_ptr<Request>& request) {
  take_segments();
  request->deadline = loop_.now() + request->at_most;
  request->failures_before = failures_;
  for (const std::shared_ptr<SpooledSegment>& segment : segments_) {
    if (!segment->is_foreign()) request->targets.emplace_back(segment, segment->file().committed_bytes);
  }
  requests_.push_back(request);
  if (!unopened_.empty()) ++failures_;
  for (const std::unique_ptr<Shipment>& shipment : shipments_)
    shipment->try_now.fire();
  advance();
}

void Delivery::answer_requests() {
  std::erase_if(requests_, [this](const std::shared_ptr<Request>& request) {
    const bool done = std::ranges::all_of(request->targets, [](const auto& target) {
      const SegmentFile& file = target.first->file();
      return file.delivered_bytes >= std::min<std::uint64_t>(target.second, file.committed_bytes);
    });
    if (!done && failures_ == request->failures_before && loop_.now() < request->deadline) return false;
    if (!done && failures_ != request->failures_before) {
      request->answer = fail(store_fault(FaultKind::unavailable, "The usage ledger does not take rows now."));
    } else if (!done) {
      request->answer = fail(store_fault(FaultKind::timed_out, "The usage ledger did not take all rows in time."));
    }
    ports::Handover::wake(request->handover);
    return true;
  });
}

}  // namespace obleth::adapters
