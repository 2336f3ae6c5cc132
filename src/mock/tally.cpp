#include "mock/tally.hpp"

#include <boost/json.hpp>

namespace obleth::mock {
namespace {

void clear(ModelCount& count) {
  count.requests = 0;
  count.prompt_tokens = 0;
  count.output_tokens = 0;
}

void add_member(boost::json::object& per_model, const ModelCount& count) {
  per_model[count.name] = {{"requests", count.requests.load()},
                           {"prompt_tokens", count.prompt_tokens.load()},
                           {"output_tokens", count.output_tokens.load()}};
}

}  // namespace

Tally::Tally(std::span<const std::string> models) {
  for (const std::string& model : models)
    models_.emplace_back(model);
}

Tally::Open::Open(Tally& tally) : tally_(tally) {
  tally_.requests_.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t open = tally_.open_.fetch_add(1, std::memory_order_relaxed) + 1;
  std::int64_t most = tally_.most_open_.load(std::memory_order_relaxed);
  while (open > most && !tally_.most_open_.compare_exchange_weak(most, open, std::memory_order_relaxed)) {
  }
}

Tally::Open::~Open() {
  tally_.open_.fetch_sub(1, std::memory_order_relaxed);
}

void Tally::Open::name(std::string_view model) {
  model_ = &tally_.count_of(model);
  model_->requests.fetch_add(1, std::memory_order_relaxed);
}

void Tally::Open::add_prompt(std::int64_t tokens) {
  tally_.prompt_tokens_.fetch_add(tokens, std::memory_order_relaxed);
  if (model_ != nullptr) model_->prompt_tokens.fetch_add(tokens, std::memory_order_relaxed);
}

void Tally::Open::add_output(std::int64_t tokens) {
  tally_.output_tokens_.fetch_add(tokens, std::memory_order_relaxed);
  if (model_ != nullptr) model_->output_tokens.fetch_add(tokens, std::memory_order_relaxed);
}

void Tally::Open::note_aborted() {
  tally_.aborted_.fetch_add(1, std::memory_order_relaxed);
}

ModelCount& Tally::count_of(std::string_view model) {
  for (ModelCount& count : models_)
    if (count.name == model) return count;
  const std::scoped_lock lock(mutex_);
  for (ModelCount& count : other_models_)
    if (count.name == model) return count;
  if (other_models_.size() < other_models_max) return other_models_.emplace_back(model);
  if (other_models_.size() == other_models_max) other_models_.emplace_back("other");
  return other_models_.back();
}

void Tally::reset() {
  requests_ = 0;
  prompt_tokens_ = 0;
  output_tokens_ = 0;
  aborted_ = 0;
  most_open_ = open_.load();
  for (ModelCount& count : models_)
    clear(count);
  const std::scoped_lock lock(mutex_);
  for (ModelCount& count : other_models_)
    clear(count);
}

std::string Tally::render() const {
  boost::json::object per_model;
  for (const ModelCount& count : models_)
    add_member(per_model, count);
  {
    const std::scoped_lock lock(mutex_);
    for (const ModelCount& count : other_models_)
      if (count.requests.load() != 0) add_member(per_model, count);
  }
  const boost::json::object stats = {{"requests", requests_.load()},
                                     {"prompt_tokens", prompt_tokens_.load()},
                                     {"output_tokens", output_tokens_.load()},
                                     {"open", open_.load()},
                                     {"aborted", aborted_.load()},
                                     {"most_open", most_open_.load()},
                                     {"per_model", std::move(per_model)}};
  return boost::json::serialize(stats);
}

}  // namespace obleth::mock
