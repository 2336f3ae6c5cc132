// Brings what the writers spooled to the ledger: in batches, several at a time, each sent until it is acknowledged.
//
// Thread: its loop's, but for delivered(). Destroying it leaves what is not acknowledged in the spool.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/root_task.hpp"
#include "adapters/spool/spooled_segment.hpp"
#include "observe/health.hpp"
#include "ports/entropy.hpp"
#include "ports/handover.hpp"
#include "ports/usage_backlog.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class Delivery final : public ports::UsageBacklog, private LoopItem, private ports::Timer {
 public:
  static constexpr std::size_t batches_out_max = 4;
  static constexpr Duration batch_every = std::chrono::seconds(1);  // sooner when a batch is full
  static constexpr std::uint64_t full_batch_bytes = 2ULL << 20;     // about as much as a full batch is
  static constexpr Duration retry_least = std::chrono::seconds(1);
  static constexpr Duration retry_most = std::chrono::seconds(60);

  static constexpr const char* store_name = "usage";  // as health and metrics call the sink

  // readiness: null where the sink tells of itself, whether rows are delivered or not.
  Delivery(EpollLoop& loop, Spool& spool, ports::UsageSink& sink, ports::Entropy& entropy,
           observe::Readiness* readiness);
  ~Delivery() override;
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  Task<Result<void>> delivered(Duration at_most) override;

 private:
  // One batch on its way.
  struct Shipment {
    std::shared_ptr<SpooledSegment> segment;
    CutRange range;
    CancelSignal try_now;
    bool with_sink = false;  // else it waits to be sent again
    bool over = false;
    RootTask task;  // last: its frame refers to what stands above
  };
  // Somebody waits for what was spooled when it asked.
  struct Request {
    explicit Request(ports::Loop& asker) : handover(std::make_shared<ports::Handover>(asker)) {}
    std::shared_ptr<ports::Handover> handover;
    Duration at_most{0};
    Instant deadline;
    std::uint64_t failures_before = 0;
    std::vector<std::pair<std::shared_ptr<SpooledSegment>, std::uint64_t>> targets;
    Result<void> answer;
  };

  void run() override { advance(); }
  void expired() override;
  void look_soon();
  void advance();
  void take_segments();
  void count_former(const SpooledSegment& segment);
  void send_batches();
  [[nodiscard]] bool is_ripe(const SpooledSegment& segment) const;
  [[nodiscard]] RootTask ship(Shipment& shipment);
  [[nodiscard]] Duration pause_before(std::uint32_t attempt);
  void note_fault(const Fault& fault);
  void note_success();
  void tell(bool up, std::string_view why = {});
  void end_segments();
  void make_room();
  [[nodiscard]] bool may_go(const SpooledSegment& segment) const;
  void drop(SpooledSegment& segment);
  void remove(const SpooledSegment& segment);
  void measure();
  void take_request(const std::shared_ptr<Request>& request);
  void answer_requests();

  EpollLoop& loop_;
  Spool& spool_;
  ports::UsageSink& sink_;
  ports::Entropy& entropy_;
  observe::Readiness* readiness_;
  SpooledSegment::Memory memory_;
  std::vector<std::shared_ptr<SpooledSegment>> segments_;  // oldest first
  SegmentShelf::Segments unopened_;                        // their ranges could not be opened yet
  std::vector<std::unique_ptr<Shipment>> shipments_;
  std::vector<std::shared_ptr<Request>> requests_;
  std::uint64_t failures_ = 0;
  bool failing_ = false;
  Instant measured_at_;
};

}  // namespace obleth::adapters
