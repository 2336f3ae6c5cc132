// The part of the body reader that measures nested content: the items of responses, Anthropic's content blocks, and
// what is reranked.
#include <algorithm>

#include "wire/body_reader.hpp"

namespace obleth::wire {
namespace {

// Members that are read as text, and those that hold further blocks. The names of both APIs are distinct.
bool is_text_member(const JsonString& key) {
  return key.equals_any({"text", "refusal", "thinking", "name", "arguments", "title", "context"});
}
bool is_block_member(const JsonString& key) {
  return key.equals_any({"content", "output", "summary"});
}
bool is_media_member(const JsonString& key) {
  return key.equals_any({"source", "image_url", "file_data", "file_id", "file_url", "file", "input_audio", "audio_url",
                         "video_url", "result"});
}

}  // namespace

bool BodyReader::read_blocks(std::string_view param) {
  switch (cursor_.peek()) {
    case '"':
      return measure_text(param);
    case 'n':
      return cursor_.take_null();
    case '{':
      return read_block(param);
    case '[':
      return cursor_.take_array([&] {
        const char first = cursor_.peek();
        if (first == '"') return measure_text(param);
        return first == '{' ? read_block(param) : refuse("must be a string or an array of objects", param);
      });
    default:
      return refuse("must be a string or an array of objects", param);
  }
}

// A message, an item, or a content block: its text, the blocks in it, and a fixed cost for a picture or a file.
bool BodyReader::read_block(std::string_view param) {
  bool has_media = false;
  const bool whole = cursor_.take_object([&](const JsonString& key) {
    const char first = cursor_.peek();
    if (first == '"' && is_text_member(key)) return measure_text(param);
    if (is_block_member(key) && (first == '"' || first == '[' || first == '{')) return read_blocks(param);
    if (key.equals("input")) return measure_value(param);  // of a call
    if (key.equals("role")) ++fields_.text.messages;
    has_media = has_media || (first != 'n' && is_media_member(key));
    return cursor_.skip_value();
  });
  fields_.text.media_parts += has_media ? 1 : 0;
  return whole;
}

bool BodyReader::read_query() {
  has_query_ = true;
  std::swap(fields_.text, query_);
  const bool read = read_blocks("query");
  std::swap(fields_.text, query_);
  return read;
}

bool BodyReader::read_documents() {
  if (cursor_.peek() != '[') return read_blocks("documents");
  std::int64_t documents = 0;
  const bool whole = cursor_.take_array([&] {
    ++documents;
    return read_blocks("documents");
  });
  fields_.prompts = std::max<std::int64_t>(documents, 1);
  return whole;
}

}  // namespace obleth::wire
