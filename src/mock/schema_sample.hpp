// A JSON value that a JSON schema accepts: the arguments of a forced tool call, and structured output.
//
// Understands what the SDKs send: type, properties, required, items, enum, const, anyOf/oneOf/allOf, $ref into the
// same document, minimum, minItems, minLength, and the usual formats. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace obleth::mock {

inline constexpr int schema_depth_max = 12;  // below it, recursive schemas end in null or nothing

[[nodiscard]] std::string sample_of_schema(const boost::json::value& schema);

}  // namespace obleth::mock
