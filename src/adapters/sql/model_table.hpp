// Models with their names and endpoints; credentials are sealed. Faults are thrown as StoreFailure.
// Thread: the session's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/sql/endpoint_table.hpp"
#include "adapters/sql/record_table.hpp"
#include "adapters/sql/sealed_columns.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class ModelTable {
 public:
  ModelTable(SqlSession& session, const ports::SecretSealer& sealer)
      : session_(session), seal_(sealer, "models"), rows_(session, "models", "model"), endpoints_(session, sealer) {}

  // conflict, naming model_name or aliases, when another model answers to one of its names.
  void put(const ports::PutModel& write) const;
  // Before it is put: its name where that changes, and its aliases.
  void let_go_of_names(const Model& next) const;
  void erase(ModelId id) const { rows_.erase(id.bits); }  // its names and endpoints go with it

  [[nodiscard]] std::optional<Model> find(const std::string& id_or_name) const;  // not by alias
  [[nodiscard]] ports::Page<Model> page(const ports::PageRequest& request) const;
  [[nodiscard]] std::vector<Model> all() const;

 private:
  void check_names_free(const Model& model) const;
  void check_name_free(ModelId id, const std::string& name, const char* field) const;
  void put_row(const Model& model) const;
  void forget_names(ModelId id) const;
  void replace_names(const Model& model) const;
  [[nodiscard]] Model read(QueryRow& row) const;  // without its endpoints

  SqlSession& session_;
  SealedColumns seal_;
  RecordTable rows_;
  EndpointTable endpoints_;
};

}  // namespace obleth::adapters
