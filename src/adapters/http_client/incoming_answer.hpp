// One answer as it arrives on its connection: the head, then payload, one receive call per piece.
//
// Made for every attempt; the one that succeeds becomes the caller's UpstreamAnswer. While it waits it holds no buffer.
// When the answer is complete the connection goes back to the pool at once. Thread: its loop's.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "adapters/http_client/answer_buffers.hpp"
#include "adapters/http_client/body_decoder.hpp"
#include "adapters/http_client/connection_pool.hpp"
#include "adapters/http_client/live_answers.hpp"
#include "adapters/http_client/request_upload.hpp"
#include "base/cancel_signal.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "ports/upstream.hpp"

namespace obleth::adapters {

class IncomingAnswer final : public ports::UpstreamAnswer, public LiveAnswers::Member {
 public:
  static constexpr int interim_heads_max = 1024;  // 1xx answers before the final one

  IncomingAnswer(ConnectionPool& pool, AnswerBuffers& buffers, UpstreamConnection connection);
  ~IncomingAnswer() override;

  // Waits for the final head. The time-out starts anew while a request that streams through is still leaving.
  // Faults: timed_out, cancelled, broken, bad_answer.
  [[nodiscard]] Task<Result<void>> receive_head(const ports::UpstreamCall& call, const RequestUpload& upload);
  // After the head. request_is_complete: else the connection cannot be used again.
  void begin_body(const ports::UpstreamCall& call, bool request_is_complete);

  // The gateway stops: whoever waits for it goes on and is told so.
  void break_off() override;

  [[nodiscard]] Socket& socket() { return *connection_.socket; }
  // The upstream had closed the connection before the request came: it never saw it.
  [[nodiscard]] bool was_stale() const { return connection_.reused && !any_byte_came_; }

  [[nodiscard]] const ResponseHead& head() const override { return buffer_->head; }
  Task<Result<std::string_view>> read() override;
  [[nodiscard]] bool has_buffered() const override { return !ready_.empty(); }
  [[nodiscard]] bool has_ended() const override {
    return ready_.empty() && decoder_.state() == BodyDecoder::State::done;
  }

 private:
  enum class HeadState : std::uint8_t { incomplete, complete, bad };

  [[nodiscard]] HeadState parse_heads(bool answer_has_no_body);
  // Payload from the bytes that have been received; ends the answer where it is complete.
  [[nodiscard]] std::string_view decode_received();
  [[nodiscard]] bool more_can_come() const;
  // Absent: nothing that the caller would know of. Wait again, where more can come.
  [[nodiscard]] std::optional<Result<std::string_view>> receive(WaitOutcome waited);
  [[nodiscard]] Result<std::string_view> end_of_body();
  void note_complete();
  [[nodiscard]] Fault lose(FaultKind kind, std::string message, bool may_retry = false);
  void close();
  void release_buffer();

  ConnectionPool& pool_;
  AnswerBuffers& buffers_;
  UpstreamConnection connection_;
  std::unique_ptr<AnswerBuffer> buffer_;
  std::size_t begin_ = 0;  // received and not yet used: bytes [begin_, end_) of the buffer
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // of them, known to hold no end of a head
  std::string_view ready_;    // payload that came with the head
  BodyDecoder decoder_;
  Duration idle_timeout_{0};
  CancelSignal* cancel_ = nullptr;
  int interim_heads_ = 0;
  bool any_byte_came_ = false;
  bool reusable_ = false;
  bool is_stopped_ = false;
};

}  // namespace obleth::adapters
