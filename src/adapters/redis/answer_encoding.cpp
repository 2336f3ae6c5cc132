#include "adapters/redis/answer_encoding.hpp"

#include "adapters/redis/byte_archive.hpp"

// All fields of the type: one that is added to it does not compile until it is added here, and answer_layout is raised.
namespace obleth::ports {

template <class Archive>
void fields(Archive& archive, KeptAnswer& answer) {
  auto& [head_lines, body, event_stream, usage, kept_at, expires_at] = answer;
  auto& [prompt, cached, output, reasoning] = usage;
  archive(head_lines, body, event_stream, kept_at.unix_ms, expires_at.unix_ms);
  archive(prompt.value, cached.value, output.value, reasoning.value);
}

}  // namespace obleth::ports

namespace obleth::adapters {

std::string encode_answer(const ports::KeptAnswer& answer) {
  ByteWriter writer;
  writer(answer);
  return writer.take();
}

std::optional<ports::KeptAnswer> decode_answer(std::string_view bytes) {
  ports::KeptAnswer answer;
  ByteReader reader(bytes);
  reader(answer);
  if (!reader.is_complete()) return std::nullopt;
  return answer;
}

}  // namespace obleth::adapters
