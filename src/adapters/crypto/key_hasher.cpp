#include "adapters/crypto/key_hasher.hpp"

#include <openssl/rand.h>

#include <array>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

SecretHash hash_under(const std::optional<HmacSha256>& pepper, std::string_view secret) {
  return SecretHash{pepper ? pepper->of(secret) : sha256(secret)};
}

struct RememberedHash {
  SipHash fingerprint;
  SecretHash hash;
};
// 48 KiB for each thread that hashes. Fingerprints of two hashers never meet: their keys are random.
constexpr std::size_t remembered_max = 1024;
constinit thread_local std::array<RememberedHash, remembered_max> remembered{};

SipKey random_key() {
  SipKey key;
  const int done = RAND_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key);
  ensure(done == 1, "OpenSSL gives random bytes");
  return key;
}

}  // namespace

KeyHasher::KeyHasher(const std::optional<Secret>& pepper, const std::optional<Secret>& former_pepper)
    : has_former_(former_pepper.has_value()), fingerprint_key_(random_key()) {
  if (pepper && !pepper->empty()) pepper_.emplace(pepper->reveal());
  if (former_pepper && !former_pepper->empty()) former_pepper_.emplace(former_pepper->reveal());
}

SecretHash KeyHasher::hash(std::string_view secret) const {
  const SipHash fingerprint = sip_hash(fingerprint_key_, secret);
  RememberedHash& place = remembered[fingerprint.low % remembered_max];
  if (place.fingerprint != fingerprint) place = {fingerprint, hash_under(pepper_, secret)};
  return place.hash;
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
