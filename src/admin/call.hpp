// One authenticated call of the Management API, as a route sees it. Thread: lives on one request's thread.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/json.hpp"
#include "base/cancel_signal.hpp"
#include "domain/admin_token.hpp"

namespace obleth::admin {

// What the head of an answer says beside the reply.
struct Warnings {
  bool replicas_untold = false;  // of a change that stands: they find it by their poll
};

struct Caller {
  std::string name;  // the admin token's; the actor of the audit log
  AdminRole role = AdminRole::viewer;
  std::string address;
  Warnings* warnings = nullptr;  // of the answer to this call; null: nobody reads them
};

struct NamedText {
  std::string name;
  std::string value;
};

struct Call {
  Caller caller;
  std::vector<NamedText> path;   // {id} of the pattern, decoded
  std::vector<NamedText> query;  // decoded; every name is one that the route declares, and stands once
  Json body;                     // an object where none was sent
  std::string raw_body;          // for routes that read it themselves
  std::string content_type;
  CancelSignal* departure = nullptr;  // the client's; null where nobody can leave

  [[nodiscard]] std::string at(std::string_view name) const { return value_of(path, name).value_or(std::string()); }
  [[nodiscard]] std::optional<std::string> asked(std::string_view name) const { return value_of(query, name); }

 private:
  [[nodiscard]] static std::optional<std::string> value_of(const std::vector<NamedText>& texts, std::string_view name) {
    const auto found = std::ranges::find(texts, name, &NamedText::name);
    return found == texts.end() ? std::nullopt : std::optional(found->value);
  }
};

}  // namespace obleth::admin
