// How often the record is asked for models: each other caller of the store waits for every one of these questions.
#include <gtest/gtest.h>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/sql/model_table.hpp"
#include "adapters/sqlite/migrations.hpp"

namespace obleth::adapters {
namespace {

class CountedSession final : public SqlSession {
 public:
  explicit CountedSession(SqlSession& session) : session_(session) {}
  [[nodiscard]] std::unique_ptr<SqlRows> ask(std::string_view sql, std::span<const SqlValue> values) override {
    ++asked;
    return session_.ask(sql, values);
  }
  [[nodiscard]] std::int64_t rows_changed() const override { return session_.rows_changed(); }

  int asked = 0;

 private:
  void begin(TransactionKind) override {}
  void commit() override {}
  void roll_back() noexcept override {}

  SqlSession& session_;
};

class ModelQuestions : public testing::Test {
 protected:
  ModelQuestions() {
    migrate(connection_, record_migrations());
    for (std::uint64_t number = 0; number < model_count; ++number) {
      Model model;
      model.id = ModelId{{(number * 7) % model_count, 1}};  // not in the order in which they were made
      model.model_name = "m" + std::to_string(number);
      model.created_at = WallTime{static_cast<std::int64_t>(number / 2)};
      for (std::uint64_t endpoint = 0; endpoint < number % 3; ++endpoint)
        model.endpoints.push_back({.id = EndpointId{{number, 9 - endpoint}}, .api_base = std::to_string(endpoint)});
      models_.put({model, true});
    }
    session_.asked = 0;
  }
  void expect_own_endpoints(const std::vector<Model>& models) {
    for (const Model& model : models) {
      const std::size_t number = std::stoul(model.model_name.substr(1));
      EXPECT_EQ(model.endpoints.size(), number % 3) << model.model_name;
      for (std::size_t place = 0; place < model.endpoints.size(); ++place) {
        EXPECT_EQ(model.endpoints[place].id.bits.high, number) << model.model_name;
        EXPECT_EQ(model.endpoints[place].api_base, std::to_string(place)) << model.model_name;
      }
    }
  }

  static constexpr std::uint64_t model_count = 20;
  SqliteConnection connection_{{":memory:"}};
  AesGcmSealer sealer_{std::nullopt, std::nullopt};
  CountedSession session_{connection_};
  ModelTable models_{session_, sealer_};
};

TEST_F(ModelQuestions, AllModelsWithTheirEndpointsAreTwo) {
  const std::vector<Model> all = models_.all();
  EXPECT_EQ(all.size(), model_count);
  EXPECT_EQ(session_.asked, 2);
  expect_own_endpoints(all);
}

TEST_F(ModelQuestions, APageOfThemIsTwo) {
  const auto page = models_.page({.limit = 5, .cursor = {}, .name_contains = "1"});
  EXPECT_EQ(page.rows.size(), 5U);
  EXPECT_EQ(session_.asked, 2);
  expect_own_endpoints(page.rows);
}

TEST_F(ModelQuestions, OneModelIsTwo) {
  const auto found = models_.find("m5");
  ASSERT_TRUE(found);
  EXPECT_EQ(session_.asked, 2);
  EXPECT_EQ(found->endpoints.size(), 2U);
  expect_own_endpoints({*found});
}

}  // namespace
}  // namespace obleth::adapters
