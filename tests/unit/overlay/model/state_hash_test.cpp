#include "overlay/model/state_hash.h"

#include <vector>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/base/random.h"
#include "overlay/crypto/digest.h"

namespace model {
namespace {

using base::as_bytes;

TEST(StateHashTest, OfNothingIsZeroAndOfOneThingItsDigest) {
  StateHash hash;
  EXPECT_EQ(hash.text(), std::string(64, '0'));

  hash.add(as_bytes("a"));

  EXPECT_EQ(hash.bytes(), crypto::blake2b(as_bytes("a")));
}

TEST(StateHashTest, OrderDoesNotMatterAndRepetitionDoes) {
  StateHash forward;
  StateHash backward;
  StateHash twice;

  forward.add(as_bytes("a"));
  forward.add(as_bytes("b"));
  backward.add(as_bytes("b"));
  backward.add(as_bytes("a"));
  twice.add(as_bytes("a"));
  twice.add(as_bytes("a"));

  EXPECT_EQ(forward, backward);
  EXPECT_NE(forward, twice);
  EXPECT_NE(twice, StateHash());
}

TEST(StateHashTest, RemovingUndoesAddingThroughAllCarries) {
  base::SeededRandom random(3);
  std::vector<std::vector<std::uint8_t>> things(200, std::vector<std::uint8_t>(20));
  StateHash hash;
  for (auto& thing : things) {
    random.fill(thing);
    hash.add(thing);
  }
  const StateHash full = hash;
  for (const auto& thing : things) {
    hash.remove(thing);
  }
  EXPECT_EQ(hash, StateHash());
  // Below zero and back, as when a removal is applied before the addition that it belongs to.
  for (const auto& thing : things) {
    hash.remove(thing);
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& thing : things) {
      hash.add(thing);
    }
  }
  EXPECT_EQ(hash, full);
}

TEST(StateHashTest, TextComesBackAndIsStrict) {
  StateHash hash;
  hash.add(as_bytes("a"));

  EXPECT_EQ(StateHash::parse(hash.text()).value(), hash);
  EXPECT_EQ(StateHash::parse("00").error().text(), "state hash: expected 64 lower-case hex digits");
  EXPECT_FALSE(StateHash::parse(std::string(64, 'A')).ok());
}

}  // namespace
}  // namespace model
