// The headers that obleth adds to an answer. Complete "name: value\r\n" lines. Connection's thread.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/policy.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

// On every answer, refusals included: the request's ids, and CORS where the operator set it.
void append_request_ids(std::string& lines, const UsageRecord& record);
void append_cross_origin(std::string& lines, const RequestHead& head, const Policy& policy);
// x-obleth-cache, where the model has one.
void append_cache_outcome(std::string& lines, const UsageRecord& record);

// How far a request came before its answer.
enum class Reached : std::uint8_t { identity, budget, turn, upstream };
// Server-Timing: how long each part took, as far as the request came.
void append_server_timing(std::string& lines, const Timings& at, Reached reached);

// What is known when the head goes out: admission, brownout, limits, Server-Timing.
void append_path_headers(std::string& lines, const Softened& softened);

}  // namespace obleth::gateway
