#include "mcp/answer_reader.hpp"

#include <algorithm>
#include <utility>

#include "mcp/read_message.hpp"
#include "wire/byte_order_mark.hpp"
#include "wire/tool_list.hpp"

namespace obleth::mcp {
namespace {

constexpr std::size_t looked_at_bytes_max = 64 * 1024;  // an error is smaller
constexpr std::size_t first_event_bytes_max = 8 * 1024;

// Servers write an id in words of their own. Large numbers that some cannot tell apart go by how they stand first.
NotedMessage* asked_by(CallNotes& notes, std::string_view id) {
  const auto stands = [&](const NotedMessage& message) { return message.is_request() && message.id == id; };
  const auto means = [&](const NotedMessage& message) {
    return message.is_request() && wire::same_rpc_id(message.id, id);
  };
  auto found = std::ranges::find_if(notes.messages, stands);
  if (found == notes.messages.end()) found = std::ranges::find_if(notes.messages, means);
  return found == notes.messages.end() ? nullptr : &*found;
}

// Clients read no other events as JSON-RPC.
bool is_message(std::string_view event_name) {
  return event_name.empty() || event_name == "message";
}

}  // namespace

void note_answers(CallNotes& notes, std::string_view json) {
  if (notes.requests() == 0) return;
  const auto document = wire::read_json_rpc(json);
  if (!document) return;
  for (const wire::RpcMessage& answer : document->messages) {
    if (answer.kind != wire::RpcKind::response) continue;
    NotedMessage* const asked = asked_by(notes, answer.id);
    if (asked == nullptr) continue;
    asked->answered = true;
    asked->error_code = answer.error_code;
    asked->tool_failed = answer.tool_failed;
  }
}

StreamReader::Step StreamReader::feed(std::string_view& bytes, std::string& out) {
  Step step = Step::passed;
  std::size_t taken = 0;
  splitter_.feed(bytes, [&](std::string_view part, bool ends) {
    taken += part.size();
    stop_awaiting(part.size(), out);
    if (!holds()) out += part;
    if (!keep(part)) {
      step = Step::too_large;
      return false;
    }
    if (ends) step = finish_event(out);
    return step == Step::passed;
  });
  bytes.remove_prefix(taken);
  return step;
}

// What is longer than an announcement is none, and need not be whole before it passes.
void StreamReader::stop_awaiting(std::size_t more, std::string& out) {
  if (!duties_.awaits_endpoint || event_.size() + more <= first_event_bytes_max) return;
  duties_.awaits_endpoint = false;
  if (!holds()) out += event_;
}

bool StreamReader::keep(std::string_view part) {
  if (!holds()) {
    unread_ = unread_ || event_.size() + part.size() > looked_at_bytes_max;
    notes_.partly_unread = notes_.partly_unread || unread_;
    if (!unread_) event_ += part;
    return true;
  }
  const std::size_t size = event_.size() + part.size();
  if (size > message_bytes_max || (size > looked_at_bytes_max && !lease_.grow_to(size))) return false;
  event_ += part;
  return true;
}

// The mark goes on as it came, and is no part of the first line.
void StreamReader::pass_mark(std::string& out) {
  if (!std::exchange(is_first_, false)) return;
  const std::size_t mark = wire::byte_order_mark_bytes(event_);
  if (holds()) out.append(event_, 0, mark);
  event_.erase(0, mark);
}

// An endpoint event stays.
StreamReader::Step StreamReader::finish_event(std::string& out) {
  pass_mark(out);
  std::string joined;
  const bool was_held = holds();
  const std::string_view payload = wire::sse_payload(event_, joined);
  const std::string_view name = wire::sse_event_name(event_);
  if (duties_.awaits_endpoint && name == "endpoint") {
    endpoint_ = payload;
    return Step::endpoint;
  }
  if (!wire::is_sse_remark(event_)) duties_.awaits_endpoint = false;
  may_be_resumed_ = may_be_resumed_ || wire::has_sse_id(event_);
  if (!unread_ && !payload.empty()) note_answers(notes_, payload);
  if (unread_) ++notes_.unread_events;
  if (was_held) {
    std::optional<std::string> kept;
    if (duties_.filters_tools && !payload.empty()) {
      auto filtered = wire::without_tools(payload, [this](std::string_view tool) { return tools_.allows(tool); });
      if (!filtered && is_message(name)) return Step::not_json;
      if (filtered) kept = std::move(*filtered);
    }
    out += kept ? wire::with_sse_payload(event_, *kept) : event_;
  }
  event_.clear();
  unread_ = false;
  return Step::passed;
}

void StreamReader::place_endpoint(std::string_view told, std::string& out) {
  out += wire::with_sse_payload(event_, told);
  event_.clear();
  duties_.awaits_endpoint = false;
}

}  // namespace obleth::mcp
