#include "gateway/model_listing.hpp"

#include <algorithm>
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

// Added at the end, or in the place of the same id.
void put(std::vector<wire::ListedModel>& models, wire::ListedModel ours) {
  const auto same = std::ranges::find(models, ours.id, &wire::ListedModel::id);
  if (same == models.end()) {
    models.push_back(std::move(ours));
  } else {
    *same = std::move(ours);
  }
}

std::vector<wire::ListedModel> merge(std::optional<std::string> upstream_list, const ports::CatalogSnapshot& registry,
                                     const ResolvedKey& who) {
  std::vector<wire::ListedModel> models;
  if (upstream_list) models = wire::read_model_list(*upstream_list).value_or(std::vector<wire::ListedModel>{});
  for (const auto& model : registry.models()) {
    if (!model->enabled) {
      std::erase_if(models, [&](const wire::ListedModel& listed) { return listed.id == model->model_name; });
      continue;
    }
    put(models, wire::registered_model(model->model_name, model->created_at.unix_ms / 1000, model->context_window));
  }
  if (has_allow_list(who)) {
    std::erase_if(models, [&](const wire::ListedModel& listed) {
      return !may_use_model(who, listed.id, registry.find(listed.id).get());
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
