// The endpoints of models; credentials are sealed. Faults are thrown as StoreFailure.
// Thread: the session's.
#pragma once

#include <span>
#include <vector>

#include "adapters/sql/sealed_columns.hpp"
#include "domain/model.hpp"

namespace obleth::adapters {

class EndpointTable {
 public:
  EndpointTable(SqlSession& session, const ports::SecretSealer& sealer)
      : session_(session), seal_(sealer, "endpoints") {}

  // These and no others, in this order.
  void replace(ModelId model, const std::vector<Endpoint>& endpoints) const;
  // Gives the models theirs, by one question however many they are. They stand in the order in which they were made.
  void read_into(std::span<Model> models) const;

 private:
  [[nodiscard]] Endpoint read(QueryRow& row) const;

  SqlSession& session_;
  SealedColumns seal_;
};

}  // namespace obleth::adapters
