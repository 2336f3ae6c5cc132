#include "adapters/redis/change_text.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

TEST(ChangeText, EveryChangeComesAcross) {
  const TenantId tenant{{1, 2}};
  const KeyId key{{3, 4}};
  const std::vector<ports::Change> changes{ports::EverythingChanged{},   ports::ModelsChanged{},
                                           ports::GroupsChanged{},       ports::McpServersChanged{},
                                           ports::SettingsChanged{},     ports::AdminTokensChanged{},
                                           ports::TenantChanged{tenant}, ports::KeyChanged{key, tenant}};
  for (const ports::Change& change : changes) {
    const auto heard = decode_change(encode_change(change, "me"), "you");
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->index(), change.index());
  }
  const auto heard = decode_change(encode_change(ports::KeyChanged{key, tenant}, "me"), "you");
  EXPECT_EQ(std::get<ports::KeyChanged>(*heard).key, key);
  EXPECT_EQ(std::get<ports::KeyChanged>(*heard).tenant, tenant);
}

TEST(ChangeText, ASenderDoesNotHearItself) {
  EXPECT_FALSE(decode_change(encode_change(ports::ModelsChanged{}, "me"), "me"));
}

TEST(ChangeText, WhatIsNotUnderstoodMayBeAnything) {
  for (const char* text : {"", "2 you models", "1 you", "1 you wishes", "1 you key", "1 you tenant xyz"}) {
    const auto heard = decode_change(text, "me");
    ASSERT_TRUE(heard) << text;
    EXPECT_TRUE(std::holds_alternative<ports::EverythingChanged>(*heard)) << text;
  }
}

}  // namespace
}  // namespace obleth::adapters
