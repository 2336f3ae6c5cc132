#include "gateway/routes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace obleth::gateway {
namespace {

Route route_of(std::string_view target, const Policy& policy = {}) {
  const auto path = wire::normalise_target(target);
  EXPECT_TRUE(path) << target;
  return match_route(*path, policy);
}

TEST(Routes, EveryDialectIsPriced) {
  for (const char* path :
       {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "//v1//chat/completions/", "/v1/responses",
        "/v1/messages", "/v1/messages/count_tokens", "/v1/rerank", "/v1/audio/speech", "/v1/images/edits"}) {
    EXPECT_EQ(route_of(path).treatment, Treatment::priced) << path;
    EXPECT_EQ(route_of(path).methods, "POST") << path;
  }
}

TEST(Routes, AnUnknownModelIsRefusedOnlyByChatAndCompletions) {
  EXPECT_TRUE(route_of("/v1/chat/completions").rules().needs_registered_model);
  EXPECT_TRUE(route_of("/v1/completions").rules().needs_registered_model);
  for (const char* path : {"/v1/embeddings", "/v1/responses", "/v1/messages", "/v1/rerank", "/v1/audio/speech"})
    EXPECT_FALSE(route_of(path).rules().needs_registered_model) << path;
}

TEST(Routes, AModelsIdIsTheRestOfThePath) {
  EXPECT_EQ(route_of("/v1/models/meta/llama-3").model_id, "meta/llama-3");
  EXPECT_EQ(route_of("/v1/models/meta%2Fllama-3").model_id, "meta/llama-3");
  EXPECT_TRUE(route_of("/v1/models/").model_id.empty());
}

TEST(Routes, PathsThatControlAnInferenceServerAreRefusedInEveryMode) {
  for (const char* path :
       {"/pause", "/%70ause", "//sleep/", "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/metrics", "/metrics/",
        "/metrics/x", "/metricsx", "/metrics;a", "/metrics%2Fx", "//metrics?a=b", "/update_weights", "/collective_rpc",
        "/invocations", "/wake_up", "/stop_profile"}) {
    for (const PassThrough mode : {PassThrough::all, PassThrough::v1, PassThrough::off}) {
      EXPECT_EQ(route_of(path, {.pass_through = mode}).treatment, Treatment::refused) << path;
    }
  }
}

TEST(Routes, AnOperatorMayOpenAControlPath) {
  const Policy policy{.pass_through = PassThrough::off, .pass_through_allow = {"/sleep"}};
  EXPECT_EQ(route_of("/sleep", policy).treatment, Treatment::metered);
  EXPECT_EQ(route_of("/wake_up", policy).treatment, Treatment::refused);
}

TEST(Routes, OtherPathsPassAsTheModeSays) {
  EXPECT_EQ(route_of("/tokenize").treatment, Treatment::metered);
  EXPECT_EQ(route_of("/tokenize", {.pass_through = PassThrough::v1}).treatment, Treatment::not_found);
  EXPECT_EQ(route_of("/v1/anything", {.pass_through = PassThrough::v1}).treatment, Treatment::metered);
  EXPECT_EQ(route_of("/v1/anything", {.pass_through = PassThrough::off}).treatment, Treatment::not_found);
}

TEST(Routes, RoutesOfTheirOwnNeedNoPassThrough) {
  for (const char* path : {"/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/rerank",
                           "/v1/audio/transcriptions", "/v1/images/generations"})
    EXPECT_EQ(route_of(path, {.pass_through = PassThrough::off}).treatment, Treatment::priced) << path;
}

TEST(Routes, WellKnownPathsStayHere) {
  EXPECT_EQ(route_of("/.well-known/oauth-authorization-server").treatment, Treatment::not_found);
}

TEST(Routes, LabelsComeFromAClosedSet) {
  EXPECT_EQ(route_of("/some/path/of/a/client").name, "passthrough");
  EXPECT_EQ(route_of("/v1/audio/transcriptions").name, "/v1/audio/*");
  EXPECT_EQ(route_of("/v1/models/x").name, "/v1/models/{id}");
}

}  // namespace
}  // namespace obleth::gateway
