// How a body leaves: the original's spans around the few values that change.
#include <algorithm>
#include <utility>

#include "wire/error_body.hpp"
#include "wire/request_body.hpp"

namespace obleth::wire {
namespace {

constexpr std::string_view usage_option = "\"include_usage\":true";

struct Replacement {
  Span original;
  std::string text;
};

bool is_empty_object(std::string_view object) {
  return object.find_first_not_of(" \t\r\n", 1) == object.size() - 1;
}

class Patcher {
 public:
  Patcher(std::string_view body, const RequestFields& fields) : body_(body), fields_(fields) {}

  void put_model(std::string_view name) {
    if (!fields_.has_model) return;
    if (fields_.is_form) return replace(fields_.model_value, std::string(name));
    std::string text = "\"";
    append_json_string(text, name);
    replace(fields_.model_value, text + '"');
  }

  void put_output_cap(std::int64_t cap, std::string_view cap_name) {
    for (const CapField& present : fields_.caps) {
      if (present.tokens.value_or(cap + 1) > cap) replace(present.value, std::to_string(cap));
    }
    if (fields_.caps.empty()) add_member("\"" + std::string(cap_name) + "\":" + std::to_string(cap));
    if (fields_.min_tokens.value_or(0) > cap) replace(fields_.min_tokens_value, std::to_string(cap));
  }

  void ask_for_usage() {
    if (fields_.include_usage_value) {
      replace(*fields_.include_usage_value, "true");
    } else if (fields_.has_stream_options) {
      const Span& options = fields_.stream_options_value;
      const bool alone = is_empty_object(body_.substr(options.begin, options.length));
      replace({options.begin + 1, 0}, std::string(usage_option) + (alone ? "" : ","));
    } else if (fields_.stream_options_value.length > 0) {
      replace(fields_.stream_options_value, "{" + std::string(usage_option) + "}");
    } else {
      add_member("\"stream_options\":{" + std::string(usage_option) + "}");
    }
  }

  void cut_priority() {
    if (fields_.priority_member) replace(*fields_.priority_member, {});
    --members_left_;
  }

  // In the order of the body. New members stand at the front of the object.
  [[nodiscard]] std::vector<Replacement> finish() && {
    if (!members_.empty()) replace({fields_.object_open + 1, 0}, members_ + (members_left_ > 0 ? "," : ""));
    // What is put in at a place comes before what is cut out there.
    std::ranges::sort(replacements_, {},
                      [](const Replacement& one) { return std::pair(one.original.begin, one.original.length); });
    return std::move(replacements_);
  }

 private:
  void replace(Span original, std::string text) { replacements_.push_back({original, std::move(text)}); }
  void add_member(const std::string& member) { members_ += (members_.empty() ? "" : ",") + member; }

  std::string_view body_;
  const RequestFields& fields_;
  std::vector<Replacement> replacements_;
  std::string members_;
  std::size_t members_left_ = fields_.member_count;
};

}  // namespace

PatchedBody::PatchedBody(std::string_view body, const RequestFields& fields, const BodyPatch& patch) {
  Patcher patcher(body, fields);
  if (patch.model && *patch.model != fields.model) patcher.put_model(*patch.model);
  if (patch.output_cap) patcher.put_output_cap(*patch.output_cap, patch.cap_name);
  if (patch.include_usage && fields.stream && !fields.asks_usage) patcher.ask_for_usage();
  if (patch.remove_priority && fields.priority_member) patcher.cut_priority();
  const std::vector<Replacement> replacements = std::move(patcher).finish();

  std::size_t added_bytes = 0;
  for (const Replacement& one : replacements)
    added_bytes += one.text.size();
  added_.reserve(added_bytes);
  const auto put = [this](std::string_view piece) {
    if (piece.empty()) return;
    pieces_.push_back(piece);
    size_ += piece.size();
  };
  std::size_t from = 0;
  for (const Replacement& one : replacements) {
    put(body.substr(from, one.original.begin - from));
    const std::size_t text_begin = added_.size();
    added_ += one.text;
    put(std::string_view(added_).substr(text_begin));
    from = one.original.begin + one.original.length;
  }
  put(body.substr(from));
}

std::string PatchedBody::joined() const {
  std::string whole;
  whole.reserve(size_);
  for (const std::string_view piece : pieces_)
    whole += piece;
  return whole;
}

}  // namespace obleth::wire
