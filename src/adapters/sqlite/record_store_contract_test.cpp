#include "ports/record_store_contract_test.hpp"

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/sqlite/sqlite_record_store.hpp"

namespace obleth::adapters {
namespace {

const AesGcmSealer& sealer() {
  static const AesGcmSealer sealer(EncryptionKey(EncryptionKey::Bytes{1}), std::nullopt);
  return sealer;
}

std::unique_ptr<ports::RecordStore> in_memory() {
  return std::move(*SqliteRecordStore::open({.path = ":memory:", .bytes_max = 0}, sealer()));
}

INSTANTIATE_TEST_SUITE_P(Sqlite, RecordStoreContract, testing::Values(RecordStoreFactory{in_memory}));

}  // namespace
}  // namespace obleth::adapters
