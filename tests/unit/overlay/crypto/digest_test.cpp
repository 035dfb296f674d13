#include "overlay/crypto/digest.h"

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

}  // namespace
}  // namespace crypto
