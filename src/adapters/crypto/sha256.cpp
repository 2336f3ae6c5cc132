#include "adapters/crypto/sha256.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <span>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::uint8_t inner_pad = 0x36;
constexpr std::uint8_t outer_pad = 0x5C;

using Bytes = std::span<const std::uint8_t>;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

const EVP_MD* fetched_digest() {
  // Lives as long as the process: other statics may still hash while it ends.
  static const EVP_MD* digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  ensure(digest != nullptr, "OpenSSL has SHA-256");
  return digest;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

template <class Parts>
Sha256Digest digest_of(const Parts& parts) {
  static thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  bool done = EVP_DigestInit_ex2(context.get(), fetched_digest(), nullptr) == 1;
  for (const auto& part : parts) {
    done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  Sha256Digest digest;
  done = done && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  ensure(done, "SHA-256 of bytes in memory succeeds");
  return digest;
}

}  // namespace

Sha256Digest sha256(std::string_view text) {
  return digest_of(std::array{bytes_of(text)});
}

Sha256Digest sha256(std::span<const std::string_view> parts) {
  return digest_of(parts);
}

HmacSha256::HmacSha256(std::string_view key) {
  Block block{};
  if (key.size() > block.size()) {
    std::ranges::copy(sha256(key), block.begin());
  } else {
    std::ranges::copy(bytes_of(key), block.begin());
  }
  for (std::size_t at = 0; at < block.size(); ++at) {
    inner_key_[at] = block[at] ^ inner_pad;
    outer_key_[at] = block[at] ^ outer_pad;
  }
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::~HmacSha256() {
  OPENSSL_cleanse(inner_key_.data(), inner_key_.size());
  OPENSSL_cleanse(outer_key_.data(), outer_key_.size());
}

Sha256Digest HmacSha256::of(std::string_view text) const {
  const Sha256Digest inner = digest_of(std::array<Bytes, 2>{inner_key_, bytes_of(text)});
  return digest_of(std::array<Bytes, 2>{outer_key_, inner});
}

}  // namespace obleth::adapters
