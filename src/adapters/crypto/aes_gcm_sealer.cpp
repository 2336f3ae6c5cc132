#include "adapters/crypto/aes_gcm_sealer.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdint>
#include <memory>
#include <span>

#include "adapters/crypto/base64.hpp"
#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view version_mark = "v1.";
constexpr std::string_view setting = "OBLETH_ENCRYPTION_KEY";
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const EVP_CIPHER* fetched_cipher() {
  static const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  ensure(cipher != nullptr, "OpenSSL has AES-256-GCM");
  return cipher;
}

int length_of(std::string_view text) {
  return static_cast<int>(text.size());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// nonce, ciphertext, tag
std::vector<std::uint8_t> encrypt(const EncryptionKey& key, std::string_view plain, std::string_view purpose) {
  std::vector<std::uint8_t> out(nonce_bytes + plain.size() + tag_bytes);
  bool done = RAND_bytes(out.data(), nonce_bytes) == 1;
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context.get();
  int written = 0;
  done = done && EVP_EncryptInit_ex2(c, fetched_cipher(), key.bytes().data(), out.data(), nullptr) == 1;
  done = done && EVP_EncryptUpdate(c, nullptr, &written, bytes_of(purpose), length_of(purpose)) == 1;
  unsigned char* text = out.data() + nonce_bytes;
  done = done && EVP_EncryptUpdate(c, text, &written, bytes_of(plain), length_of(plain)) == 1;
  unsigned char* tag = text + plain.size();
  done = done && EVP_EncryptFinal_ex(c, tag, &written) == 1;
  done = done && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, tag_bytes, tag) == 1;
  ensure(done, "AES-256-GCM over bytes in memory succeeds");
  return out;
}

std::optional<Secret> decrypt(const EncryptionKey& key, std::span<std::uint8_t> sealed, std::string_view purpose) {
  if (sealed.size() < nonce_bytes + tag_bytes) return std::nullopt;
  const auto text = sealed.subspan(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
  std::uint8_t* tag = sealed.data() + sealed.size() - tag_bytes;
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context.get();
  std::string plain(text.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int written = 0;
  bool done = EVP_DecryptInit_ex2(c, fetched_cipher(), key.bytes().data(), sealed.data(), nullptr) == 1;
  done = done && EVP_DecryptUpdate(c, nullptr, &written, bytes_of(purpose), length_of(purpose)) == 1;
  done = done && EVP_DecryptUpdate(c, out, &written, text.data(), static_cast<int>(text.size())) == 1;
  done = done && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, tag_bytes, tag) == 1;
  done = done && EVP_DecryptFinal_ex(c, out + text.size(), &written) == 1;
  Secret opened(std::move(plain));  // wiped whether it is authentic or not
  return done ? std::optional(std::move(opened)) : std::nullopt;
}

Fault cannot_open(const std::string& why) {
  Fault fault = store_fault(FaultKind::unavailable, "a stored credential cannot be opened: " + why);
  fault.may_retry = false;
  return fault;
}

}  // namespace

AesGcmSealer::AesGcmSealer(std::optional<EncryptionKey> current, std::optional<EncryptionKey> former)
    : current_(named(current)), former_(named(former)) {}

std::optional<AesGcmSealer::NamedKey> AesGcmSealer::named(const std::optional<EncryptionKey>& key) {
  if (!key) return std::nullopt;
  return NamedKey{*key, key->fingerprint()};
}

const AesGcmSealer::NamedKey* AesGcmSealer::key_named(std::string_view fingerprint) const {
  for (const auto* candidate : {&current_, &former_}) {
    if (*candidate && (*candidate)->fingerprint == fingerprint) return &**candidate;
  }
  return nullptr;
}

Result<std::string> AesGcmSealer::seal(const Secret& plain, std::string_view purpose) const {
  if (!current_) {
    return fail(client_fault(FaultKind::invalid,
                             "a credential cannot be stored without a key to encrypt it: set " + std::string(setting) +
                                 " to 32 bytes, as base64 or 64 hex digits",
                             std::string(setting)));
  }
  std::string sealed(version_mark);
  sealed += current_->fingerprint;
  sealed += '.';
  sealed += to_base64(encrypt(current_->key, plain.reveal(), purpose));
  return sealed;
}

bool AesGcmSealer::is_current(std::string_view sealed) const {
  return current_ && sealed.starts_with(std::string(version_mark) + current_->fingerprint + ".");
}

Result<Secret> AesGcmSealer::open(std::string_view sealed, std::string_view purpose) const {
  const std::size_t dot = sealed.find('.', version_mark.size());
  if (!sealed.starts_with(version_mark) || dot == std::string_view::npos) {
    return fail(cannot_open("it is not in a form that this version knows"));
  }
  const std::string_view fingerprint = sealed.substr(version_mark.size(), dot - version_mark.size());
  const NamedKey* named_key = key_named(fingerprint);
  if (named_key == nullptr) {
    return fail(cannot_open("it was sealed under the key " + std::string(fingerprint) + ", which is neither " +
                            std::string(setting) + " nor the former key"));
  }
  auto bytes = from_base64(sealed.substr(dot + 1));
  auto plain = bytes ? decrypt(named_key->key, *bytes, purpose) : std::nullopt;
  if (!plain) return fail(cannot_open("it was damaged, or moved here from another row"));
  return std::move(*plain);
}

}  // namespace obleth::adapters
