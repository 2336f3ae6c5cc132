#include "adapters/postgres/portable_text.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

TEST(PortableText, PlaceholdersAreNumberedInTheirOrder) {
  EXPECT_EQ(in_postgres_words("SELECT 1 WHERE (a, b) > (?, ?) LIMIT ?"), "SELECT 1 WHERE (a, b) > ($1, $2) LIMIT $3");
}

TEST(PortableText, NumberedPlaceholdersKeepTheirNumbers) {
  EXPECT_EQ(in_postgres_words("WHERE id = ?1 OR name = ?2 ORDER BY id = ?1"),
            "WHERE id = $1 OR name = $2 ORDER BY id = $1");
}

TEST(PortableText, PartOfATextIsFoundWithPostgresWord) {
  EXPECT_EQ(in_postgres_words("instr(lower(name), lower(?)) > 0"), "strpos(lower(name), lower($1)) > 0");
}

}  // namespace
}  // namespace obleth::adapters
