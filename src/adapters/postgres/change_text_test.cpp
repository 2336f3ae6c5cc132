#include "adapters/postgres/change_text.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

const TenantId tenant{{1, 2}};
const KeyId key{{3, 4}};

TEST(ChangeText, EveryChangeComesBackAsItWasSent) {
  const std::vector<ports::Change> changes{ports::EverythingChanged{},   ports::ModelsChanged{},
                                           ports::GroupsChanged{},       ports::McpServersChanged{},
                                           ports::SettingsChanged{},     ports::AdminTokensChanged{},
                                           ports::TenantChanged{tenant}, ports::KeyChanged{key, tenant}};
  for (const ports::Change& change : changes)
    EXPECT_EQ(change_of_text(text_of_change(change)).index(), change.index());
  const ports::Change back = change_of_text(text_of_change(ports::KeyChanged{key, tenant}));
  EXPECT_EQ(std::get<ports::KeyChanged>(back).key, key);
  EXPECT_EQ(std::get<ports::KeyChanged>(back).tenant, tenant);
  EXPECT_EQ(std::get<ports::TenantChanged>(change_of_text(text_of_change(ports::TenantChanged{tenant}))).tenant,
            tenant);
}

TEST(ChangeText, WhatIsNotUnderstoodMeansEverything) {
  for (const char* text : {"", "dragons", "key", "key 12", "tenant zz", "everything"})
    EXPECT_TRUE(std::holds_alternative<ports::EverythingChanged>(change_of_text(text))) << text;
}

}  // namespace
}  // namespace obleth::adapters
