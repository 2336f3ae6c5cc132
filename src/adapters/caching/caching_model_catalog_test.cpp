#include "adapters/caching/caching_model_catalog.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "adapters/caching/scripted_store_test.hpp"

namespace obleth::adapters {
namespace {

Model a_model(std::string name, std::vector<std::string> aliases = {}) {
  Model model;
  model.id = ModelId{{1, std::hash<std::string>{}(name)}};
  model.model_name = std::move(name);
  model.aliases = std::move(aliases);
  return model;
}

class ModelCatalog : public testing::Test {
 protected:
  ScriptedStore store_;
  CachingModelCatalog catalog_{store_};
};

TEST_F(ModelCatalog, IsNullUntilItIsLoaded) {
  EXPECT_EQ(catalog_.snapshot(), nullptr);
  ASSERT_TRUE(catalog_.reload().run_now());
  ASSERT_NE(catalog_.snapshot(), nullptr);
  EXPECT_TRUE(catalog_.snapshot()->models().empty());
}

TEST_F(ModelCatalog, ModelsAreFoundByNameAliasAndId) {
  store_.models = {a_model("llama", {"l", "llama-3"}), a_model("embed")};
  ASSERT_TRUE(catalog_.reload().run_now());
  const auto snapshot = catalog_.snapshot();
  EXPECT_EQ(snapshot->version(), 1U);
  EXPECT_EQ(snapshot->find("llama-3"), snapshot->find("llama"));
  EXPECT_EQ(snapshot->find(store_.models[1].id)->model_name, "embed");
  EXPECT_EQ(snapshot->find("nobody"), nullptr);
}

TEST_F(ModelCatalog, ReloadIsSeenAtOnceAndEarlierSnapshotsStand) {
  store_.models = {a_model("llama")};
  ASSERT_TRUE(catalog_.reload().run_now());
  const auto before = catalog_.snapshot();
  store_.models = {a_model("embed")};
  ++store_.version_now;
  ASSERT_TRUE(catalog_.reload().run_now());
  EXPECT_NE(catalog_.snapshot()->find("embed"), nullptr);
  EXPECT_EQ(catalog_.snapshot()->find("llama"), nullptr);
  EXPECT_NE(before->find("llama"), nullptr);
}

TEST_F(ModelCatalog, SnapshotStaysWhenTheStoreDoesNotAnswer) {
  store_.models = {a_model("llama")};
  ASSERT_TRUE(catalog_.reload().run_now());
  store_.down = true;
  EXPECT_FALSE(catalog_.reload().run_now());
  EXPECT_NE(catalog_.snapshot()->find("llama"), nullptr);
}

TEST_F(ModelCatalog, OlderReadDoesNotReplaceANewerOne) {
  store_.models = {a_model("new")};
  store_.version_now = 9;
  ASSERT_TRUE(catalog_.reload().run_now());
  store_.models = {a_model("old")};
  store_.version_now = 8;
  ASSERT_TRUE(catalog_.reload().run_now());
  EXPECT_NE(catalog_.snapshot()->find("new"), nullptr);
}

TEST_F(ModelCatalog, CatalogsOfOneThreadAreNotMixedUp) {
  ScriptedStore other_store;
  CachingModelCatalog other(other_store);
  store_.models = {a_model("llama")};
  other_store.models = {a_model("embed")};
  ASSERT_TRUE(catalog_.reload().run_now());
  ASSERT_TRUE(other.reload().run_now());
  EXPECT_NE(catalog_.snapshot()->find("llama"), nullptr);
  EXPECT_NE(other.snapshot()->find("embed"), nullptr);
  EXPECT_NE(catalog_.snapshot()->find("llama"), nullptr);
}

TEST_F(ModelCatalog, ThreadsReadWhileItIsReloadedAndNeverGoBack) {
  store_.models = {a_model("llama")};
  ASSERT_TRUE(catalog_.reload().run_now());
  std::atomic<bool> done = false;
  std::atomic<int> went_back = 0;
  {
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 3; ++reader) {
      readers.emplace_back([this, &done, &went_back] {
        std::uint64_t last = 0;
        while (!done) {
          const std::uint64_t version = catalog_.snapshot()->version();
          if (version < last) ++went_back;
          last = version;
        }
      });
    }
    for (int reload = 0; reload < 500; ++reload) {
      ++store_.version_now;
      EXPECT_TRUE(catalog_.reload().run_now());
    }
    done = true;
  }
  EXPECT_EQ(went_back, 0);
}

}  // namespace
}  // namespace obleth::adapters
