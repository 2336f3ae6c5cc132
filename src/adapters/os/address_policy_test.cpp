#include "adapters/os/address_policy.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

bool refused(std::string_view literal, const AddressPolicy& policy) {
  const auto address = NetAddress::parse(literal, 80);
  EXPECT_TRUE(address.has_value()) << literal;
  return is_refused_address(*address, policy);
}

TEST(AddressPolicy, RefusesLinkLocalAndMetadataAddressesAlways) {
  AddressPolicy allows_all;
  allows_all.allowed = {*Cidr::parse("0.0.0.0/0"), *Cidr::parse("::/0")};
  for (const char* literal :
       {"169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd20:ce::254", "224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "::ffff:0:169.254.169.254", "2002:a9fe:a9fe::1", "::a9fe:a9fe"}) {
    EXPECT_TRUE(refused(literal, allows_all)) << literal;
  }
}

TEST(AddressPolicy, AllowsPrivateRangesByDefault) {
  for (const char* literal : {"10.1.2.3", "127.0.0.1", "192.168.0.1", "172.16.0.1", "::1", "fd12::1", "8.8.8.8"})
    EXPECT_FALSE(refused(literal, {})) << literal;
}

TEST(AddressPolicy, RefusesPrivateRangesWhenToldToButForTheAllowedOnes) {
  AddressPolicy policy;
  policy.block_private_networks = true;
  policy.allowed = {*Cidr::parse("10.1.0.0/16"), *Cidr::parse("fd12::/16")};
  for (const char* literal : {"10.2.0.1", "127.0.0.1", "192.168.0.1", "172.31.255.255", "100.64.0.1", "0.0.0.0", "::1",
                              "::", "fd13::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
    EXPECT_TRUE(refused(literal, policy)) << literal;
  }
  for (const char* literal : {"10.1.2.3", "fd12::1", "8.8.8.8", "172.32.0.1", "2606:4700::1", "64:ff9b::808:808"})
    EXPECT_FALSE(refused(literal, policy)) << literal;
}

TEST(Cidr, ContainsByPrefixAtAnyBit) {
  EXPECT_TRUE(Cidr::parse("10.0.0.0/9")->contains(*NetAddress::parse("10.127.0.1", 0)));
  EXPECT_FALSE(Cidr::parse("10.0.0.0/9")->contains(*NetAddress::parse("10.128.0.1", 0)));
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(*NetAddress::parse("1.2.3.4", 0)));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(*NetAddress::parse("::1", 0)));
  EXPECT_TRUE(Cidr::parse("fd00::1")->contains(*NetAddress::parse("fd00::1", 0)));
  for (const char* malformed :
       {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "10.0.0.0/", "", "/8", "1.2.3.4/8x"})
    EXPECT_FALSE(Cidr::parse(malformed).has_value()) << malformed;
}

TEST(NetAddress, ReadsAndWritesListenAddresses) {
  EXPECT_EQ(NetAddress::parse_with_port("0.0.0.0:8080")->text(), "0.0.0.0:8080");
  EXPECT_EQ(NetAddress::parse_with_port(":8080")->text(), "0.0.0.0:8080");
  EXPECT_EQ(NetAddress::parse_with_port("[::1]:80")->text(), "[::1]:80");
  EXPECT_EQ(NetAddress::parse("::ffff:1.2.3.4", 5)->text(), "1.2.3.4:5");
  for (const char* malformed : {"", "8080", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "::1:80", "name:80", "1.2.3.4:8o"})
    EXPECT_FALSE(NetAddress::parse_with_port(malformed).has_value()) << malformed;
}

}  // namespace
}  // namespace obleth::adapters
