#include "observe/health.hpp"

#include <gtest/gtest.h>

namespace obleth::observe {
namespace {

TEST(Readiness, ComesWithTheConfigurationAndGoesWithTheDrain) {
  Readiness readiness;
  EXPECT_FALSE(readiness.ready());
  EXPECT_EQ(readiness.detail_json(), R"({"ready":false,"reason":"the configuration is not loaded yet","stores":{}})");
  readiness.waiting_for("postgres");
  EXPECT_EQ(readiness.reason(), "waiting for postgres");
  readiness.configuration_loaded();
  EXPECT_TRUE(readiness.ready());
  EXPECT_EQ(readiness.detail_json(), R"({"ready":true,"reason":null,"stores":{}})");
  readiness.start_draining();
  EXPECT_FALSE(readiness.ready());
  EXPECT_EQ(readiness.detail_json(), R"({"ready":false,"reason":"draining","stores":{}})");
}

TEST(Readiness, TellsOfThisReplicasPartWhereSlotsAreShared) {
  Readiness readiness;
  readiness.configuration_loaded();
  readiness.set_slots({.lease = 8, .replicas = 2, .shared = true});
  EXPECT_EQ(readiness.detail_json(),
            R"({"ready":true,"reason":null,"stores":{},"slots":{"shared":true,"lease":8,"replicas":2}})");
}

TEST(Readiness, AStoreThatIsDownIsToldAndTakesNoReadinessAway) {
  Readiness readiness;
  readiness.configuration_loaded();
  readiness.set_store("sqlite", true);
  readiness.set_store("redis", false, "connection \"refused\"");
  EXPECT_TRUE(readiness.ready());
  EXPECT_EQ(readiness.detail_json(),
            R"({"ready":true,"reason":null,"stores":{"redis":{"up":false,"detail":"connection \"refused\""},)"
            R"("sqlite":{"up":true,"detail":null}}})");
  readiness.set_store("redis", true);
  EXPECT_TRUE(readiness.stores().at("redis").up);
}

}  // namespace
}  // namespace obleth::observe
