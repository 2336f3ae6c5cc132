#include "mock/model_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <functional>
#include <span>

#include "mock/forced_output.hpp"
#include "mock/prompt_size.hpp"

namespace obleth::mock {
namespace json = boost::json;
namespace {

// Bodies up to this size are parsed without an allocation.
constexpr std::size_t parse_scratch_bytes = 64 * 1024;

Fault wrong(std::string member, std::string_view what) {
  std::string message = "'" + member + "' " + std::string(what);
  return client_fault(FaultKind::invalid, std::move(message), std::move(member));
}

const json::value* member_of(const json::object& body, json::string_view name) {
  const json::value* value = body.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<void> read_count(const json::object& body, const char* name, std::int64_t most,
                        std::optional<std::int64_t>& place) {
  const json::value* value = member_of(body, name);
  if (value == nullptr) return {};
  json::error_code error;
  const auto number = value->is_double() ? -1 : value->to_number<std::int64_t>(error);
  if (error || number < 0 || number > most) return fail(wrong(name, "must be a whole number in its range"));
  place = number;
  return {};
}

bool is_true(const json::object& body, json::string_view name) {
  const json::value* value = body.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::array<const char*, 2> cap_names(Dialect dialect) {
  if (dialect == Dialect::responses) return {"max_output_tokens", "max_output_tokens"};
  return {"max_tokens", dialect == Dialect::chat ? "max_completion_tokens" : "max_tokens"};
}

Result<void> read_lengths(const json::object& body, ModelRequest& request) {
  constexpr std::int64_t tokens_max = 1'000'000'000;
  for (const char* name : cap_names(request.dialect)) {
    std::optional<std::int64_t> cap;
    auto read = read_count(body, name, tokens_max, cap);
    if (!read) return read;
    if (cap) request.output_cap = std::min(*cap, request.output_cap.value_or(*cap));
  }
  std::optional<std::int64_t> least;
  auto read = read_count(body, "min_tokens", tokens_max, least);
  if (!read) return read;
  request.min_tokens = least.value_or(0);
  request.ignore_eos = is_true(body, "ignore_eos");
  return {};
}

// How many prompts a completions "prompt" or an embeddings "input" holds: text, token ids, or a list of either.
std::int64_t prompt_count(const json::value& prompt) {
  const json::array* list = prompt.if_array();
  if (list == nullptr || list->empty() || list->front().is_number()) return 1;
  return static_cast<std::int64_t>(list->size());
}

Result<void> read_choices(const json::object& body, ModelRequest& request) {
  if (request.dialect != Dialect::chat && request.dialect != Dialect::completions) return {};
  std::optional<std::int64_t> n;
  auto read = read_count(body, "n", choices_max, n);
  if (!read) return read;
  if (n == 0) return fail(wrong("n", "must be at least 1"));
  request.choices = n.value_or(1);
  if (request.dialect != Dialect::completions) return {};
  const json::value* prompt = member_of(body, "prompt");
  if (prompt != nullptr) request.choices *= prompt_count(*prompt);
  if (request.choices > choices_max) return fail(wrong("prompt", "and n ask for too many choices"));
  return {};
}

Result<void> read_embedding(const json::object& body, ModelRequest& request) {
  const json::value* encoding = member_of(body, "encoding_format");
  request.base64 = encoding != nullptr && *encoding == "base64";
  std::optional<std::int64_t> dimensions;
  auto read = read_count(body, "dimensions", embedding_dimensions_max, dimensions);
  if (!read) return read;
  request.dimensions = dimensions.value_or(embedding_dimensions_default);
  const json::value& input = *member_of(body, "input");
  const std::int64_t inputs = prompt_count(input);
  if (inputs > embedding_inputs_max) return fail(wrong("input", "holds too many inputs"));
  const bool is_list =
      inputs > 1 || (input.is_array() && !input.get_array().empty() && !input.get_array().front().is_number());
  for (std::int64_t at = 0; at < inputs; ++at) {
    const json::value& one = is_list ? input.get_array()[static_cast<std::size_t>(at)] : input;
    request.input_seeds.push_back(std::hash<std::string>{}(json::serialize(one)));
  }
  return {};
}

Result<void> read_documents(const json::object& body, ModelRequest& request) {
  const json::value& documents = *member_of(body, "documents");
  if (!documents.is_array()) return fail(wrong("documents", "must be a list"));
  for (const json::value& one : documents.get_array()) {
    const json::value* text = one.is_object() ? one.get_object().if_contains("text") : &one;
    request.documents.emplace_back(text != nullptr && text->is_string() ? std::string(text->get_string()) : "");
  }
  return {};
}

const char* prompt_member(Dialect dialect) {
  switch (dialect) {
    case Dialect::chat:
    case Dialect::messages:
    case Dialect::count_tokens:
      return "messages";
    case Dialect::rerank:
      return "documents";
    case Dialect::completions:
      return "prompt";
    case Dialect::embeddings:
    case Dialect::responses:
      return "input";
  }
  return "input";
}

Result<void> read_prompt(const json::object& body, ModelRequest& request) {
  const char* name = prompt_member(request.dialect);
  const json::value* prompt = member_of(body, name);
  if (prompt == nullptr) return fail(wrong(name, "is missing"));
  if (request.dialect == Dialect::chat && !prompt->is_array()) return fail(wrong(name, "must be a list"));
  PromptSize size;
  for (const char* member : {name, "system", "instructions", "query"})
    if (const json::value* text = member_of(body, member)) measure_prompt(*text, size);
  request.prompt_tokens = size.tokens();
  return {};
}

Result<ModelRequest> read_members(Dialect dialect, const json::object& body) {
  ModelRequest request;
  request.dialect = dialect;
  if (const json::value* model = member_of(body, "model")) {
    if (!model->is_string()) return fail(wrong("model", "must be text"));
    request.model = std::string(model->get_string());
  }
  request.stream = is_true(body, "stream");
  if (const json::value* options = member_of(body, "stream_options"); options != nullptr && options->is_object())
    request.include_usage = is_true(options->get_object(), "include_usage");

  using Reader = Result<void> (*)(const json::object&, ModelRequest&);
  constexpr Reader generating[] = {read_prompt, read_lengths, read_choices};
  constexpr Reader embedding[] = {read_prompt, read_embedding};
  constexpr Reader reranking[] = {read_prompt, read_documents};
  const std::span<const Reader> readers = dialect == Dialect::embeddings ? std::span<const Reader>(embedding)
                                          : dialect == Dialect::rerank   ? std::span<const Reader>(reranking)
                                                                         : std::span<const Reader>(generating);
  for (const Reader reader : readers) {
    auto read = reader(body, request);
    if (!read) return fail(read.error());
  }
  read_forced_output(body, request);
  return request;
}

}  // namespace

Result<ModelRequest> read_model_request(Dialect dialect, std::string_view body) {
  // The tree lives only within this call, so one scratch per thread serves every request.
  thread_local std::array<unsigned char, parse_scratch_bytes> scratch;
  json::monotonic_resource memory(scratch.data(), scratch.size());
  json::error_code error;
  const json::value document = json::parse(json::string_view(body.data(), body.size()), error, &memory);
  if (error) return fail(client_fault(FaultKind::invalid, "the body is not JSON: " + error.message()));
  const json::object* members = document.if_object();
  if (members == nullptr) return fail(client_fault(FaultKind::invalid, "the body must be a JSON object"));
  return read_members(dialect, *members);
}

}  // namespace obleth::mock
