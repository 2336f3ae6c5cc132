// The parts that schemas of answers are made of. Pure.
#pragma once

#include <string>

#include "admin/json.hpp"

namespace obleth::admin {

// An object of exactly these members, all of which are there. type: "object", or a list with "null".
[[nodiscard]] Json closed_schema(Json::Object properties, Json type = "object");
// What is answered once: a resource as the member of that name, and its secret.
[[nodiscard]] Json with_secret_schema(std::string member, Json resource);
[[nodiscard]] Json described(Json schema, const char* meaning);
[[nodiscard]] Json typed(const char* type, const char* meaning);
[[nodiscard]] Json nullable_typed(const char* type, const char* meaning);

}  // namespace obleth::admin
