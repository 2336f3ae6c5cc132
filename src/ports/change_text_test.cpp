#include "ports/change_text.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace obleth::ports {
namespace {

const TenantId tenant{{1, 2}};
const KeyId key{{3, 4}};

TEST(ChangeText, EveryChangeComesBackAsItWasSent) {
  for (const Change& change :
       std::vector<Change>{EverythingChanged{}, ModelsChanged{}, GroupsChanged{}, McpServersChanged{},
                           SettingsChanged{}, AdminTokensChanged{}, TenantChanged{tenant}, KeyChanged{key, tenant}})
    EXPECT_EQ(change_of_text(text_of_change(change)), change);
}

TEST(ChangeText, WhatIsNotUnderstoodMeansEverything) {
  for (const char* text : {"", "dragons", "key", "key 12", "tenant zz", "everything"})
    EXPECT_TRUE(std::holds_alternative<EverythingChanged>(change_of_text(text))) << text;
}

}  // namespace
}  // namespace obleth::ports
