#include "admin/desired_state.hpp"

#include <gtest/gtest.h>

#include <iterator>

namespace obleth::admin {
namespace {

Json named(std::string name) {
  return Json::object({{"name", std::move(name)}});
}

TEST(DesiredState, AResourceIsStatedOnceInTheOrderOfTheDocument) {
  Reading reading(ReadMode::change);
  const StatedItems items = stated_items(Json::list({named("b"), named("a"), named("b")}), "name", reading);
  std::vector<std::string> told;
  for (const StatedItem& item : items)
    told.push_back(item.name + item.step);
  EXPECT_EQ(told, (std::vector<std::string>{"b[0]", "a[1]"}));
  EXPECT_EQ(reading.problems(), (std::vector<Problem>{{"[2]", "names \"b\" a second time"}}));
  EXPECT_TRUE(items.contains("a"));
  EXPECT_FALSE(items.contains("c"));
}

// Where each name is compared with each, this takes minutes.
TEST(DesiredState, NamesOfALargeSectionAreToldApart) {
  constexpr std::size_t count = 100'000;
  Json section = Json::list();
  for (std::size_t at = 0; at < count; ++at)
    section.append(named("tenant-" + std::to_string(at)));
  Reading reading(ReadMode::change);
  const StatedItems items = stated_items(section, "name", reading);
  EXPECT_EQ(std::ranges::distance(items), static_cast<std::ptrdiff_t>(count));
  EXPECT_FALSE(reading.failed());
}

}  // namespace
}  // namespace obleth::admin
