#include "overlay/model/view_frame.h"

#include <gtest/gtest.h>

#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

constexpr ViewId kView{NetworkId{1}, SiteId{2}, Role::Member};
constexpr std::size_t kLengthBytes = 4;

class ViewFrameTest : public ::testing::Test {
 protected:
  // A delta of `change_count` random changes from 7 to 9 in epoch 3.
  static ViewUpdate delta(std::uint64_t seed, int change_count) {
    RandomFacts random(seed);
    ViewUpdate update{.epoch = 3, .base_sequence = 7, .sequence = 9};
    for (int i = 0; i < change_count; ++i) {
      update.changes.push_back(random.change(1000));
    }
    sort_changes(update.changes);
    update.state_hash.add(Bytes{1});
    return update;
  }
  static ViewUpdate snapshot() {
    ViewUpdate update{.is_snapshot = true, .epoch = 3, .sequence = 9};
    update.changes = small_network();
    sort_changes(update.changes);
    return update;
  }
  // Without the length field, as FrameReader gives it.
  Bytes frame(const ViewUpdate& update) const {
    const Bytes bytes = encode_signed(key_, kView, update).value();
    return Bytes(bytes.begin() + kLengthBytes, bytes.end());
  }
  base::Result<ViewUpdate> open(const Bytes& bytes) const {
    return open_update(bytes, key_.public_key(), kView);
  }

  crypto::IdentityKey key_ = crypto::IdentityKey::generate();
};

TEST_F(ViewFrameTest, UpdatesOpenToWhatWasSigned) {
  for (const int change_count : {0, 1, 2, 5, 50, 500}) {
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
      ViewUpdate update = delta(seed, change_count);
      update.is_mass_removal_meant = seed % 2 == 0;
      const auto opened = open(frame(update));
      ASSERT_TRUE(opened.ok()) << opened.error().text();
      EXPECT_EQ(opened.value(), update);
    }
  }
  EXPECT_EQ(open(frame(snapshot())).value(), snapshot());
}

TEST_F(ViewFrameTest, ManyChangesAreCompressedAndFewAreNot) {
  ViewUpdate update = snapshot();
  const std::size_t raw_size = 1000;

  EXPECT_EQ(frame(delta(1, 1))[2], 0);
  EXPECT_EQ(frame(update)[2], 2);
  EXPECT_LT(frame(update).size(), raw_size);
}

TEST_F(ViewFrameTest, EveryFlippedBitIsRefusedAsUnsigned) {
  const Bytes good = frame(delta(1, 2));
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x10;
    const auto opened = open(bad);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), base::Errc::Unauthenticated);
    EXPECT_EQ(opened.error().text(), "view update: not signed by the coordinator");
  }
}

TEST_F(ViewFrameTest, AnotherSignerIsRefused) {
  const auto stranger = crypto::IdentityKey::generate();

  EXPECT_EQ(open_update(frame(delta(1, 2)), stranger.public_key(), kView).error().code(),
            base::Errc::Unauthenticated);
}

TEST_F(ViewFrameTest, AnotherViewsUpdateIsRefusedThoughItIsSigned) {
  const auto opened = open_update(frame(delta(1, 2)), key_.public_key(),
                                  ViewId{NetworkId{1}, SiteId{3}, Role::Member});

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), base::Errc::Conflict);
  EXPECT_EQ(opened.error().text(), "view update: for view 1/2/member, expected 1/3/member");
}

TEST_F(ViewFrameTest, ShortInputIsTruncated) {
  EXPECT_EQ(open({}).error().text(), "view update: 0 bytes, at least 136");
}

struct SignedButWrong {
  std::string name;
  std::size_t offset;
  std::uint8_t byte;
  std::string text;
};

class RefusesSignedUpdate : public ::testing::TestWithParam<SignedButWrong> {};

// What even the coordinator's own key cannot make valid. Signs again after the byte was changed.
TEST_P(RefusesSignedUpdate, SayingWhereAndWhy) {
  const auto key = crypto::IdentityKey::generate();
  ViewUpdate update{.epoch = 3, .base_sequence = 7, .sequence = 9};
  update.changes = {removal({FactKind::Node, 5})};
  Bytes bytes = encode_signed(key, kView, update).value();
  Bytes content(bytes.begin() + kLengthBytes, bytes.end() - 64);
  content[GetParam().offset] = GetParam().byte;
  const Bytes signed_again = sign_update_content(key, content);

  const auto opened = open_update(signed_again, key.public_key(), kView);

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().text(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    ViewFrameTest, RefusesSignedUpdate,
    ::testing::Values(
        SignedButWrong{"Type", 0, 3, "view update: offset 0: type 3, expected 1 or 2"},
        SignedButWrong{"Version", 1, 2, "view update: offset 1: version 2, expected 1"},
        SignedButWrong{"Flags", 2, 4, "view update: offset 2: flags 4, expected 0..3"},
        SignedButWrong{"Role", 11, 2, "view update: for view 1/2/gateway, expected 1/2/member"},
        SignedButWrong{"EpochZero", 19, 0,
                       "view update: offset 12: epoch 0, expected 1..9007199254740991"},
        SignedButWrong{"EpochOver53Bits", 12, 1,
                       "view update: offset 12: epoch 72057594037927939, expected "
                       "1..9007199254740991"},
        SignedButWrong{"SequenceBelowBase", 35, 6,
                       "view update: offset 28: sequence 6, expected 7..9007199254740991"},
        SignedButWrong{"SnapshotWithBase", 0, 1,
                       "view update: offset 20: base_sequence 7, expected 0 in a snapshot"},
        SignedButWrong{"Size", 71, 9, "view update: changes of 10 bytes, expected 9"},
        SignedButWrong{"SizeBomb", 68, 0xff,
                       "view update: changes of 4278190090 bytes, at most 67108864"},
        SignedButWrong{"NotZstd", 2, 2, "view update: zstd: Unknown frame descriptor"},
        SignedButWrong{"Op", 72, 3, "view update: changes: offset 0: op 3, expected 1 or 2"},
        SignedButWrong{"Kind", 73, 6, "view update: changes: offset 1: kind 6, expected 1..5"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ViewFrameTest, ARemovalInASnapshotIsRefused) {
  ViewUpdate update{.is_snapshot = true, .epoch = 3, .sequence = 9};
  update.changes = {removal({FactKind::Node, 5})};

  EXPECT_EQ(open(frame(update)).error().text(), "view update: removal in a snapshot");
}

TEST_F(ViewFrameTest, SortChangesKeepsTheLastOfEachKey) {
  RandomFacts random(1);
  std::vector<FactChange> changes{removal({FactKind::Node, 5}), upsert(random.node(NodeId{4})),
                                  upsert(random.node(NodeId{5})), removal({FactKind::Node, 4})};

  sort_changes(changes);

  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0], removal({FactKind::Node, 4}));
  EXPECT_TRUE(changes[1].fact.has_value());
}

TEST(DrainTest, CarriesMilliseconds) {
  const Bytes bytes = encode_drain(2500ms);

  EXPECT_EQ(bytes, (Bytes{0, 0, 0, 5, 4, 0, 0, 0x09, 0xc4}));
  EXPECT_EQ(decode_drain(std::span(bytes).subspan(kLengthBytes)).value(), 2500ms);
}

TEST(DrainTest, IsClampedToAnHour) {
  const Bytes longest = encode_drain(100h);
  const Bytes shortest = encode_drain(-1s);

  EXPECT_EQ(decode_drain(std::span(longest).subspan(kLengthBytes)).value(), 1h);
  EXPECT_EQ(decode_drain(std::span(shortest).subspan(kLengthBytes)).value(), 0s);
  EXPECT_EQ(decode_drain(Bytes{4, 0xff, 0xff, 0xff, 0xff}).error().text(),
            "drain: offset 1: retry_after_ms over an hour");
  EXPECT_EQ(decode_drain(Bytes{3, 0, 0, 0, 0}).error().text(),
            "drain: offset 0: type 3, expected 4");
}

}  // namespace
}  // namespace model
