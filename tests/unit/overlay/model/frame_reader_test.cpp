#include <gtest/gtest.h>

#include "overlay/model/view_frame.h"
#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

void append(Bytes& stream, const Bytes& bytes) {
  stream.insert(stream.end(), bytes.begin(), bytes.end());
}

// A snapshot, a ping, a drain and a delta.
Bytes stream_of_four(const crypto::IdentityKey& key) {
  ViewUpdate update{.is_snapshot = true, .epoch = 1, .sequence = 2};
  update.changes = small_network();
  sort_changes(update.changes);
  const ViewId view{NetworkId{1}, SiteId{1}, Role::Member};
  Bytes stream = encode_signed(key, view, update).value();
  append(stream, encode_ping());
  append(stream, encode_drain(1s));
  append(stream, encode_signed(key, view, ViewUpdate{.epoch = 1, .sequence = 3}).value());
  return stream;
}

TEST(FrameReaderTest, CutsTheStreamTheSameWayHoweverItArrives) {
  const auto key = crypto::IdentityKey::generate();
  const Bytes stream = stream_of_four(key);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{100}, stream.size()}) {
    FrameReader reader;
    std::vector<FrameType> types;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      ASSERT_TRUE(
          reader.feed(std::span(stream).subspan(at, std::min(piece, stream.size() - at))).ok());
      while (const auto frame = reader.poll_frame()) {
        types.push_back(frame->type);
        EXPECT_EQ(frame->bytes[0], static_cast<std::uint8_t>(frame->type));
      }
    }
    EXPECT_EQ(types, (std::vector{FrameType::Snapshot, FrameType::Ping, FrameType::Drain,
                                  FrameType::Delta}));
  }
}

TEST(FrameReaderTest, AFrameThatHasNotWhollyArrivedIsNotGiven) {
  FrameReader reader;
  const Bytes drain = encode_drain(1s);

  ASSERT_TRUE(reader.feed(std::span(drain).first(drain.size() - 1)).ok());
  EXPECT_FALSE(reader.poll_frame().has_value());
  ASSERT_TRUE(reader.feed(std::span(drain).last(1)).ok());
  EXPECT_TRUE(reader.poll_frame().has_value());
}

struct BadStream {
  std::string name;
  Bytes bytes;
  base::Errc code;
  std::string text;
};

class RefusesStream : public ::testing::TestWithParam<BadStream> {};

TEST_P(RefusesStream, AtOnceAndForGood) {
  FrameReader reader;

  const auto status = reader.feed(GetParam().bytes);

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), GetParam().code);
  EXPECT_EQ(status.error().text(), GetParam().text);
  EXPECT_EQ(reader.feed(encode_ping()).error().text(), GetParam().text);
  EXPECT_FALSE(reader.poll_frame().has_value());
}

// Five bytes are enough to refuse: nothing is buffered for a frame that cannot be valid.
INSTANTIATE_TEST_SUITE_P(
    FrameReaderTest, RefusesStream,
    ::testing::Values(BadStream{"TooLong",
                                {1, 0, 0, 1, 1},
                                base::Errc::LimitExceeded,
                                "view stream: frame of 16777217 bytes, at most 16777216"},
                      BadStream{"UnknownType",
                                {0, 0, 0, 1, 5},
                                base::Errc::Malformed,
                                "view stream: type 5, expected 1..4"},
                      BadStream{"Empty",
                                {0, 0, 0, 0, 3},
                                base::Errc::Malformed,
                                "view stream: length 0, expected 1 of a ping"},
                      BadStream{"LongPing",
                                {0, 0, 0, 2, 3},
                                base::Errc::Malformed,
                                "view stream: length 2, expected 1 of a ping"},
                      BadStream{"ShortDrain",
                                {0, 0, 0, 4, 4},
                                base::Errc::Malformed,
                                "view stream: length 4, expected 5 of a drain"},
                      BadStream{"ShortDelta",
                                {0, 0, 0, 135, 2},
                                base::Errc::Malformed,
                                "view stream: length 135, expected at least 136"}),
    [](const auto& test) { return test.param.name; });

TEST(FrameReaderTest, FramesBeforeAnErrorAreStillGiven) {
  FrameReader reader;
  Bytes stream = encode_ping();
  append(stream, Bytes{0, 0, 0, 1, 9});

  EXPECT_FALSE(reader.feed(stream).ok());

  EXPECT_TRUE(reader.poll_frame().has_value());
  EXPECT_FALSE(reader.poll_frame().has_value());
}

}  // namespace
}  // namespace model
