#include "wire/model_list.hpp"

#include <utility>

#include "wire/error_body.hpp"
#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

// The id of one object of the list; the cursor stands before the object and is left behind it.
std::optional<std::string> take_model_id(JsonCursor& cursor) {
  std::optional<std::string> id;
  const bool whole = cursor.take_object([&](const JsonString& key) {
    if (!key.equals("id")) return cursor.skip_value();
    const auto text = cursor.take_string();
    std::string unescaped;
    if (!text || !text->unescape(unescaped)) return false;
    id = std::move(unescaped);
    return true;
  });
  return whole ? id : std::nullopt;
}

bool take_models(JsonCursor& cursor, std::vector<ListedModel>& models) {
  return cursor.take_array([&] {
    cursor.peek();
    const std::size_t begin = cursor.position();
    auto id = take_model_id(cursor);
    if (!id) return false;
    models.push_back({std::move(*id), std::string(cursor.since(begin))});
    return true;
  });
}

}  // namespace

ListedModel registered_model(std::string_view id, std::int64_t created_unix, std::int64_t max_model_len) {
  std::string object = R"({"id":")";
  append_json_string(object, id);
  object += R"(","object":"model","created":)" + std::to_string(created_unix);
  object += R"(,"owned_by":"obleth","max_model_len":)" + std::to_string(max_model_len) + "}";
  return {std::string(id), std::move(object)};
}

std::optional<std::vector<ListedModel>> read_model_list(std::string_view json) {
  std::vector<ListedModel> models;
  bool has_data = false;
  JsonCursor cursor(json);
  const bool whole = cursor.take_object([&](const JsonString& key) {
    if (!key.equals("data")) return cursor.skip_value();
    has_data = true;
    return take_models(cursor, models);
  });
  if (!whole || !has_data || !cursor.at_end()) return std::nullopt;
  return models;
}

std::string render_model_list(std::span<const ListedModel> models) {
  std::string json = R"({"object":"list","data":[)";
  for (const ListedModel& model : models) {
    if (&model != models.data()) json += ',';
    json += model.object;
  }
  return json + "]}";
}

}  // namespace obleth::wire
