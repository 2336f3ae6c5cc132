#include "mock/media_answers.hpp"

#include <algorithm>

#include "mock/json_text.hpp"

namespace obleth::mock {
namespace {

constexpr std::int64_t bytes_per_token = 1000;  // of a recording or a picture
constexpr std::int64_t picture_tokens = 272;
constexpr std::size_t speech_bytes = 4096;

std::string_view between(std::string_view text, std::string_view before, std::string_view behind) {
  const std::size_t found = text.find(before);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = text.substr(found + before.size());
  return rest.substr(0, rest.find(behind));
}

std::string_view model_in(std::string_view body) {
  const std::string_view field = between(body, "name=\"model\"\r\n\r\n", "\r\n");
  if (!field.empty()) return field;
  return between(body.substr(std::min(body.size(), body.find("\"model\"") + 7)), "\"", "\"");
}

}  // namespace

bool is_media_path(std::string_view path) {
  return path.starts_with("/v1/audio/") || path.starts_with("/v1/images/");
}

Reply media_answer(std::string_view path, std::string_view body) {
  Reply reply;
  write_parts(reply.more_lines, "x-mock-model: ", model_in(body), "\r\nx-mock-body-bytes: ", body.size(), "\r\n");
  const std::int64_t read = 1 + static_cast<std::int64_t>(body.size()) / bytes_per_token;
  if (path == "/v1/audio/speech") {
    reply.content_type = "audio/mpeg";
    reply.body.assign(speech_bytes, '\x55');
  } else if (path.starts_with("/v1/audio/")) {
    write_parts(reply.body, R"({"text":"one two","usage":{"type":"tokens","input_tokens":)", read,
                R"(,"input_token_details":{"text_tokens":0,"audio_tokens":)", read,
                R"(},"output_tokens":2,"total_tokens":)", read + 2, "}}");
  } else {
    write_parts(reply.body, R"({"created":0,"data":[{"b64_json":"iVBORw0KGgo="}],"usage":{"input_tokens":)", read,
                R"(,"input_tokens_details":{"text_tokens":)", read, R"(,"image_tokens":0},"output_tokens":)",
                picture_tokens, R"(,"total_tokens":)", read + picture_tokens, "}}");
  }
  return reply;
}

}  // namespace obleth::mock
