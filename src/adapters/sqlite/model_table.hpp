// Models with their names and endpoints, in SQLite; credentials are sealed. Faults are thrown as StoreFailure.
// Thread: the connection's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/endpoint_table.hpp"
#include "adapters/sqlite/record_table.hpp"
#include "adapters/sqlite/sealed_columns.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class ModelTable {
 public:
  ModelTable(SqliteConnection& connection, const ports::SecretSealer& sealer)
      : connection_(connection),
        seal_(sealer, "models"),
        rows_(connection, "models", "model"),
        endpoints_(connection, sealer) {}

  // conflict, naming model_name or aliases, when another model answers to one of its names.
  void put(const ports::PutModel& write) const;
  void erase(ModelId id) const { rows_.erase(id.bits); }  // its names and endpoints go with it

  [[nodiscard]] std::optional<Model> find(const std::string& id_or_name) const;  // not by alias
  [[nodiscard]] ports::Page<Model> page(const ports::PageRequest& request) const;
  [[nodiscard]] std::vector<Model> all() const;

 private:
  void check_names_free(const Model& model) const;
  void check_name_free(ModelId id, const std::string& name, const char* field) const;
  void put_row(const Model& model) const;
  void replace_names(const Model& model) const;
  [[nodiscard]] Model read(Row& row) const;

  SqliteConnection& connection_;
  SealedColumns seal_;
  RecordTable rows_;
  EndpointTable endpoints_;
};

}  // namespace obleth::adapters
