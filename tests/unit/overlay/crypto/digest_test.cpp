#include "overlay/crypto/digest.h"

#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace crypto {
namespace {

using base::as_bytes;
using base::hex_encode;

// FIPS 180-4 examples.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(hex_encode(sha256({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha256(as_bytes(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  const std::string text(1000, 'x');
  for (const std::size_t piece : {1U, 7U, 63U, 64U, 65U, 999U}) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      hash.update(as_bytes(std::string_view(text).substr(at, piece)));
    }
    EXPECT_EQ(hash.finish(), sha256(as_bytes(text)));
  }
}

TEST(Sha256Test, BeginsAnewAfterFinish) {
  Sha256 hash;
  hash.update(as_bytes("something"));
  (void)hash.finish();

  hash.update(as_bytes("abc"));

  EXPECT_EQ(hash.finish(), sha256(as_bytes("abc")));
}

// The first is RFC 7693's function at 32 bytes as every implementation gives it.
TEST(Blake2bTest, GivesThePublishedDigests) {
  EXPECT_EQ(hex_encode(blake2b({})),
            "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(hex_encode(blake2b(as_bytes("abc"))),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST(Blake2bTest, AKeyGivesAnotherFunction) {
  std::vector<std::uint8_t> bytes(32);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i);
  }

  EXPECT_EQ(hex_encode(keyed_blake2b(Secret<32>(bytes), as_bytes("abc"))),
            "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
}

// "abc" is of RFC 7693, appendices A and B; the others are as Python's hashlib gives them.
TEST(Blake2b512Test, GivesThePublishedDigests) {
  EXPECT_EQ(hex_encode(blake2b_512(as_bytes("abc"))),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  EXPECT_EQ(hex_encode(blake2b_512({})),
            "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
            "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
}

TEST(Blake2sTest, GivesThePublishedDigests) {
  EXPECT_EQ(hex_encode(blake2s(as_bytes("abc"))),
            "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
  EXPECT_EQ(hex_encode(blake2s({})),
            "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
}

TEST(Blake2sTest, HashesBytesUpToAndOverABlock) {
  std::vector<std::uint8_t> bytes(65);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i);
  }
  const std::span<const std::uint8_t> all = bytes;

  EXPECT_EQ(hex_encode(blake2s(all.first(64))),
            "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e");
  EXPECT_EQ(hex_encode(blake2s(all)),
            "1b53ee94aaf34e4b159d48de352c7f0661d0a40edff95a0b1639b4090e974472");
}

// The digest that block chains show for "hello".
TEST(Sha256dTest, IsTheDigestOfTheDigest) {
  EXPECT_EQ(hex_encode(sha256d(as_bytes("hello"))),
            "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50");
}

}  // namespace
}  // namespace crypto
