#include "gateway/receive_form.hpp"

#include <utility>

namespace obleth::gateway {
namespace {

// Read once; two of them could be read differently behind us.
std::optional<std::string> boundary_of(const RequestHead& head) {
  if (head.fields.count("content-type") != 1) return std::nullopt;
  return wire::form_boundary(*head.fields.find("content-type"));
}

Refusal invalid_form(const wire::BodyFault& fault) {
  return invalid_request(fault.message, fault.param);
}

// Of a form of known length nothing but its end is still to be read, which needs no waiting.
bool is_all_here(const RequestHead& head, const RequestContent& content) {
  return head.framing == BodyFraming::length && content.bytes.size() == head.content_length;
}

wire::FormRules rules_of_form(const wire::DialectRules& dialect, const Policy& policy) {
  wire::FormRules rules{.model_is_optional = dialect.model_is_optional};
  if (dialect.fields.has(wire::Reading::choices)) rules.n_max = policy.n_max;
  return rules;
}

}  // namespace

bool comes_as_form(const Received& received) {
  if (!received.route.rules().takes_forms) return false;
  return wire::is_form(received.exchange->head().fields.find("content-type").value_or(""));
}

Task<Outcome<void>> receive_form(const Identified& identified, RequestContent& content, const Policy& policy) {
  ports::ClientExchange& exchange = *identified.exchange;
  const std::optional<std::string> boundary = boundary_of(exchange.head());
  if (!boundary)
    co_return refuse(invalid_request("Content-Type: multipart/form-data needs one boundary of 1 to 70 characters."));
  exchange.limit_body(policy.body_bytes_max);
  wire::FormScanner scanner(*boundary, rules_of_form(identified.route.rules(), policy));
  bool ended = false;
  while (!ended && (!scanner.has_fields() || is_all_here(exchange.head(), content))) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return refuse(from_client_fault(piece.error()));
    ended = piece->empty();
    const bool valid = ended ? scanner.finish() : scanner.feed(*piece);
    if (!valid) co_return refuse(invalid_form(scanner.fault()));
    if (!content.lease.grow_to(content.bytes.size() + piece->size())) co_return refuse(body_memory_full());
    content.bytes.append(*piece);
  }
  content.fields.is_form = true;
  content.fields.model = scanner.model();
  content.fields.model_value = scanner.model_value();
  content.fields.has_model = scanner.has_model();
  content.fields.n = scanner.n().value_or(1);
  content.fields.text.media_parts = 1;
  if (!ended) content.rest = std::make_unique<FormRest>(exchange, std::move(scanner));
  co_return Outcome<void>{};
}

}  // namespace obleth::gateway
