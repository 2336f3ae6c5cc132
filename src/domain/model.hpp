// A model that clients may name, and the base URLs that serve it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.hpp"
#include "base/secret.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace obleth {

// Thousandths, so that 0.01 .. 1000 are exact integers.
struct Thousandths {
  std::int64_t value = 1000;
  bool operator==(const Thousandths&) const = default;
};

struct Endpoint {
  EndpointId id;
  std::string api_base;           // "http://vllm-1:8000/v1"
  std::optional<Secret> api_key;  // injected as Authorization: Bearer; absent = the model's
  std::uint32_t priority = 0;     // lower first
  bool enabled = true;
  bool operator==(const Endpoint&) const = default;
};

enum class CacheScope : std::uint8_t { tenant };

struct Model {
  ModelId id;
  std::string model_name;
  std::vector<std::string> aliases;
  std::string upstream_model;       // what the upstream is told
  std::vector<Endpoint> endpoints;  // at least one; a plain api_base is one endpoint
  std::optional<Secret> api_key;
  std::vector<std::pair<std::string, Secret>> upstream_headers;
  PicoUsd input_cost_per_token;
  std::optional<PicoUsd> cached_input_cost_per_token;  // absent = as input
  PicoUsd output_cost_per_token;
  PicoUsd cost_per_request;
  std::int64_t context_window = 8192;
  std::int64_t default_max_tokens = 4096;
  Thousandths admission_weight;        // multiplies the fairshare cost, 0.01 – 1000
  Thousandths input_token_cost{1000};  // GPU work of a prompt token, in fairshare units
  Thousandths output_token_cost{4000};
  std::optional<Thousandths> slot_second_cost;  // absent = 60 × admission_weight
  std::optional<std::uint32_t> max_in_flight;
  std::int64_t brownout_max_tokens = 256;
  bool enabled = true;
  bool inject_usage = true;
  bool cache_enabled = false;
  std::uint32_t cache_ttl_secs = 300;
  CacheScope cache_scope = CacheScope::tenant;
  std::uint32_t max_retries = 1;
  std::uint32_t request_timeout_secs = 300;  // to the first byte
  std::uint32_t idle_timeout_secs = 120;     // between bytes
  std::uint32_t gpus = 1;
  std::int64_t tokens_per_media_part = 765;  // an image or audio part in a prompt
  WallTime created_at;
  WallTime updated_at;
  bool operator==(const Model&) const = default;
};

}  // namespace obleth
