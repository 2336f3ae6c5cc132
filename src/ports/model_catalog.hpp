// The registry of models as one immutable snapshot, swapped by pointer when the configuration changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/model.hpp"

namespace obleth::ports {

class CatalogSnapshot {
 public:
  CatalogSnapshot(std::uint64_t version, std::vector<std::shared_ptr<const Model>> models);
  [[nodiscard]] std::uint64_t version() const { return version_; }
  // By model_name or alias, enabled or not; null when unknown.
  [[nodiscard]] std::shared_ptr<const Model> find(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<const Model> find(const ModelId& id) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const Model>>& models() const { return models_; }

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  std::uint64_t version_;
  std::vector<std::shared_ptr<const Model>> models_;  // by name
  std::unordered_map<std::string, std::shared_ptr<const Model>, NameHash, std::equal_to<>> by_name_;
};

class ModelCatalog {
 public:
  virtual ~ModelCatalog() = default;
  // Any thread. Null until the configuration is loaded.
  [[nodiscard]] virtual std::shared_ptr<const CatalogSnapshot> snapshot() const = 0;
};

}  // namespace obleth::ports
