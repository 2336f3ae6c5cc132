#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/postgres/postgres_record_store.hpp"
#include "adapters/postgres/test_database_test.hpp"
#include "ports/record_store_contract_test.hpp"

namespace obleth::adapters {
namespace {

const AesGcmSealer& sealer() {
  static const AesGcmSealer sealer(EncryptionKey(EncryptionKey::Bytes{1}), std::nullopt);
  return sealer;
}

std::unique_ptr<ports::RecordStore> in_a_fresh_database() {
  return std::move(*PostgresRecordStore::open(test_server().address(test_server().make_database()), sealer(),
                                              {.deadlines = patient}));
}

INSTANTIATE_TEST_SUITE_P(Postgres, RecordStoreContract, testing::Values(RecordStoreFactory{in_a_fresh_database}));

}  // namespace
}  // namespace obleth::adapters
