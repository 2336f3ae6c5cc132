#include "gateway/body_memory.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace obleth::gateway {
namespace {

constexpr TenantId some_tenant{{1, 1}};
constexpr TenantId other_tenant{{2, 2}};

TEST(BodyMemory, OneTenantHoldsAtMostAnEighth) {
  BodyMemory memory(800);
  BodyMemory::Lease lease = memory.lease(some_tenant);
  EXPECT_TRUE(lease.grow_to(100));
  EXPECT_FALSE(lease.grow_to(101));
  BodyMemory::Lease other = memory.lease(other_tenant);
  EXPECT_TRUE(other.grow_to(100));
}

TEST(BodyMemory, AllTenantsTogetherStayWithinTheBound) {
  BodyMemory memory(800);
  std::vector<BodyMemory::Lease> leases;
  for (std::uint64_t tenant = 1; tenant <= 8; ++tenant) {
    leases.push_back(memory.lease(TenantId{{tenant, 0}}));
    EXPECT_TRUE(leases.back().grow_to(100));
  }
  BodyMemory::Lease one_more = memory.lease(TenantId{{9, 0}});
  EXPECT_FALSE(one_more.grow_to(1));
  EXPECT_EQ(memory.held_bytes(), 800U);
}

TEST(BodyMemory, WhatALeaseHeldComesBack) {
  BodyMemory memory(800);
  {
    BodyMemory::Lease lease = memory.lease(some_tenant);
    ASSERT_TRUE(lease.grow_to(60));
    BodyMemory::Lease moved = std::move(lease);
    EXPECT_TRUE(moved.grow_to(100));
    EXPECT_EQ(memory.held_bytes(), 100U);
  }
  EXPECT_EQ(memory.held_bytes(), 0U);
}

TEST(BodyMemory, ARefusedGrowthTakesNothing) {
  BodyMemory memory(800);
  BodyMemory::Lease lease = memory.lease(some_tenant);
  EXPECT_FALSE(lease.grow_to(500));
  EXPECT_EQ(memory.held_bytes(), 0U);
}

TEST(BodyMemory, ThreadsLeaveNothingBehind) {
  BodyMemory memory(1 << 20);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&memory] {
      for (std::uint64_t round = 0; round < 2000; ++round) {
        BodyMemory::Lease lease = memory.lease(TenantId{{round % 7, 0}});
        static_cast<void>(lease.grow_to(round));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(memory.held_bytes(), 0U);
}

}  // namespace
}  // namespace obleth::gateway
