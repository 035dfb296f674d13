#include "overlay/model/facts.h"

#include <functional>

#include <gtest/gtest.h>

#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(FactTest, EncodedFactsDecodeToThemselves) {
  RandomFacts facts(11);
  for (int i = 0; i < 2000; ++i) {
    const Fact fact = facts.fact(1000);
    ASSERT_TRUE(check_fact(fact).ok()) << check_fact(fact).error().text();
    const Bytes bytes = encode(fact);
    const auto decoded = decode_fact(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().text();
    EXPECT_EQ(decoded.value(), fact);
    EXPECT_EQ(encode(decoded.value()), bytes);
  }
}

TEST(FactTest, EveryShorterInputIsTruncatedAndEveryLongerRefused) {
  RandomFacts facts(12);
  for (int i = 0; i < 50; ++i) {
    Bytes bytes = encode(facts.fact(1000));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto decoded = decode_fact(std::span(bytes).first(size));
      ASSERT_FALSE(decoded.ok());
      EXPECT_EQ(decoded.error().code(), base::Errc::Truncated) << decoded.error().text();
    }
    bytes.push_back(0);
    EXPECT_EQ(decode_fact(bytes).error().code(), base::Errc::Malformed);
  }
}

TEST(FactTest, AChangedByteNeverGivesTheSameFact) {
  RandomFacts facts(13);
  for (int i = 0; i < 50; ++i) {
    const Fact fact = facts.fact(1000);
    Bytes bytes = encode(fact);
    for (std::uint8_t& byte : bytes) {
      const std::uint8_t before = byte;
      byte = static_cast<std::uint8_t>(byte + 1);
      const auto decoded = decode_fact(bytes);
      if (decoded.ok()) {
        EXPECT_NE(decoded.value(), fact);
        EXPECT_EQ(encode(decoded.value()), bytes);
      }
      byte = before;
    }
  }
}

TEST(FactTest, CanonicaliseSortsAndDropsRepetitions) {
  const auto ten = base::Address::v4(0x0a000001);
  const auto nine = base::Address::v4(0x09000001);
  const auto six = base::Address::parse("::1").value();
  NodeFact node{.id = NodeId{1}, .site = SiteId{1}, .name = "a"};
  node.addresses = {six, ten, nine, ten};

  Fact fact = node;
  canonicalise(fact);

  EXPECT_EQ(std::get<NodeFact>(fact).addresses, (std::vector{nine, ten, six}));
}

TEST(FactKeyTest, NamesWhatItIsAbout) {
  EXPECT_EQ((FactKey{FactKind::Site, 7}).text(), "site 7");
  EXPECT_EQ((FactKey{FactKind::Gateway, 0xabc}).text(), "gateway 0000000000000abc");
  EXPECT_EQ(key_of(GatewayFact{NodeId{5}, SiteId{1}, 0}), (FactKey{FactKind::Gateway, 5}));
}

// A member of site 2 whose fields tests break one at a time.
NodeFact good_node() {
  NodeFact node{.id = NodeId{7}, .site = SiteId{2}, .name = "gpu-17"};
  node.key.bytes.fill(1);
  node.addresses = {base::Address::v4(0x0ac01007)};
  return node;
}

struct BadFact {
  std::string name;
  std::function<Fact()> make;
  std::string text;
};

template <typename T>
std::function<Fact()> with(T fact, void (*breaks)(T&)) {
  return [fact, breaks] {
    T broken = fact;
    breaks(broken);
    return Fact(broken);
  };
}

class RefusesFact : public ::testing::TestWithParam<BadFact> {};

TEST_P(RefusesFact, BothBeforeEncodingAndAfterDecoding) {
  const Fact fact = GetParam().make();

  const auto status = check_fact(fact);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), base::Errc::Malformed);
  EXPECT_EQ(status.error().text(), GetParam().text);

  const auto decoded = decode_fact(encode(fact));
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().text(), "fact: " + GetParam().text);
}

const ReplicaFact kReplica{ReplicaId{3}, SiteId{2}, "http://r:5000", {"docker.io"}};
const NetworkFact kNetwork{.id = NetworkId{1}, .name = "lab", .prefixes = {base::Prefix()}};

INSTANTIATE_TEST_SUITE_P(
    FactTest, RefusesFact,
    ::testing::Values(
        BadFact{"NoId", with<NodeFact>(good_node(), [](auto& node) { node.id = {}; }),
                "node 0000000000000000: id: 0, expected an id"},
        BadFact{"NoSite", with<NodeFact>(good_node(), [](auto& node) { node.site = {}; }),
                "node 0000000000000007: site: 0, expected an id"},
        BadFact{"BadName", with<NodeFact>(good_node(), [](auto& node) { node.name = "Gpu"; }),
                "node 0000000000000007: name: \"Gpu\", expected 1..63 of a-z, 0-9 and inner "
                "hyphens"},
        BadFact{"BadRole",
                with<NodeFact>(good_node(), [](auto& node) { node.role = static_cast<Role>(4); }),
                "node 0000000000000007: role: 4, expected 1..3"},
        BadFact{"NoKey", with<NodeFact>(good_node(), [](auto& node) { node.key = {}; }),
                "node 0000000000000007: key: all bytes are zero"},
        BadFact{"NoAddress", with<NodeFact>(good_node(), [](auto& node) { node.addresses = {}; }),
                "node 0000000000000007: addresses: 0 entries, expected 1..32"},
        BadFact{"PortZero", with<NodeFact>(good_node(), [](auto& node) { node.listen_port = 0; }),
                "node 0000000000000007: listen_port: 0, expected 1..65532"},
        BadFact{"PortWithoutRoomForRanks",
                with<NodeFact>(good_node(), [](auto& node) { node.listen_port = 65533; }),
                "node 0000000000000007: listen_port: 65533, expected 1..65532"},
        BadFact{"Unsorted",
                with<NodeFact>(good_node(),
                               [](auto& node) {
                                 node.lan_addresses = {base::Address::v4(2), base::Address::v4(1)};
                               }),
                "node 0000000000000007: lan_addresses: entry 1 is not above the one before"},
        BadFact{"Repeated",
                with<NodeFact>(good_node(),
                               [](auto& node) {
                                 node.lan_addresses = {base::Address::v4(1), base::Address::v4(1)};
                               }),
                "node 0000000000000007: lan_addresses: entry 1 is not above the one before"},
        BadFact{"TooMany",
                with<NodeFact>(good_node(),
                               [](auto& node) {
                                 for (std::uint32_t i = 0; i < 33; ++i) {
                                   node.lan_addresses.push_back(base::Address::v4(i));
                                 }
                               }),
                "node 0000000000000007: lan_addresses: 33 entries, expected 0..32"},
        BadFact{"RankOver3", [] { return Fact(GatewayFact{NodeId{7}, SiteId{2}, 4}); },
                "gateway 0000000000000007: rank: 4, expected 0..3"},
        BadFact{"MtuBelowIpv6", with<NetworkFact>(kNetwork, [](auto& fact) { fact.mtu = 1279; }),
                "network 1: mtu: 1279, expected 1280..9216"},
        BadFact{"KeepaliveTooLong",
                with<NetworkFact>(kNetwork, [](auto& fact) { fact.keepalive_s = 3601; }),
                "network 1: keepalive_s: 3601, expected 0..3600"},
        BadFact{"NoSources", with<ReplicaFact>(kReplica, [](auto& fact) { fact.sources = {}; }),
                "replica 3: sources: 0 entries, expected 1..64"},
        BadFact{"BadSource",
                with<ReplicaFact>(kReplica, [](auto& fact) { fact.sources = {"Docker"}; }),
                "replica 3: sources: \"Docker\", expected HOST or HOST:PORT in lower case"},
        BadFact{
            "BadUrl", with<ReplicaFact>(kReplica, [](auto& fact) { fact.url = "r"; }),
            "replica 3: url: \"r\", expected http:// or https://, a host, and no slash at the end, "
            "all in lower case"}),
    [](const auto& test) { return test.param.name; });

struct BadBytes {
  std::string name;
  Bytes bytes;
  std::string text;
};

class RefusesBytes : public ::testing::TestWithParam<BadBytes> {};

TEST_P(RefusesBytes, SayingWhereAndWhy) {
  const auto decoded = decode_fact(GetParam().bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().text(), GetParam().text);
}

// Site 7, "a", then one prefix, which the cases write.
Bytes site_with(const Bytes& prefix) {
  Bytes bytes{2, 0, 0, 0, 7, 0, 1, 'a', 1};
  bytes.insert(bytes.end(), prefix.begin(), prefix.end());
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(
    FactTest, RefusesBytes,
    ::testing::Values(
        BadBytes{"Empty", {}, "fact: offset 0: kind needs 1 bytes, 0 left"},
        BadBytes{"UnknownKind", {6}, "fact: offset 0: kind 6, expected 1..5"},
        BadBytes{"Family", site_with({5}), "fact: offset 9: prefixes family 5, expected 4 or 6"},
        BadBytes{"LengthOver32", site_with({4, 10, 0, 0, 0, 33}),
                 "fact: offset 14: prefixes length 33 exceeds 32"},
        BadBytes{"HostBits", site_with({4, 10, 0, 0, 1, 24}),
                 "fact: offset 14: prefixes length 24 leaves host bits set in 10.0.0.1"},
        BadBytes{"Flag", site_with({4, 10, 0, 0, 0, 8, 0, 2}),
                 "fact: offset 16: is_lan_native 2, expected 0 or 1"},
        BadBytes{"NameOver63", {2, 0, 0, 0, 7, 0, 64}, "fact: offset 5: name 64 bytes, at most 63"},
        BadBytes{"Trailing", site_with({4, 10, 0, 0, 0, 8, 0, 1, 9}),
                 "fact: 1 bytes after the end at offset 17"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace model
