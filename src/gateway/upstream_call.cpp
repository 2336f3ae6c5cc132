#include "gateway/upstream_call.hpp"

#include <span>
#include <utility>
#include <vector>

#include "base/append_all.hpp"
#include "base/hex_text.hpp"
#include "base/text_pen.hpp"
#include "wire/header_rules.hpp"

namespace obleth::gateway {

// The client's body as it arrives, for requests that are not held in memory.
class OutgoingRequest::ClientBody final : public ports::BodySource {
 public:
  explicit ClientBody(ports::ClientExchange& exchange) : exchange_(exchange) {}

  Task<Result<std::string_view>> next() override {
    Result<std::string_view> piece = co_await exchange_.read_body();
    if (piece) given_ += piece->size();
    co_return piece;
  }
  [[nodiscard]] bool has_ended() const override {
    const RequestHead& head = exchange_.head();
    return head.framing == BodyFraming::length && given_ == head.content_length;
  }

 private:
  ports::ClientExchange& exchange_;
  std::uint64_t given_ = 0;
};

// A form: its beginning with the model that the upstream knows, and then what still comes.
class OutgoingRequest::FormBody final : public ports::BodySource {
 public:
  FormBody(std::span<const std::string_view> beginning, FormRest& rest) : beginning_(beginning), rest_(rest) {}

  Task<Result<std::string_view>> next() override {
    if (given_ < beginning_.size()) co_return beginning_[given_++];
    Result<std::string_view> piece = co_await rest_.next();
    co_return piece;
  }

 private:
  std::span<const std::string_view> beginning_;
  FormRest& rest_;
  std::size_t given_ = 0;
};

namespace {

constexpr std::size_t head_bytes_usual = 1024;  // few heads grow beyond it

wire::BodyPatch patch_of(const Softened& softened, bool inject_usage) {
  wire::BodyPatch patch{
      .output_cap = softened.output_cap, .cap_name = softened.route.rules().cap_name, .include_usage = inject_usage};
  const Model* model = softened.model.get();
  if (model != nullptr && model->upstream_model != softened.content->fields.model) patch.model = model->upstream_model;
  // What passes through stays as it is, but for nothing at all.
  patch.remove_priority = softened.route.treatment == Treatment::priced;
  return patch;
}

std::string credential_of(const Model* model, const Endpoint* endpoint) {
  const Secret* key = nullptr;
  if (model != nullptr && model->api_key) key = &*model->api_key;
  if (endpoint != nullptr && endpoint->api_key) key = &*endpoint->api_key;
  return key == nullptr ? std::string() : "Bearer " + std::string(key->reveal());
}

bool is_credential(std::string_view header) {
  return equals_ignoring_case(header, "authorization");
}

}  // namespace

bool wants_usage_injected(const Softened& softened) {
  if (softened.route.treatment != Treatment::priced || !softened.content) return false;
  const wire::RequestFields& fields = softened.content->fields;
  const bool allowed = softened.model == nullptr || softened.model->inject_usage;
  return allowed && fields.stream && !fields.asks_usage && softened.route.rules().asks_for_usage;
}

OutgoingRequest::OutgoingRequest(const Softened& softened, const Destination& destination, const Policy& policy,
                                 bool inject_usage) {
  const RequestHead& head = softened.exchange->head();
  if (softened.content) {
    const RequestContent& content = *softened.content;
    const wire::BodyPatch patch = patch_of(softened, inject_usage);
    body_ = std::make_unique<wire::PatchedBody>(content.bytes, content.fields, patch);
    body_bytes_ = body_->size();
    if (content.rest) {
      stream_through(std::make_unique<FormBody>(body_->pieces(), *content.rest), head);
      body_bytes_ += head.content_length - content.bytes.size();
    } else {
      call_.body = body_->pieces();
    }
  } else if (head.framing != BodyFraming::none) {
    stream_through(std::make_unique<ClientBody>(*softened.exchange), head);
    body_bytes_ = head.content_length;
  }
  write_head(softened, destination, policy);
  const Model* model = softened.model.get();
  call_.address = destination.address.get();
  call_.head = head_;
  call_.answer_has_no_body = head.method == "HEAD";
  call_.head_timeout =
      model != nullptr ? std::chrono::seconds(model->request_timeout_secs) : policy.default_head_timeout;
  call_.idle_timeout = model != nullptr ? std::chrono::seconds(model->idle_timeout_secs) : policy.default_idle_timeout;
  call_.cancel = &softened.exchange->departure();
  call_.request_left = &has_left_;
}

void OutgoingRequest::stream_through(std::unique_ptr<ports::BodySource> source, const RequestHead& head) {
  stream_ = std::move(source);
  call_.stream = stream_.get();
  call_.stream_chunked = head.framing == BodyFraming::chunked;
}

void OutgoingRequest::write_head(const Softened& softened, const Destination& destination, const Policy& policy) {
  const RequestHead& head = softened.exchange->head();
  const std::string credential = credential_of(softened.model.get(), destination.endpoint);
  const HexText event_id(softened.event_id.bits);
  const std::string traceparent = wire::continue_traceparent(head.fields.find("traceparent"), event_id.view(),
                                                             event_id.view().substr(event_id.view().size() / 2));
  std::vector<std::pair<std::string_view, std::string_view>> added;
  if (softened.model) {
    for (const auto& [name, value] : softened.model->upstream_headers) {
      // Refused where models are registered, but not always has been; what stands twice is refused by many upstreams.
      const bool stands_already = wire::is_made_here(name) || (!credential.empty() && is_credential(name));
      if (!stands_already) added.emplace_back(name, value.reveal());
    }
  }
  // The model's headers are secrets, as its api_key is: a credential may go by any name.
  credential_injected_ = !credential.empty() || !added.empty();
  head_.reserve(head_bytes_usual);
  append_all(head_, {head.method, " "});
  append_target(head_, *destination.address, head.target);
  head_ += " HTTP/1.1\r\n";
  wire::append_forwarded_headers(head_, head,
                                 {.authority = destination.address->authority,
                                  .credential = credential,
                                  .request_id = event_id.view(),
                                  .traceparent = traceparent,
                                  .identity_encoding = softened.route.treatment == Treatment::priced,
                                  .strip = policy.strip_headers,
                                  .add = added});
  append_framing(head);
  head_ += "\r\n";
}

void OutgoingRequest::append_framing(const RequestHead& head) {
  if (call_.stream_chunked) {
    head_ += "Transfer-Encoding: chunked\r\n";
    return;
  }
  // A client may say that nothing follows.
  const bool is_told = body_ || call_.stream != nullptr || head.fields.find("content-length");
  if (!is_told) return;
  constexpr std::string_view name = "Content-Length: ";
  append_with_pen(head_, name.size() + TextPen::number_bytes_max + 2, [&](TextPen& pen) {
    pen.plain(name);
    pen.number(static_cast<std::int64_t>(body_bytes_));
    pen.plain("\r\n");
  });
}

}  // namespace obleth::gateway
