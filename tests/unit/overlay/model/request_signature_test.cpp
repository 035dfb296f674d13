#include "overlay/model/request_signature.h"

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"

namespace model {
namespace {

using namespace std::chrono_literals;
using base::as_bytes;

constexpr base::WallTime kNow{1'700'000'000'000};
constexpr std::string_view kBody = "{}";

class RequestSignatureTest : public ::testing::Test {
 protected:
  // What a node sends for `parts`, as the coordinator reads it.
  RequestClaim claim(const SignedParts& parts) const {
    const RequestHeaders headers = sign_request(key_, parts, as_bytes(kBody));
    return parse_request_headers(headers).value();
  }
  base::Status verify(const RequestClaim& claim, const Request& request) const {
    return verify_request(key_.public_key(), claim, request, kNow);
  }

  crypto::IdentityKey key_ = crypto::IdentityKey::generate();
  SignedParts parts_{"POST", "/v1/report?x=1", "0000000000000007", kNow, "machine/boot"};
  Request request_{"POST", "/v1/report?x=1", as_bytes(kBody)};
};

TEST_F(RequestSignatureTest, WhatANodeSignsVerifies) {
  EXPECT_TRUE(verify(claim(parts_), request_).ok());
}

TEST_F(RequestSignatureTest, EveryPartIsSigned) {
  const RequestClaim good = claim(parts_);
  RequestClaim other_node = good;
  other_node.node = "0000000000000008";
  RequestClaim other_time = good;
  other_time.time = kNow + 1ms;
  RequestClaim other_host = good;
  other_host.host.boot_id = "boot2";

  EXPECT_FALSE(verify(other_node, request_).ok());
  EXPECT_FALSE(verify(other_time, request_).ok());
  EXPECT_FALSE(verify(other_host, request_).ok());
  EXPECT_FALSE(verify(good, {"PUT", request_.target, request_.body}).ok());
  EXPECT_FALSE(verify(good, {"POST", "/v1/report?x=2", request_.body}).ok());
  EXPECT_FALSE(verify(good, {"POST", request_.target, as_bytes("{ }")}).ok());
  EXPECT_EQ(verify(other_node, request_).error().text(),
            "request: signature does not fit the key of node 0000000000000008");
  EXPECT_EQ(verify(other_node, request_).error().code(), base::Errc::Unauthenticated);
}

TEST_F(RequestSignatureTest, AnotherNodesKeyIsRefused) {
  const auto stranger = crypto::IdentityKey::generate();

  EXPECT_FALSE(verify_request(stranger.public_key(), claim(parts_), request_, kNow).ok());
}

TEST_F(RequestSignatureTest, ATimeOutsideTheSkewIsRefusedWithBothTimes) {
  for (const base::Duration skew : {kClockSkewMax, -kClockSkewMax}) {
    parts_.time = kNow + skew;
    EXPECT_TRUE(verify(claim(parts_), request_).ok());
  }
  for (const base::Duration skew : {kClockSkewMax + 1ms, -kClockSkewMax - 1ms}) {
    parts_.time = kNow + skew;
    EXPECT_EQ(verify(claim(parts_), request_).error().code(), base::Errc::Unauthenticated);
  }
  EXPECT_EQ(verify(claim(parts_), request_).error().text(),
            "request: time 1699999879999 ms, expected within 120 s of 1700000000000 ms");
}

TEST_F(RequestSignatureTest, TheCanonicalTextCannotBeReadTwoWays) {
  EXPECT_EQ(canonical_request(parts_, as_bytes(kBody)),
            "linkspan-request-v1\nPOST\n/v1/report?x=1\n0000000000000007\n1700000000000\n"
            "machine/boot\n44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n");
}

struct BadHeader {
  std::string name;
  std::string node;
  std::string time;
  std::string host;
  std::string signature;
  std::string text;
};

class RefusesHeader : public ::testing::TestWithParam<BadHeader> {};

TEST_P(RefusesHeader, NamingIt) {
  FieldFailure failure;
  const auto claim = parse_request_headers(
      {GetParam().node, GetParam().time, GetParam().host, GetParam().signature}, &failure);
  ASSERT_FALSE(claim.ok());
  EXPECT_TRUE(GetParam().text.starts_with(failure.field + ": ")) << failure.field;
  EXPECT_EQ(claim.error().code(), base::Errc::Malformed);
  EXPECT_EQ(claim.error().text(), GetParam().text);
}

const std::string kNode = "0000000000000007";
const std::string kTime = "1700000000000";
const std::string kHost = "0f3e/5d-1";
const std::string kSignature(86, 'A');
const std::string kBadHost = "linkspan-host: expected MACHINE/BOOT, each 1..64 letters and digits";
const std::string kBadNode = "linkspan-node: expected 16 hex digits, or the 64 of an identity key";
const std::string kBadTime = "linkspan-time: expected milliseconds since 1970";
const std::string kBadSignature = "linkspan-signature: expected 86 characters of base64url";

INSTANTIATE_TEST_SUITE_P(
    RequestSignatureTest, RefusesHeader,
    ::testing::Values(
        BadHeader{"NoNode", "", kTime, kHost, kSignature, kBadNode},
        BadHeader{"NodeUpper", "000000000000000A", kTime, kHost, kSignature, kBadNode},
        BadHeader{"NodeNewline", "00000000000000\n7", kTime, kHost, kSignature, kBadNode},
        BadHeader{"NoTime", kNode, "", kHost, kSignature, kBadTime},
        BadHeader{"TimeZero", kNode, "0", kHost, kSignature, kBadTime},
        BadHeader{"TimeNegative", kNode, "-5", kHost, kSignature, kBadTime},
        BadHeader{"TimePlus", kNode, "+5", kHost, kSignature, kBadTime},
        BadHeader{"TimeZeroFilled", kNode, "05", kHost, kSignature, kBadTime},
        BadHeader{"TimeText", kNode, "5x", kHost, kSignature, kBadTime},
        BadHeader{"TimeHuge", kNode, "1700000000000000", kHost, kSignature, kBadTime},
        BadHeader{"NoHost", kNode, kTime, "", kSignature, kBadHost},
        BadHeader{"HostNoBoot", kNode, kTime, "0f3e", kSignature, kBadHost},
        BadHeader{"HostEmptyBoot", kNode, kTime, "0f3e/", kSignature, kBadHost},
        BadHeader{"HostThree", kNode, kTime, "a/b/c", kSignature, kBadHost},
        BadHeader{"HostSpace", kNode, kTime, "a/b c", kSignature, kBadHost},
        BadHeader{"HostLong", kNode, kTime, std::string(65, 'a') + "/b", kSignature, kBadHost},
        BadHeader{"NoSignature", kNode, kTime, kHost, "", kBadSignature},
        BadHeader{"SignatureShort", kNode, kTime, kHost, "AAAA", kBadSignature}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace model
