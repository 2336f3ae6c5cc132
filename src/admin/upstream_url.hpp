// URLs and headers that lead to upstreams, as they are registered: what is refused, and why. Any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin/codec.hpp"
#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "base/secret.hpp"

namespace obleth::admin {

using HeaderSecrets = std::vector<std::pair<std::string, Secret>>;

// http or https, a host, no user, query or fragment.
[[nodiscard]] Codec<std::string> upstream_url();
// The host is an address that the gateway never connects to: link-local, cloud metadata, by the operator's policy.
// url has passed upstream_url; the fault goes to member.
void refuse_address(const std::string& url, std::string_view member, const RecordDesk& desk, Reading& reading);
// A credential needs the encryption key to be stored.
void refuse_unsealable(std::string_view member, const RecordDesk& desk, Reading& reading);

// An object of header names and values. Each value is a secret: a header that is not named keeps its value, null
// removes one, null for the whole object removes all.
void take_headers(HeaderSecrets& headers, const Json& json, Reading& reading);
[[nodiscard]] Json headers_schema();
[[nodiscard]] Json header_names(const HeaderSecrets& headers);

}  // namespace obleth::admin
