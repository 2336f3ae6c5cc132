// Stage 10, relay: every upstream byte reaches the client as it arrives, and is looked at on its way for usage.
//
// At most one read of the upstream is held; a slow client holds up the upstream. Connection's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "gateway/reply_meter.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

// One answer on its way from the upstream to the client. It lives for as long as a stream does, and is most of what a
// live stream costs in memory: while it waits, nothing else of the request's stages is there.
class ReplyRelay {
 public:
  ReplyRelay(Answered&& answered, const Policy& policy);
  ReplyRelay(const ReplyRelay&) = delete;
  ReplyRelay& operator=(const ReplyRelay&) = delete;

  // Returns when all has passed that will; what ends the answer is left unsent, for after the settling.
  Task<void> run();
  // After run, once. Refuses only what the upstream broke off before a byte of it went to the client; what goes wrong
  // later is an ending.
  [[nodiscard]] Outcome<Relayed> conclude();

 private:
  [[nodiscard]] Task<Result<void>> pass_on(std::string_view bytes);
  void note_passed(const Result<void>& passed, Instant before);
  [[nodiscard]] bool begins_before_its_events() const;
  [[nodiscard]] bool take(const Result<std::string_view>& piece);
  [[nodiscard]] bool is_end_of_answer();
  void note_wait_since(Instant before);
  void note_first_byte();
  void note_cut(const Fault& fault);
  void finish();
  void capture_onward();
  void hold_onward();
  void report_progress();

  Answered answered_;
  Softened& request_;  // of answered_
  Ending ending_ = Ending::complete;
  bool first_byte_noted_ = false;
  std::uint64_t bytes_passed_ = 0;
  std::int64_t progress_told_ = -1;
  Instant progress_at_;
  std::vector<std::string_view> onward_;  // what goes on now
  ReplyMeter meter_;
  std::string last_of_body_;
  std::unique_ptr<Refusal> refusal_;  // nothing has reached the client, who is told of it instead
};

}  // namespace obleth::gateway
