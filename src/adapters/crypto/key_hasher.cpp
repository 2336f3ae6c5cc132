#include "adapters/crypto/key_hasher.hpp"

namespace obleth::adapters {
namespace {

SecretHash hash_under(const std::optional<HmacSha256>& pepper, std::string_view secret) {
  return SecretHash{pepper ? pepper->of(secret) : sha256(secret)};
}

}  // namespace

KeyHasher::KeyHasher(const std::optional<Secret>& pepper, const std::optional<Secret>& former_pepper)
    : has_former_(former_pepper.has_value()) {
  if (pepper && !pepper->empty()) pepper_.emplace(pepper->reveal());
  if (former_pepper && !former_pepper->empty()) former_pepper_.emplace(former_pepper->reveal());
}

SecretHash KeyHasher::hash(std::string_view secret) const {
  return hash_under(pepper_, secret);
}

std::vector<SecretHash> KeyHasher::candidates(std::string_view secret) const {
  std::vector<SecretHash> hashes{hash(secret)};
  if (has_former_) {
    const SecretHash former = hash_under(former_pepper_, secret);
    if (former != hashes.front()) hashes.push_back(former);
  }
  return hashes;
}

}  // namespace obleth::adapters
