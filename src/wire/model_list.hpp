// GET /v1/models: the upstream's list and the registry's models as one list. The upstream's objects keep every byte.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace obleth::wire {

struct ListedModel {
  std::string id;
  std::string object;  // its JSON text
};

// Our own entry: id, object, created, owned_by, max_model_len.
[[nodiscard]] ListedModel registered_model(std::string_view id, std::int64_t created_unix, std::int64_t max_model_len);

// The objects of {"data": [{"id": …}, …]} as they came; nullopt when it is not such a list.
[[nodiscard]] std::optional<std::vector<ListedModel>> read_model_list(std::string_view json);

// {"object":"list","data":[…]}
[[nodiscard]] std::string render_model_list(std::span<const ListedModel> models);

}  // namespace obleth::wire
