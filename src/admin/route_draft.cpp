// Declaring a route: the words of Route's own little language.
#include <utility>

#include "admin/route.hpp"

namespace obleth::admin {
namespace {

Route route(const char* method, std::string_view path, std::string summary, Access access) {
  Route route;
  route.method = method;
  route.pattern = std::string(api_prefix) + std::string(path);
  route.summary = std::move(summary);
  route.access = access;
  return route;
}

}  // namespace

Route get(std::string_view path, std::string summary) {
  return route("GET", path, std::move(summary), Access::viewer);
}
Route post(std::string_view path, std::string summary) {
  return route("POST", path, std::move(summary), Access::admin);
}
Route put(std::string_view path, std::string summary) {
  return route("PUT", path, std::move(summary), Access::admin);
}
Route patch(std::string_view path, std::string summary) {
  return route("PATCH", path, std::move(summary), Access::admin);
}
Route del(std::string_view path, std::string summary) {
  return route("DELETE", path, std::move(summary), Access::admin);
}

Route&& Route::open(std::string whole_path) && {
  access = Access::open;
  pattern = std::move(whole_path);
  return std::move(*this);
}

Route&& Route::takes(std::string schema) && {
  body = BodyKind::json;
  request_schema = std::move(schema);
  return std::move(*this);
}

Route&& Route::takes_raw(std::string schema) && {
  body = BodyKind::raw;
  request_schema = std::move(schema);
  return std::move(*this);
}

Route&& Route::gives(std::string schema, int with_status) && {
  response_schema = std::move(schema);
  status = with_status;
  return std::move(*this);
}

Route&& Route::gives_text(std::string schema, std::string type) && {
  response_schema = std::move(schema);
  response_types = {std::move(type)};
  status = 200;
  return std::move(*this);
}

Route&& Route::also_as(std::string type) && {
  response_types.push_back(std::move(type));
  return std::move(*this);
}

Route&& Route::lists(const std::string& schema) && {
  response_schema = schema + "List";
  status = 200;
  return std::move(*this);
}

Route&& Route::asks(std::vector<Parameter> parameters) && {
  query = std::move(parameters);
  return std::move(*this);
}

Route&& Route::may_answer(std::vector<int> statuses) && {
  errors = std::move(statuses);
  return std::move(*this);
}

Route&& Route::answered_by(std::function<Task<Reply>(const Call&)> action) && {
  answer = std::move(action);
  return std::move(*this);
}

}  // namespace obleth::admin
