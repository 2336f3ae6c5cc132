#include "gateway/model_listing.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gateway/resolve_model.hpp"
#include "wire/model_list.hpp"

namespace obleth::gateway {
namespace {

constexpr Duration list_timeout = std::chrono::seconds(5);
constexpr std::size_t list_bytes_max = 4 << 20;

Task<std::optional<std::string>> fetch_list(const Identified& identified, ModelSourcesOfList sources) {
  const UpstreamAddress& address = *sources.policy.default_upstream;
  const std::string head =
      "GET " + join_target(address, "/v1/models") + " HTTP/1.1\r\nHost: " + address.authority +
      "\r\nAccept: application/json\r\nVia: 1.1 obleth\r\nx-request-id: " + identified.event_id.hex() + "\r\n\r\n";
  const ports::UpstreamCall call{.address = &address,
                                 .head = head,
                                 .head_timeout = list_timeout,
                                 .idle_timeout = list_timeout,
                                 .cancel = &identified.exchange->departure()};
  const Result<std::unique_ptr<ports::UpstreamAnswer>> answer = co_await sources.upstream.send(call);
  if (!answer || (*answer)->head().status != 200) co_return std::nullopt;
  std::string body;
  while (body.size() <= list_bytes_max) {
    const Result<std::string_view> piece = co_await (*answer)->read();
    if (!piece) co_return std::nullopt;
    if (piece->empty()) co_return body;
    body.append(*piece);
  }
  co_return std::nullopt;
}

// An allow-list in which a name is found at once: everything that is listed is looked up in it. It views the list.
class AllowedNames {
 public:
  explicit AllowedNames(const std::optional<std::vector<std::string>>& list) {
    if (list) names_.emplace(list->begin(), list->end());
  }
  // As may_use_model decides.
  [[nodiscard]] bool allow(std::string_view id, const Model* model) const {
    if (!names_ || names_->contains(id)) return true;
    return model != nullptr &&
           (names_->contains(model->model_name) ||
            std::ranges::any_of(model->aliases, [&](const std::string& alias) { return names_->contains(alias); }));
  }

 private:
  std::optional<std::unordered_set<std::string_view>> names_;  // nullopt: all are allowed
};

wire::ListedModel entry_of(const Model& model) {
  return wire::registered_model(model.model_name, model.created_at.unix_ms / 1000, model.context_window);
}

// What is registered stands in the place of the same id, or at the end.
std::vector<wire::ListedModel> with_registered(std::vector<wire::ListedModel> theirs,
                                               const ports::CatalogSnapshot& registry) {
  std::unordered_map<std::string_view, const Model*> unplaced;
  for (const auto& model : registry.models())
    unplaced.emplace(model->model_name, model.get());
  std::vector<wire::ListedModel> models;
  models.reserve(theirs.size() + unplaced.size());
  for (wire::ListedModel& listed : theirs) {
    const auto same = unplaced.find(listed.id);
    if (same == unplaced.end()) {
      models.push_back(std::move(listed));
    } else if (const Model* ours = std::exchange(same->second, nullptr); ours != nullptr && ours->enabled) {
      models.push_back(entry_of(*ours));
    }
  }
  for (const auto& model : registry.models()) {
    if (model->enabled && unplaced.at(model->model_name) != nullptr) models.push_back(entry_of(*model));
  }
  return models;
}

std::vector<wire::ListedModel> merge(std::optional<std::string> upstream_list, const ports::CatalogSnapshot& registry,
                                     const ResolvedKey& who) {
  std::vector<wire::ListedModel> theirs;
  if (upstream_list) theirs = wire::read_model_list(*upstream_list).value_or(std::vector<wire::ListedModel>{});
  std::vector<wire::ListedModel> models = with_registered(std::move(theirs), registry);
  if (has_allow_list(who)) {
    const AllowedNames by_tenant(who.tenant.allowed_models);
    const AllowedNames by_key(who.key.allowed_models);
    std::erase_if(models, [&](const wire::ListedModel& listed) {
      const auto model = registry.find(listed.id);
      return !by_tenant.allow(listed.id, model.get()) || !by_key.allow(listed.id, model.get());
    });
  }
  return models;
}

}  // namespace

Task<Outcome<std::string>> list_models(const Identified& identified, ModelSourcesOfList sources) {
  const auto registry = sources.catalog.snapshot();
  if (!registry) co_return refuse(store_unavailable());
  std::optional<std::string> upstream_list;
  if (sources.policy.default_upstream) upstream_list = co_await fetch_list(identified, sources);
  std::vector<wire::ListedModel> models = merge(std::move(upstream_list), *registry, *identified.who);

  const std::string& wanted = identified.route.model_id;
  if (wanted.empty()) co_return wire::render_model_list(models);
  auto found = std::ranges::find(models, wanted, &wire::ListedModel::id);
  if (found == models.end()) {
    // An alias names the model behind it.
    const auto aliased = registry->find(wanted);
    if (aliased) found = std::ranges::find(models, aliased->model_name, &wire::ListedModel::id);
  }
  if (found == models.end()) co_return refuse(model_not_found(wanted));
  co_return std::move(found->object);
}

}  // namespace obleth::gateway
