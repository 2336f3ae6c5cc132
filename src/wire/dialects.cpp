#include "wire/dialects.hpp"

#include <algorithm>

namespace obleth::wire {
namespace {

// A cap is read only where the upstream obeys it: one that it ignores would understate what the request may cost.
constexpr FieldRule chat_fields[] = {{"model", Reading::model},
                                     {"stream", Reading::stream},
                                     {"messages", Reading::chat_messages},
                                     {"max_tokens", Reading::cap},
                                     {"max_completion_tokens", Reading::cap},
                                     {"min_tokens", Reading::least_output},
                                     {"n", Reading::choices},
                                     {"best_of", Reading::choices},
                                     {"stream_options", Reading::stream_options},
                                     {"tools", Reading::tools},
                                     {"functions", Reading::tools},
                                     {"tool_choice", Reading::tool_choice},
                                     {"response_format", Reading::format},
                                     {"priority", Reading::priority},
                                     {"function_call", Reading::tool_choice},
                                     {"structured_outputs", Reading::shape}};

constexpr FieldRule completions_fields[] = {{"model", Reading::model},
                                            {"stream", Reading::stream},
                                            {"prompt", Reading::prompts},
                                            {"max_tokens", Reading::cap_or_none},
                                            {"min_tokens", Reading::least_output},
                                            {"n", Reading::choices},
                                            {"best_of", Reading::choices},
                                            {"stream_options", Reading::stream_options},
                                            {"response_format", Reading::format},
                                            {"priority", Reading::priority},
                                            {"structured_outputs", Reading::shape}};

constexpr FieldRule embeddings_fields[] = {{"model", Reading::model},
                                           {"stream", Reading::stream},
                                           {"messages", Reading::chat_messages_or_null},
                                           {"input", Reading::prompts},
                                           {"priority", Reading::priority}};

constexpr FieldRule any_fields[] = {{"model", Reading::model}, {"stream", Reading::stream}};

constexpr FieldRule responses_fields[] = {{"model", Reading::model},
                                          {"stream", Reading::stream},
                                          {"input", Reading::blocks},
                                          {"instructions", Reading::blocks},
                                          {"max_output_tokens", Reading::cap},
                                          {"tools", Reading::tools},
                                          {"tool_choice", Reading::tool_choice},
                                          {"text", Reading::format_holder},
                                          {"priority", Reading::priority}};

constexpr FieldRule messages_fields[] = {{"model", Reading::model},
                                         {"stream", Reading::stream},
                                         {"system", Reading::blocks},
                                         {"messages", Reading::blocks},
                                         {"max_tokens", Reading::cap},
                                         {"tools", Reading::tools},
                                         {"tool_choice", Reading::tool_choice},
                                         {"thinking", Reading::thinking},
                                         {"output_format", Reading::format},
                                         {"output_config", Reading::format_holder},
                                         {"priority", Reading::priority}};

constexpr FieldRule count_tokens_fields[] = {
    {"model", Reading::model}, {"system", Reading::blocks}, {"messages", Reading::blocks}, {"tools", Reading::tools}};

constexpr FieldRule rerank_fields[] = {{"model", Reading::model},
                                       {"query", Reading::query},
                                       {"documents", Reading::documents},
                                       {"priority", Reading::priority}};

constexpr FieldRule audio_fields[] = {{"model", Reading::model},
                                      {"stream", Reading::stream},
                                      {"input", Reading::blocks},
                                      {"instructions", Reading::blocks}};

constexpr FieldRule images_fields[] = {{"model", Reading::model_or_null},
                                       {"stream", Reading::stream},
                                       {"prompt", Reading::blocks},
                                       {"n", Reading::choices}};

constexpr std::string_view chat_ends[] = {"[DONE]"};
constexpr std::string_view responses_ends[] = {"response.completed", "response.incomplete", "response.failed"};
constexpr std::string_view messages_ends[] = {"message_stop"};
constexpr std::string_view audio_ends[] = {"speech.audio.done", "transcript.text.done", "[DONE]"};
constexpr std::string_view images_ends[] = {"image_generation.completed", "image_edit.completed"};
constexpr std::string_view any_ends[] = {"[DONE]", "response.completed", "response.incomplete", "response.failed",
                                         "message_stop"};

constexpr UsagePlace usage_member{.outer = "", .inner = "usage"};
constexpr UsagePlace usage_of_response{.outer = "response", .inner = "usage"};
// Of message_start: what was read, and the few tokens that were there when it was sent.
constexpr UsagePlace usage_of_message{.outer = "message", .inner = "usage", .is_input_only = true};

constexpr DialectRules chat{.fields = chat_fields,
                            .output = OutputKind::capped,
                            .cap_name = "max_tokens",
                            .asks_for_usage = true,
                            .needs_registered_model = true,
                            .usage = {usage_member},
                            .stream_ends = chat_ends};

constexpr DialectRules completions{.fields = completions_fields,
                                   .output = OutputKind::capped,
                                   .cap_name = "max_tokens",
                                   .asks_for_usage = true,
                                   .needs_registered_model = true,
                                   .usage = {usage_member},
                                   .stream_ends = chat_ends};

constexpr DialectRules embeddings{.fields = embeddings_fields, .usage = {usage_member}, .stream_ends = chat_ends};

constexpr DialectRules any{.fields = any_fields,
                           .usage = {usage_member, usage_of_response, usage_of_message},
                           .stream_ends = any_ends,
                           .unreported = Unreported::by_slot_time};

constexpr DialectRules responses{.fields = responses_fields,
                                 .output = OutputKind::capped,
                                 .cap_name = "max_output_tokens",
                                 .usage = {usage_member, usage_of_response},
                                 .stream_ends = responses_ends,
                                 .errors = ErrorDialect::responses};

constexpr DialectRules messages{.fields = messages_fields,
                                .output = OutputKind::capped,
                                .cap_name = "max_tokens",
                                .usage = {usage_member, usage_of_message},
                                .stream_ends = messages_ends,
                                .errors = ErrorDialect::anthropic};

constexpr DialectRules count_tokens{.fields = count_tokens_fields,
                                    .usage = {UsagePlace{.outer = "", .inner = "input_tokens", .is_input_only = true}},
                                    .errors = ErrorDialect::anthropic};

constexpr DialectRules rerank{.fields = rerank_fields,
                              .usage = {usage_member, UsagePlace{.outer = "meta", .inner = "tokens"}}};

constexpr DialectRules audio{.fields = audio_fields,
                             .output = OutputKind::fixed,
                             .takes_forms = true,
                             .usage = {usage_member},
                             .stream_ends = audio_ends,
                             .unreported = Unreported::by_slot_time};

constexpr DialectRules images{.fields = images_fields,
                              .output = OutputKind::fixed,
                              .takes_forms = true,
                              .model_is_optional = true,
                              .usage = {usage_member},
                              .stream_ends = images_ends,
                              .unreported = Unreported::by_slot_time};

// In the order of the enumeration.
constexpr const DialectRules* rows[dialect_count] = {&chat,     &completions,  &embeddings, &any,   &responses,
                                                     &messages, &count_tokens, &rerank,     &audio, &images};

constexpr DialectPath paths[] = {
    {"/v1/chat/completions", Dialect::chat}, {"/v1/completions", Dialect::completions},
    {"/v1/embeddings", Dialect::embeddings}, {"/v1/responses", Dialect::responses},
    {"/v1/messages", Dialect::messages},     {"/v1/messages/count_tokens", Dialect::count_tokens},
    {"/v1/rerank", Dialect::rerank}};

}  // namespace

const DialectRules& rules_of(Dialect dialect) {
  return *rows[static_cast<std::size_t>(dialect)];
}

const DialectPath* find_dialect_path(std::string_view path) {
  const auto* found = std::ranges::find(paths, path, &DialectPath::path);
  return found == std::ranges::end(paths) ? nullptr : found;
}

ErrorDialect errors_at(std::string_view path) {
  const DialectPath* found = find_dialect_path(path);
  return found == nullptr ? ErrorDialect::openai : rules_of(found->dialect).errors;
}

}  // namespace obleth::wire
