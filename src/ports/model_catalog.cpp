#include "ports/model_catalog.hpp"

#include <algorithm>
#include <utility>

namespace obleth::ports {

CatalogSnapshot::CatalogSnapshot(std::uint64_t version, std::vector<std::shared_ptr<const Model>> models)
    : version_(version), models_(std::move(models)) {
  std::ranges::sort(models_, {}, [](const auto& model) -> const std::string& { return model->model_name; });
  for (const auto& model : models_) {
    by_name_.emplace(model->model_name, model);
    for (const std::string& alias : model->aliases)
      by_name_.emplace(alias, model);
  }
}

std::shared_ptr<const Model> CatalogSnapshot::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::shared_ptr<const Model> CatalogSnapshot::find(const ModelId& id) const {
  const auto found = std::ranges::find(models_, id, [](const auto& model) { return model->id; });
  return found == models_.end() ? nullptr : *found;
}

}  // namespace obleth::ports
