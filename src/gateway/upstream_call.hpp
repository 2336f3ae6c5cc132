// One attempt's bytes: the request head and body as they leave for the upstream. Connection's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/policy.hpp"
#include "gateway/request_states.hpp"
#include "ports/upstream.hpp"
#include "wire/request_body.hpp"

namespace obleth::gateway {

// Where an attempt goes. endpoint null: the default upstream.
struct Destination {
  std::shared_ptr<const UpstreamAddress> address;
  const Endpoint* endpoint = nullptr;
};

// Keeps alive what the call views. The request that it was made from outlives it.
class OutgoingRequest {
 public:
  OutgoingRequest(const Softened& softened, const Destination& destination, const Policy& policy, bool inject_usage);
  OutgoingRequest(const OutgoingRequest&) = delete;
  OutgoingRequest& operator=(const OutgoingRequest&) = delete;

  [[nodiscard]] const ports::UpstreamCall& call() const { return call_; }
  [[nodiscard]] bool has_left() const { return has_left_; }  // once it was sent
  [[nodiscard]] bool credential_injected() const { return credential_injected_; }

 private:
  class ClientBody;
  class FormBody;
  void stream_through(std::unique_ptr<ports::BodySource> source, const RequestHead& head);
  void write_head(const Softened& softened, const Destination& destination, const Policy& policy);
  void append_framing(const RequestHead& head);

  std::unique_ptr<wire::PatchedBody> body_;  // of a form that still comes, its beginning; null: nothing is held
  std::uint64_t body_bytes_ = 0;             // of all of it, where its length is known
  std::unique_ptr<ports::BodySource> stream_;
  std::string head_;
  ports::UpstreamCall call_;
  bool has_left_ = false;
  bool credential_injected_ = false;
};

// The client streams and did not ask for usage: obleth asks, if the model lets it.
[[nodiscard]] bool wants_usage_injected(const Softened& softened);

}  // namespace obleth::gateway
