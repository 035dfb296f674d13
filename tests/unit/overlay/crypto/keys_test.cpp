#include "overlay/crypto/keys.h"

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"

namespace crypto {
namespace {

using base::as_bytes;

IdentityKey key_from(std::string_view seed_hex) {
  return IdentityKey::from_seed(Secret<32>(base::hex_decode(seed_hex).value()));
}

struct Vector {
  std::string seed;
  std::string public_key;
  std::string message;
  std::string signature;
};

// RFC 8032, 7.1, tests 1 and 2.
const Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"}};

TEST(IdentityKeyTest, SignsAsTheRfcSays) {
  for (const Vector& vector : kVectors) {
    const IdentityKey key = key_from(vector.seed);
    const auto message = base::hex_decode(vector.message).value();

    EXPECT_EQ(key.public_key().text(), vector.public_key);
    EXPECT_EQ(base::hex_encode(key.sign(message).bytes), vector.signature);
    EXPECT_TRUE(verify(key.public_key(), message, key.sign(message)));
    EXPECT_EQ(base::hex_encode(key.seed().bytes()), vector.seed);
  }
}

TEST(VerifyTest, RefusesAnotherMessageKeyOrSignature) {
  const IdentityKey key = IdentityKey::generate();
  const Signature signature = key.sign(as_bytes("hello"));

  EXPECT_FALSE(verify(key.public_key(), as_bytes("hellp"), signature));
  EXPECT_FALSE(verify(IdentityKey::generate().public_key(), as_bytes("hello"), signature));
  for (std::size_t i = 0; i < signature.bytes.size(); ++i) {
    Signature forged = signature;
    forged.bytes[i] ^= 1;
    EXPECT_FALSE(verify(key.public_key(), as_bytes("hello"), forged));
  }
}

TEST(VerifyTest, RefusesASmallOrderKeyThatWouldVerifyAnything) {
  IdentityPublicKey identity_point;
  identity_point.bytes[0] = 1;
  Signature signature;
  signature.bytes[0] = 1;

  EXPECT_FALSE(verify(identity_point, as_bytes("anything"), signature));
  EXPECT_FALSE(verify(IdentityPublicKey(), as_bytes("anything"), Signature()));
}

// What `wg pubkey` prints for the same private key.
TEST(WireguardKeyTest, AgreesWithTheTools) {
  const auto key = WireguardKey::parse_private("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key.value().public_key().text(), "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=");
}

TEST(WireguardKeyTest, PrivateTextComesBackAndIsClamped) {
  const WireguardKey key = WireguardKey::generate();

  const auto again = WireguardKey::parse_private(key.private_text());

  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value().public_key(), key.public_key());
  EXPECT_EQ(again.value().private_text(), key.private_text());
  EXPECT_EQ(key.private_key().bytes()[0] & 7U, 0U);
  EXPECT_EQ(key.private_key().bytes()[31] & 0xc0U, 0x40U);
}

TEST(WireguardKeyTest, ABadPrivateTextIsNotRepeated) {
  const auto key = WireguardKey::parse_private("c2VjcmV0");

  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().text(), "wireguard private key: expected 44 characters of base64");
}

TEST(KeyTextTest, ComesBack) {
  const IdentityKey identity = IdentityKey::generate();
  const WireguardKey wireguard = WireguardKey::generate();
  const Signature signature = identity.sign(as_bytes("x"));

  EXPECT_EQ(IdentityPublicKey::parse(identity.public_key().text()).value(), identity.public_key());
  EXPECT_EQ(WireguardPublicKey::parse(wireguard.public_key().text()).value(),
            wireguard.public_key());
  EXPECT_EQ(Signature::parse(signature.text()).value(), signature);
}

TEST(KeyTextTest, ErrorsSayWhatWasExpected) {
  EXPECT_EQ(IdentityPublicKey::parse("D75A").error().text(),
            "identity key: expected 64 lower-case hex digits");
  EXPECT_EQ(WireguardPublicKey::parse("j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8").error().text(),
            "wireguard key: expected 44 characters of base64, not all zero");
  EXPECT_EQ(WireguardPublicKey::parse(WireguardPublicKey().text()).error().text(),
            "wireguard key: expected 44 characters of base64, not all zero");
  EXPECT_EQ(Signature::parse("AA").error().text(),
            "signature: expected 86 characters of base64url");
}

}  // namespace
}  // namespace crypto
