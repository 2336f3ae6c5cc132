#include "mcp/relay_answer.hpp"

#include <algorithm>
#include <utility>

#include "mcp/answer_reader.hpp"
#include "mcp/read_message.hpp"
#include "mcp/refuse_call.hpp"
#include "ports/upstream.hpp"
#include "wire/byte_order_mark.hpp"
#include "wire/tool_list.hpp"

namespace obleth::mcp {
namespace {

constexpr std::size_t collected_bytes_max = 256 * 1024;  // of an answer that need not be whole before it passes
constexpr std::string_view no_list = "is not valid JSON, which a list of tools must be";
constexpr std::string_view too_large = "is too large to look into";

using gateway::Outcome;
using gateway::Settled;

constexpr std::string_view interrupted = "stream_interrupted";

std::string_view code_of_cut(const Fault& fault) {
  const bool stopping = fault.kind == FaultKind::unavailable;  // ports::gateway_is_stopping
  return stopping ? gateway::draining().code : interrupted;
}

class Relay {
 public:
  Relay(Answered& answered, RelaySources sources)
      : answered_(answered),
        sources_(sources),
        notes_(*answered.notes),
        reader_(
            {.filters_tools = answered.tools.restricts(), .awaits_endpoint = answered.exchange->head().method == "GET"},
            answered.tools, notes_, sources.memory.lease(answered.who->tenant.id)),
        watch_(answered, sources.callers) {
    ending_.exchange = answered.exchange;
    ending_.status = answered.head.status;
  }

  Task<Outcome<Settled>> run() {
    const bool must_be_read = answered_.tools.restricts() && answered_.head.status < 300;
    if (answered_.head.encoded && (must_be_read || answered_.head.event_stream)) {
      co_return gateway::refuse(bad_answer(server_name(), "is compressed, though that was not asked for"));
    }
    Outcome<void> passed;
    if (answered_.head.event_stream) {
      passed = co_await relay_stream();
    } else {
      passed = co_await relay_whole();
    }
    if (!passed) co_return gateway::refuse(std::move(passed.error()));
    // Many clients leave as soon as the answer's event has come.
    notes_.left_early = ending_.client_left && awaits_more_;
    answered_.answer.reset();  // its connection returns to the pool, or closes
    co_return std::move(ending_);
  }

 private:
  [[nodiscard]] const std::string& server_name() const { return answered_.server->record.name; }

  // Bytes, nothing at the end. A fault has been noted.
  Task<Result<std::string_view>> read() {
    if (!answered_.head.event_stream) answered_.clock->watch();
    Result<std::string_view> piece = co_await answered_.answer->read();
    answered_.clock->rest();
    if (!piece && answered_.clock->ran_out())
      piece = fail(upstream_fault(FaultKind::timed_out, "it stands still", false));
    if (!piece && answered_.clock->is_drained()) piece = fail(ports::gateway_is_stopping());
    const bool was_left = !piece && piece.error().kind == FaultKind::cancelled && !watch_.refusal();
    ending_.client_left = was_left || (!piece && answered_.exchange->departure().fired());
    if (piece) notes_.response_bytes += piece->size();
    co_return piece;
  }

  Task<bool> start(std::optional<std::uint64_t> length, std::string_view first) {
    const Result<void> started =
        co_await answered_.exchange->start(answered_.head.status, answered_.head_lines, length, first);
    ending_.client_left = !started;
    co_return started.has_value();
  }

  Task<bool> write(std::string_view bytes) {
    if (bytes.empty()) co_return true;
    const Result<void> written = co_await answered_.exchange->write(bytes);
    ending_.client_left = !written;
    if (written) awaits_more_ = notes_.awaits_more();
    co_return written.has_value();
  }

  void note_first_byte() {
    if (answered_.record->ttft_ms) return;
    answered_.record->ttft_ms = whole_ms(answered_.loop->now() - answered_.timings.received);
  }

  // ---- one document: JSON, mostly ----

  Task<Outcome<void>> relay_whole() {
    const bool filters = answered_.tools.restricts();
    const std::size_t bound = filters ? message_bytes_max : collected_bytes_max;
    gateway::BodyMemory::Lease lease = sources_.memory.lease(answered_.who->tenant.id);
    std::string& held = ending_.unsent_body;
    while (true) {
      const Result<std::string_view> piece = co_await read();
      if (!piece) co_return note_broken_document(piece.error());
      if (piece->empty()) break;
      note_first_byte();
      const bool fits = held.size() + piece->size() <= bound && lease.grow_to(held.size() + piece->size());
      if (fits) {
        held += *piece;
        continue;
      }
      if (filters) co_return gateway::refuse(bad_answer(server_name(), too_large));
      co_return co_await pass_on(*piece);
    }
    ending_.unsent_head = std::move(answered_.head_lines);
    ending_.content_length = answered_.head.content_length;
    const std::size_t mark = wire::byte_order_mark_bytes(held);
    const std::string_view document = std::string_view(held).substr(mark);
    note_answers(notes_, document);
    if (!filters) co_return Outcome<void>();
    const auto kept =
        wire::without_tools(document, [this](std::string_view name) { return answered_.tools.allows(name); });
    if (!kept && may_list_tools(document)) co_return gateway::refuse(bad_answer(server_name(), no_list));
    if (kept && *kept) held.replace(mark, std::string::npos, **kept);
    co_return Outcome<void>();
  }

  // The older transport's answer is on its stream: here it says as much as "Accepted".
  [[nodiscard]] bool may_list_tools(std::string_view document) const {
    const auto lists = [](const NotedMessage& message) { return message.method == "tools/list"; };
    return answered_.head.status < 300 && !answered_.answers_on_stream && !document.empty() &&
           std::ranges::any_of(notes_.messages, lists);
  }

  // Larger than what is collected: it streams. Its last bytes wait for its row.
  Task<Outcome<void>> pass_on(std::string_view next) {
    notes_.partly_unread = true;
    std::uint64_t missing = answered_.head.content_length.value_or(0);
    const std::string collected = std::exchange(ending_.unsent_body, {});
    missing -= std::min<std::uint64_t>(missing, collected.size());
    bool goes_on = co_await start(answered_.head.content_length, collected);
    while (goes_on) {
      const bool is_last = missing == next.size() && answered_.head.content_length;
      missing -= std::min<std::uint64_t>(missing, next.size());
      if (is_last) {
        ending_.unsent_body = next;
        co_return Outcome<void>();
      }
      goes_on = co_await write(next);
      if (!goes_on) break;
      const Result<std::string_view> piece = co_await read();
      if (!piece) co_return note_broken_document(piece.error());
      if (piece->empty()) break;
      next = *piece;
    }
    co_return Outcome<void>();
  }

  Outcome<void> note_broken_document(const Fault& fault) {
    if (ending_.client_left) return {};
    if (!answered_.exchange->started()) return gateway::refuse(from_server_fault(fault, server_name()));
    answered_.record->error_code = code_of_cut(fault);
    ending_.ends_cleanly = false;
    return {};
  }

  // ---- a stream of events ----

  Task<Outcome<void>> relay_stream() {
    if (answered_.exchange->head().method == "GET") {
      answered_.clock->end_with(sources_.draining);
      watch_.begin();
    }
    bool goes_on = co_await start(std::nullopt, {});
    while (goes_on) {
      const Result<std::string_view> piece = co_await read();
      if (!piece) {
        note_end_of_stream(piece.error());
        break;
      }
      if (piece->empty()) break;
      note_first_byte();
      goes_on = co_await pass_events(*piece);
    }
    co_return Outcome<void>();
  }

  // False: the answer is over.
  Task<bool> pass_events(std::string_view bytes) {
    std::string onward;
    while (!bytes.empty()) {
      const StreamReader::Step step = reader_.feed(bytes, onward);
      if (step == StreamReader::Step::too_large || step == StreamReader::Step::not_json) {
        const bool goes_on = co_await write(onward);
        if (goes_on)
          note_broken_stream(bad_answer(server_name(), step == StreamReader::Step::too_large ? too_large : no_list));
        co_return false;
      }
      if (step != StreamReader::Step::endpoint) continue;
      answered_.clock->end_no_more();  // on the older transport's stream come answers, too
      const Outcome<std::string> told = co_await bind_endpoint(answered_, reader_.endpoint(), sources_.sessions);
      if (!told) {
        note_broken_stream(told.error());
        co_return false;
      }
      reader_.place_endpoint(*told, onward);
    }
    co_return co_await write(onward);
  }

  void note_end_of_stream(const Fault& fault) {
    if (watch_.refusal()) return note_broken_stream(*watch_.refusal(), gateway::name_of(*watch_.refusal()));
    // An error here would end what its client can go on with.
    if (fault.kind == FaultKind::broken && reader_.may_be_resumed()) return note_cut(interrupted, {});
    note_broken_stream(from_server_fault(fault, server_name()), code_of_cut(fault));
  }

  // What it still owes is answered here; a stream that owes nothing is cut, so that its client opens it again.
  void note_broken_stream(const gateway::Refusal& refusal, std::string_view code = interrupted) {
    note_cut(code, render_owed_events(refusal, notes_, reader_.at_event_boundary()));
  }

  // last_events: empty where it breaks off.
  void note_cut(std::string_view code, std::string last_events) {
    if (ending_.client_left) return;
    answered_.record->error_code = code;
    ending_.unsent_body = std::move(last_events);
    ending_.ends_cleanly = !ending_.unsent_body.empty();
    ending_.ends_connection = true;
    for (NotedMessage& message : notes_.messages)
      if (message.is_request() && !message.answered) message.error_code = rpc_failed;
  }

  Answered& answered_;
  RelaySources sources_;
  CallNotes& notes_;
  StreamReader reader_;
  CallerWatch watch_;
  Settled ending_;
  bool awaits_more_ = true;  // the client, of what it asked for, after all that was written
};

}  // namespace

Task<Outcome<Settled>> relay_answer(Answered answered, RelaySources sources) {
  Relay relay(answered, sources);
  Outcome<Settled> settled = co_await relay.run();
  co_return settled;
}

}  // namespace obleth::mcp
