#include "overlay/base/bytes.h"

#include <array>

#include <gtest/gtest.h>

namespace base {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(ByteWriterTest, NumbersAreBigEndian) {
  ByteWriter writer;

  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090a0b0c0d0e0f);

  EXPECT_EQ(writer.bytes(), (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
}

TEST(ByteWriterTest, TextIsPrecededByItsLength) {
  ByteWriter writer;

  writer.text16("ab");
  writer.text16("");

  EXPECT_EQ(writer.bytes(), (Bytes{0, 2, 'a', 'b', 0, 0}));
}

TEST(ByteReaderTest, ReadsBackWhatTheWriterWrote) {
  ByteWriter writer;
  writer.u8(1);
  writer.u16(2);
  writer.u32(3);
  writer.u64(0xffffffffffffffffU);
  writer.text16("name");
  writer.raw(std::array<std::uint8_t, 2>{8, 9});

  ByteReader reader("thing", writer.bytes());

  EXPECT_EQ(reader.u8("a"), 1);
  EXPECT_EQ(reader.u16("b"), 2);
  EXPECT_EQ(reader.u32("c"), 3U);
  EXPECT_EQ(reader.u64("d"), 0xffffffffffffffffU);
  EXPECT_EQ(reader.text16("e", 4), "name");
  EXPECT_EQ(reader.remaining(), 2U);
  const auto rest = reader.take("f", 2);
  EXPECT_EQ(Bytes(rest.begin(), rest.end()), (Bytes{8, 9}));
  EXPECT_TRUE(reader.finish().ok());
}

TEST(ByteReaderTest, TheFirstFailureSticksAndLaterReadsAreZero) {
  const Bytes bytes{0, 1, 2};
  ByteReader reader("thing", bytes);

  EXPECT_EQ(reader.u16("first"), 1);
  EXPECT_EQ(reader.u32("second"), 0U);
  EXPECT_EQ(reader.u8("third"), 0);
  EXPECT_EQ(reader.remaining(), 0U);
  reader.reject(Errc::Malformed, "third", "is late");

  const Status status = reader.finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::Truncated);
  EXPECT_EQ(status.error().text(), "thing: offset 2: second needs 4 bytes, 1 left");
}

TEST(ByteReaderTest, RejectNamesWhereTheLatestFieldBegan) {
  const Bytes bytes{0, 1, 2};
  ByteReader reader("thing", bytes);

  reader.u8("skip");
  reader.u16("kind");
  reader.reject(Errc::Malformed, "kind", "258, expected 1..5");

  EXPECT_EQ(reader.finish().error().text(), "thing: offset 1: kind 258, expected 1..5");
}

TEST(ByteReaderTest, BytesAfterTheEndAreRefused) {
  const Bytes bytes{0, 1, 2};
  ByteReader reader("thing", bytes);

  reader.u8("a");

  EXPECT_EQ(reader.finish().error().text(), "thing: 2 bytes after the end at offset 1");
  EXPECT_EQ(reader.finish().error().code(), Errc::Malformed);
}

TEST(ByteReaderTest, TextOverItsLimitIsRefusedBeforeItIsRead) {
  const Bytes bytes{0xff, 0xff, 'a'};
  ByteReader reader("thing", bytes);

  EXPECT_EQ(reader.text16("name", 63), "");

  EXPECT_EQ(reader.finish().error().text(), "thing: offset 0: name 65535 bytes, at most 63");
}

TEST(ByteReaderTest, TextThatEndsEarlyIsTruncated) {
  const Bytes bytes{0, 5, 'a'};
  ByteReader reader("thing", bytes);

  EXPECT_EQ(reader.text16("name", 63), "");

  EXPECT_EQ(reader.finish().error().code(), Errc::Truncated);
  EXPECT_EQ(reader.finish().error().text(), "thing: offset 2: name needs 5 bytes, 1 left");
}

TEST(BytesTest, TextAndBytesAreTwoSightsOfOneMemory) {
  const std::string text = "abc";

  EXPECT_EQ(as_bytes(text)[1], 'b');
  EXPECT_EQ(as_text(as_bytes(text)), text);
}

}  // namespace
}  // namespace base
