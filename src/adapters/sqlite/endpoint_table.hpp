// The endpoints of models, in SQLite; credentials are sealed. Faults are thrown as StoreFailure.
// Thread: the connection's.
#pragma once

#include <vector>

#include "adapters/sqlite/sealed_columns.hpp"
#include "domain/model.hpp"

namespace obleth::adapters {

class EndpointTable {
 public:
  EndpointTable(SqliteConnection& connection, const ports::SecretSealer& sealer)
      : connection_(connection), seal_(sealer, "endpoints") {}

  // These and no others, in this order.
  void replace(ModelId model, const std::vector<Endpoint>& endpoints) const;
  [[nodiscard]] std::vector<Endpoint> of(ModelId model) const;

 private:
  SqliteConnection& connection_;
  SealedColumns seal_;
};

}  // namespace obleth::adapters
