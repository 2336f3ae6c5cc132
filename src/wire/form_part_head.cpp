#include "wire/form_part_head.hpp"

#include "domain/http_message.hpp"
#include "wire/form_scanner.hpp"
#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

std::size_t token_bytes(std::string_view text) {
  return static_cast<std::size_t>(skip_class(text.data(), text.data() + text.size(), token_char) - text.data());
}

std::string_view take_token(std::string_view& text) {
  const std::string_view token = text.substr(0, token_bytes(text));
  text.remove_prefix(token.size());
  return token;
}

bool read_disposition(std::string_view value, FormPartHead& head) {
  if (!equals_ignoring_case(take_token(value), "form-data")) return false;
  bool has_name = false;
  for (value = trim_blanks(value); !value.empty(); value = trim_blanks(value)) {
    const std::optional<HeaderParameter> parameter = take_parameter(value);
    if (!parameter) return false;
    if (equals_ignoring_case(parameter->name, "name*")) return false;
    if (equals_ignoring_case(parameter->name, "name")) {
      if (has_name || parameter->has_backslash) return false;
      has_name = true;
      head.name = parameter->value;
    }
    head.is_file = head.is_file || equals_ignoring_case(parameter->name, "filename") ||
                   equals_ignoring_case(parameter->name, "filename*");
  }
  return has_name;
}

bool keeps_bytes(std::string_view encoding) {
  return equals_ignoring_case(encoding, "binary") || equals_ignoring_case(encoding, "8bit") ||
         equals_ignoring_case(encoding, "7bit");
}

}  // namespace

std::optional<HeaderParameter> take_parameter(std::string_view& text) {
  if (!text.starts_with(';')) return std::nullopt;
  text = trim_blanks(text.substr(1));
  HeaderParameter parameter{.name = take_token(text), .value = {}};
  if (parameter.name.empty() || !text.starts_with('=')) return std::nullopt;
  text.remove_prefix(1);
  if (!text.starts_with('"')) {
    parameter.value = take_token(text);
    return parameter.value.empty() ? std::nullopt : std::optional(parameter);
  }
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') {
    parameter.has_backslash = parameter.has_backslash || text[end] == '\\';
    end += text[end] == '\\' ? 2 : 1;
  }
  if (end >= text.size()) return std::nullopt;
  parameter.value = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return parameter;
}

FormPartHead read_form_part_head(std::string_view lines) {
  FormPartHead head;
  bool has_disposition = false;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const std::string_view name = line.substr(0, token_bytes(line));
    if (name.empty() || !line.substr(name.size()).starts_with(':') || !all_in(line.substr(name.size()), value_char)) {
      return {.fault = "A header line of a part of the form is not valid.", .name = {}};
    }
    const std::string_view value = trim_blanks(line.substr(name.size() + 1));
    if (equals_ignoring_case(name, "content-transfer-encoding")) head.is_encoded = !keeps_bytes(value);
    if (!equals_ignoring_case(name, "content-disposition")) continue;
    if (has_disposition || !read_disposition(value, head)) {
      return {.fault = "Each part of the form needs one Content-Disposition: form-data with a plain name.", .name = {}};
    }
    has_disposition = true;
  }
  if (!has_disposition) head.fault = "A part of the form has no Content-Disposition.";
  return head;
}

bool is_form(std::string_view content_type) {
  return equals_ignoring_case(trim_blanks(content_type.substr(0, content_type.find(';'))), "multipart/form-data");
}

std::optional<std::string> form_boundary(std::string_view content_type) {
  std::string_view rest = trim_blanks(content_type.substr(std::min(content_type.find(';'), content_type.size())));
  std::optional<std::string> boundary;
  for (; !rest.empty(); rest = trim_blanks(rest)) {
    const std::optional<HeaderParameter> parameter = take_parameter(rest);
    if (!parameter) return std::nullopt;
    if (!equals_ignoring_case(parameter->name, "boundary")) continue;
    const std::string_view value = parameter->value;
    if (boundary || parameter->has_backslash || value.empty() || value.size() > form_boundary_bytes_max ||
        value.ends_with(' ') || !all_in(value, value_char)) {
      return std::nullopt;
    }
    boundary = value;
  }
  return boundary;
}

}  // namespace obleth::wire
