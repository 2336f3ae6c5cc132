// Walks over one request body and keeps what obleth reads of it. Private to wire/request_body.
//
// One walk. A function that answers false has met a fault: one of its own, kept in fault_, or the document's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/json_cursor.hpp"
#include "wire/request_body.hpp"

namespace obleth::wire {

class BodyReader {
 public:
  BodyReader(std::string_view body, Dialect dialect, RequestFields& fields)
      : cursor_(body), rules_(rules_of(dialect).fields), fields_(fields) {}
  // Nothing: the fields are whole.
  [[nodiscard]] std::optional<BodyFault> read();

 private:
  bool read_member(const JsonString& key, std::size_t member_begin);
  bool pass_by(const JsonString& key);
  bool read_field(const FieldRule& rule);
  bool read_model();
  bool read_stream();
  bool read_stream_options();
  bool read_include_usage();
  bool read_cap(const FieldRule& rule, std::int64_t smallest);
  bool read_choices(std::string_view param);  // n, best_of
  bool read_tool_choice(std::string_view param);
  bool read_tool_choice_object();
  bool read_format(std::string_view param);
  bool read_format_holder(std::string_view param);
  bool read_shape();
  bool read_thinking();
  bool read_priority(std::size_t begin);
  // An integer of at least smallest, saturating; null leaves value absent.
  bool read_integer(std::string_view param, std::int64_t smallest, std::optional<std::int64_t>& value, Span& span);

  // The text that the model will read: body_prompt.cpp.
  bool read_messages(bool may_be_null);
  bool read_message();
  bool read_content();
  bool read_part();
  bool read_tool_calls();
  bool read_called_function();
  bool read_prompts(std::string_view param);
  bool read_prompt_list(std::string_view param);
  bool read_token_ids(std::string_view param);
  bool read_tools(std::string_view param);
  bool read_blocks(std::string_view param);
  bool read_block(std::string_view param);
  bool read_query();
  bool read_documents();
  bool measure_text(std::string_view param);   // a string
  bool measure_value(std::string_view param);  // anything

  bool refuse(std::string_view message, std::string_view param);
  [[nodiscard]] BodyFault document_fault() const;

  JsonCursor cursor_;
  const FieldRules& rules_;
  std::uint32_t seen_ = 0;  // bit per rule
  RequestFields& fields_;
  TextMeasure query_;  // of rerank: read with every document
  bool has_query_ = false;
  std::optional<BodyFault> fault_;
};

}  // namespace obleth::wire
