#include "adapters/redis/redis_script.hpp"

#include <openssl/sha.h>

#include <array>
#include <utility>

#include "base/hex_text.hpp"

namespace obleth::adapters {
namespace {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex_of(digest);
}

}  // namespace

RedisScript::RedisScript(std::string_view operation, std::string_view text)
    : operation_(operation), text_(text), hash_(sha1_hex(text)) {}

RedisCommand RedisScript::by_hash(const Input& input) const {
  return command("EVALSHA", hash_, input);
}

RedisCommand RedisScript::with_text(const Input& input) const {
  return command("EVAL", text_, input);
}

RedisCommand RedisScript::command(std::string verb, std::string script, const Input& input) const {
  RedisCommand made{.operation = operation_, .words = {}};
  made.words.reserve(3 + input.keys.size() + input.arguments.size());
  made.words.push_back(std::move(verb));
  made.words.push_back(std::move(script));
  made.words.push_back(std::to_string(input.keys.size()));
  made.words.insert(made.words.end(), input.keys.begin(), input.keys.end());
  made.words.insert(made.words.end(), input.arguments.begin(), input.arguments.end());
  return made;
}

}  // namespace obleth::adapters
