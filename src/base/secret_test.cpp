#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <array>
#include <new>
#include <ostream>
#include <type_traits>

namespace obleth {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

// Short enough to stand inside the object itself, where the test may look without reading freed memory.
constexpr std::string_view short_text = "hunter2";

bool holds_text(const void* object) {
  const std::string_view bytes(static_cast<const char*>(object), sizeof(Secret));
  return bytes.find(short_text) != std::string_view::npos;
}

TEST(Secret, RevealsWhatItHolds) {
  const Secret secret{std::string(short_text)};
  EXPECT_EQ(secret.reveal(), short_text);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(secret, Secret(std::string(short_text)));
  EXPECT_NE(secret, Secret("hunter3"));
}

TEST(Secret, IsWipedWhenItIsDestroyed) {
  alignas(Secret) std::array<char, sizeof(Secret)> room{};
  auto* secret = new (room.data()) Secret{std::string(short_text)};
  ASSERT_TRUE(holds_text(room.data()));
  secret->~Secret();
  EXPECT_FALSE(holds_text(room.data()));
}

TEST(Secret, IsWipedWhenItIsMovedFrom) {
  alignas(Secret) std::array<char, sizeof(Secret)> room{};
  auto* from = new (room.data()) Secret{std::string(short_text)};
  const Secret taken(std::move(*from));
  EXPECT_FALSE(holds_text(room.data()));
  EXPECT_EQ(taken.reveal(), short_text);

  *from = Secret{std::string(short_text)};
  Secret assigned;
  assigned = std::move(*from);
  EXPECT_FALSE(holds_text(room.data()));
  EXPECT_EQ(assigned.reveal(), short_text);
  from->~Secret();
}

TEST(Secret, IsWipedWhenAnotherIsPutInItsPlace) {
  alignas(Secret) std::array<char, sizeof(Secret)> room{};
  auto* secret = new (room.data()) Secret{std::string(short_text)};
  const Secret other("x");
  *secret = other;
  EXPECT_FALSE(holds_text(room.data()));
  EXPECT_EQ(secret->reveal(), "x");
  const Secret& itself = *secret;
  *secret = itself;
  EXPECT_EQ(secret->reveal(), "x");
  secret->~Secret();
}

}  // namespace
}  // namespace obleth
