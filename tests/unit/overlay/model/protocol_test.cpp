// Holds the code to the worked bytes of overlay/PROTOCOL.md, section 12, and to its limits.
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"
#include "overlay/model/enrol.h"
#include "overlay/model/node_update.h"
#include "overlay/model/problem.h"
#include "overlay/model/report.h"
#include "overlay/model/request_signature.h"
#include "overlay/model/site_map.h"
#include "overlay/model/token.h"
#include "overlay/model/view_follower.h"

namespace model {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

std::string protocol_text() {
  std::ifstream file(LINKSPAN_PROTOCOL);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The lines of the fenced block that begins with "```KIND NAME".
std::string block(const std::string& kind_and_name) {
  const std::string text = protocol_text();
  const std::string fence = "```" + kind_and_name + "\n";
  const std::size_t begin = text.find(fence);
  EXPECT_NE(begin, std::string::npos) << kind_and_name;
  if (begin == std::string::npos) {
    return {};
  }
  const std::size_t from = begin + fence.size();
  return text.substr(from, text.find("```", from) - from);
}

// A hex block without remarks and blanks.
Bytes hex_block(const std::string& name) {
  std::string digits;
  bool is_remark = false;
  for (const char c : block("hex " + name)) {
    is_remark = c == ';' || (is_remark && c != '\n');
    if (!is_remark && c != ' ' && c != '\n') {
      digits += c;
    }
  }
  return base::hex_decode(digits).value();
}

Bytes bytes_of(const auto& array) {
  return Bytes(array.begin(), array.end());
}

crypto::Secret<32> secret_of(std::uint8_t byte) {
  return crypto::Secret<32>(Bytes(32, byte));
}
crypto::IdentityKey example_key() {
  return crypto::IdentityKey::from_seed(secret_of(0x42));
}

NodeFact example_node() {
  NodeFact node{.id = NodeId{7}, .site = SiteId{2}, .name = "gpu-17"};
  for (std::size_t i = 0; i < node.key.bytes.size(); ++i) {
    node.key.bytes[i] = static_cast<std::uint8_t>(i + 1);
  }
  node.addresses = {base::Address::parse("10.192.32.7").value(),
                    base::Address::parse("fd5a:1c:2::7").value()};
  node.pods = {base::Prefix::parse("10.240.7.0/24").value()};
  node.lan_addresses = {base::Address::parse("192.168.0.7").value()};
  node.public_endpoints = {base::Endpoint::parse("192.0.2.7:51820").value()};
  return node;
}

constexpr GatewayFact kExampleGateway{NodeId{4}, SiteId{2}, 0};
constexpr ViewId kExampleView{NetworkId{1}, SiteId{2}, Role::Member};

StateHash example_hash() {
  StateHash hash;
  hash.add(encode(example_node()));
  hash.add(encode(kExampleGateway));
  return hash;
}

TEST(ProtocolTest, FactsAreTheWorkedBytes) {
  EXPECT_EQ(encode(example_node()), hex_block("node-fact"));
  EXPECT_EQ(encode(kExampleGateway), hex_block("gateway-fact"));
  EXPECT_EQ(decode_fact(hex_block("node-fact")).value(), Fact(example_node()));
}

TEST(ProtocolTest, TheStateHashIsTheWorkedBytes) {
  EXPECT_EQ(bytes_of(crypto::blake2b(hex_block("node-fact"))), hex_block("node-digest"));
  EXPECT_EQ(bytes_of(crypto::blake2b(hex_block("gateway-fact"))), hex_block("gateway-digest"));
  EXPECT_EQ(bytes_of(example_hash().bytes()), hex_block("state-hash"));
}

TEST(ProtocolTest, ASignedDeltaIsTheWorkedBytes) {
  ViewUpdate update{.epoch = 3, .base_sequence = 7, .sequence = 9, .state_hash = example_hash()};
  update.changes = {removal({FactKind::Node, 5}), upsert(kExampleGateway)};

  EXPECT_EQ(encode_signed(example_key(), kExampleView, update).value(), hex_block("delta-frame"));
}

TEST(ProtocolTest, ANodeThatHoldsTheViewFollowsTheWorkedDelta) {
  NodeFact leaving = example_node();
  leaving.id = NodeId{5};
  View before;
  ASSERT_TRUE(before.apply(std::vector{upsert(example_node()), upsert(leaving)}).ok());
  ViewFollower follower;
  ASSERT_TRUE(follower
                  .handle_update({.is_snapshot = true,
                                  .epoch = 3,
                                  .sequence = 7,
                                  .state_hash = before.hash(),
                                  .changes = before.snapshot()})
                  .ok());
  FrameReader reader;
  ASSERT_TRUE(reader.feed(hex_block("delta-frame")).ok());
  const auto frame = reader.poll_frame();
  ASSERT_TRUE(frame.has_value());

  const auto update = open_update(frame->bytes, example_key().public_key(), kExampleView);

  ASSERT_TRUE(update.ok());
  ASSERT_TRUE(follower.handle_update(update.value()).ok());
  EXPECT_EQ(follower.cursor(), (Cursor{3, 9}));
}

TEST(ProtocolTest, PingAndDrainAreTheWorkedBytes) {
  EXPECT_EQ(encode_ping(), hex_block("ping"));
  EXPECT_EQ(encode_drain(2500ms), hex_block("drain"));
}

TEST(ProtocolTest, ASignedRequestIsTheWorkedText) {
  const std::string node = text_of(NodeId{7});
  const SignedParts parts{"POST", "/v1/report", node, {1'700'000'000'000}, "3f1c/9a-07"};
  const auto body = base::as_bytes(R"({"x":1})");

  EXPECT_EQ(canonical_request(parts, body), block("text canonical-request"));
  EXPECT_EQ(sign_request(example_key(), parts, body).signature + "\n",
            block("text request-signature"));
  EXPECT_NE(protocol_text().find("`" + example_key().public_key().text() + "`"), std::string::npos);
}

TEST(ProtocolTest, ATokenIsTheWorkedText) {
  JoinToken token{.id = TokenId{0x0123456789abcdef}, .secret = secret_of(0x42)};
  token.pin.fill(0x17);

  EXPECT_EQ(token.text() + "\n", block("text token"));
  EXPECT_EQ(bytes_of(token_hash(token.secret)), hex_block("token-hash"));
}

TEST(ProtocolTest, GpusOfAReportAreTheDocuments) {
  NodeReport report;
  report.gpus = make_gpu_inventory("580.65.06", std::vector<Gpu>(8, {"NVIDIA H200", 150754820096}));

  EXPECT_EQ(gpus_json(*report.gpus).dump() + "\n", block("json report-gpus"));
}

// "16777216" as the document writes it: "16 777 216".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, " ");
  }
  return text;
}

TEST(ProtocolTest, TheLimitsAreTheDocuments) {
  const std::pair<std::string, std::uint64_t> kLimits[] = {
      {"enrol body, either way", kEnrolBytesMax},
      {"report body", kReportBytesMax},
      {"GPU models of a report, GPUs of a model", kGpuGroupsMax},
      {"text of a GPU's model, of its driver", kGpuTextBytesMax},
      {"update body", kUpdateBytesMax},
      {"problem document", kProblemBytesMax},
      {"site map", kSiteMapBytesMax},
      {"JSON nesting", kJsonDepthMax},
      {"frame", kFrameBytesMax},
      {"changes after decompression", kChangesBytesMax},
      {"one fact", kFactBytesMax},
      {"facts of a view", kViewFactsMax},
      {"gateways of a site", kRanksMax}};
  const std::string text = protocol_text();
  for (const auto& [what, limit] : kLimits) {
    EXPECT_NE(text.find("\n| " + what + " | " + grouped(limit)), std::string::npos) << what;
  }
  EXPECT_EQ(kClockSkewMax, 120s);
}

}  // namespace
}  // namespace model
