#include "mcp/read_message.hpp"

#include <utility>

#include "base/hex_text.hpp"
#include "gateway/resolve_model.hpp"
#include "mcp/refuse_call.hpp"

namespace obleth::mcp {
namespace {

void note_messages(CallNotes& notes, wire::RpcDocument document, const ports::Digest& digest) {
  notes.batch = document.batch;
  notes.messages.reserve(document.messages.size());
  for (wire::RpcMessage& message : document.messages) {
    notes.messages.push_back(
        {.kind = message.kind,
         .id = std::string(message.id),
         .method = std::move(message.method),
         .tool = std::move(message.tool),
         .arguments_sha256 = message.arguments.empty() ? std::string() : hex_of(digest.sha256(message.arguments))});
  }
}

}  // namespace

Task<gateway::Outcome<Understood>> read_message(Addressed addressed, MessageSources sources) {
  if (addressed.exchange->head().method != "POST") co_return Understood{std::move(addressed), nullptr};
  auto body = std::make_unique<HeldBody>();
  body->lease = sources.memory.lease(addressed.who->tenant.id);
  ports::ClientExchange& exchange = *addressed.exchange;
  gateway::Outcome<std::string> bytes = co_await gateway::collect_body(exchange, body->lease, message_bytes_max);
  if (!bytes) co_return gateway::refuse(std::move(bytes.error()));
  body->bytes = std::move(*bytes);
  addressed.notes->request_bytes = body->bytes.size();
  auto document = wire::read_json_rpc(body->bytes);
  if (!document) co_return gateway::refuse(not_json_rpc(document.error()));
  note_messages(*addressed.notes, std::move(*document), sources.digest);
  co_return Understood{std::move(addressed), std::move(body)};
}

}  // namespace obleth::mcp
