#include "overlay/crypto/seal.h"

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"

namespace crypto {
namespace {

using base::as_bytes;
using base::as_text;

TEST(SealTest, OnlyTheOwnerOpens) {
  const WireguardKey owner = WireguardKey::generate();
  const auto sealed = seal(owner.public_key(), as_bytes("kubeadm token")).value();

  EXPECT_EQ(sealed.size(), 13 + kSealBytes);
  EXPECT_EQ(as_text(open_seal(owner, sealed).value()), "kubeadm token");
  const auto stranger = open_seal(WireguardKey::generate(), sealed);
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code(), base::Errc::Unauthenticated);
  EXPECT_EQ(stranger.error().text(), "sealed box: not sealed to this key");
}

TEST(SealTest, AChangedByteIsNoticed) {
  const WireguardKey owner = WireguardKey::generate();
  const auto sealed = seal(owner.public_key(), as_bytes("x")).value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(open_seal(owner, changed).ok());
  }
}

TEST(SealTest, TheSameMessageSealsDifferently) {
  const WireguardKey owner = WireguardKey::generate();

  EXPECT_NE(seal(owner.public_key(), as_bytes("x")).value(),
            seal(owner.public_key(), as_bytes("x")).value());
}

TEST(SealTest, TooFewBytesAreRefused) {
  const auto opened = open_seal(WireguardKey::generate(), as_bytes("short"));

  EXPECT_EQ(opened.error().text(), "sealed box: 5 bytes, at least 48");
}

TEST(SealTest, AKeyOfSmallOrderIsRefused) {
  EXPECT_FALSE(seal(WireguardPublicKey(), as_bytes("x")).ok());
}

}  // namespace
}  // namespace crypto
