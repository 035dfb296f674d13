#include "coordinator/store/log_codec.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/crypto/random.h"

namespace coordinator {
namespace {

using ::testing::HasSubstr;

LogKey key_of(std::uint8_t seed) {
  crypto::init();
  LogKey key;
  std::ranges::fill(key.writable(), seed);
  return key;
}

LogBatch sample() {
  LogBatch batch;
  batch.first = 5;
  batch.previous.fill(9);
  batch.nonce = 77;
  batch.events = {{1, 2, 3}, {}, {4}};
  return batch;
}

TEST(LogCodecTest, OpensWhatItSealed) {
  const SealedBatch sealed = seal_batch(key_of(1), sample());

  const auto opened = open_batch(key_of(1), base::as_bytes(sealed.bytes));

  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened.value().batch.first, 5U);
  EXPECT_EQ(opened.value().batch.last(), 7U);
  EXPECT_EQ(opened.value().batch.previous, sample().previous);
  EXPECT_EQ(opened.value().batch.nonce, 77U);
  EXPECT_EQ(opened.value().batch.events, sample().events);
  EXPECT_EQ(opened.value().chain, sealed.end.chain);
  EXPECT_EQ(sealed.end.sequence, 7U);
}

TEST(LogCodecTest, RefusesABatchWithAnyByteChangedOrAnotherKey) {
  const SealedBatch sealed = seal_batch(key_of(1), sample());
  for (std::size_t i = 0; i < sealed.bytes.size(); ++i) {
    std::string bytes = sealed.bytes;
    bytes[i] ^= 1;
    const auto opened = open_batch(key_of(1), base::as_bytes(bytes));
    ASSERT_FALSE(opened.ok()) << i;
    EXPECT_EQ(opened.error().code(), base::Errc::Unauthenticated);
  }
  EXPECT_FALSE(open_batch(key_of(2), base::as_bytes(sealed.bytes)).ok());
  EXPECT_FALSE(open_batch(key_of(1), {}).ok());
}

TEST(LogCodecTest, TellsWritersOfEqualEventsApartByTheNonce) {
  LogBatch other = sample();
  other.nonce = 78;

  EXPECT_NE(seal_batch(key_of(1), sample()).end.chain, seal_batch(key_of(1), other).end.chain);
}

TEST(LogCodecTest, RefusesAnEntryThatWasMovedOrLeftOut) {
  const LogKey key = key_of(1);
  LogPosition at{0, chain_start(key)};
  std::vector<std::string> entries;
  for (int i = 0; i < 3; ++i) {
    LogBatch batch;
    batch.first = at.sequence + 1;
    batch.previous = at.chain;
    batch.events = {{1}};
    const SealedBatch sealed = seal_batch(key, batch);
    entries.push_back(sealed.bytes);
    at = sealed.end;
  }
  const LogHead head{{}, at};
  const LogPosition start{0, chain_start(key)};

  EXPECT_EQ(advance(key, start, head, entries, 10).value().end, at);
  EXPECT_EQ(advance(key, start, head, {entries[1]}, 10).error().code(), base::Errc::NotFound);
  EXPECT_EQ(advance(key, start, head, {entries[0], entries[2]}, 10).error().code(),
            base::Errc::NotFound);
  EXPECT_EQ(advance(key, start, head, {entries[0], entries[0]}, 10).error().code(),
            base::Errc::Conflict);
}

TEST(LogCodecTest, ReadsSnapshotHeadersAndRefusesContentThatIsNotTheirs) {
  const LogKey key = key_of(1);
  const std::vector<std::uint8_t> content(2'500'000, 3);
  const SnapshotHeader header = make_snapshot_header(key, {12, {}}, content);
  const std::string bytes = encode(key, header);

  const auto decoded = decode_snapshot_header(key, base::as_bytes(bytes));

  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value().position.sequence, 12U);
  EXPECT_EQ(decoded.value().chunk_count(), 3U);
  EXPECT_TRUE(check_snapshot(key, decoded.value(), content).ok());
  auto shorter = content;
  shorter.pop_back();
  EXPECT_EQ(check_snapshot(key, decoded.value(), shorter).error().text(),
            "snapshot at 12: altered or incomplete");
  EXPECT_FALSE(decode_snapshot_header(key_of(2), base::as_bytes(bytes)).ok());
}

TEST(LogCodecTest, ReadsItsFingerprintLineAndNoOther) {
  Fingerprint fingerprint;
  fingerprint.epoch.bytes.fill(0xab);
  fingerprint.position.sequence = 12345;
  fingerprint.position.chain.fill(0xcd);
  const std::string line = format_fingerprint(fingerprint);

  const auto parsed = parse_fingerprint(line);

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().epoch, fingerprint.epoch);
  EXPECT_EQ(parsed.value().position, fingerprint.position);
  for (const std::string& bad :
       {std::string(), line.substr(1), line + "x", line.substr(0, line.size() - 1),
        "2" + line.substr(1), "1 " + line, std::string(line).replace(35, 1, "+")}) {
    const auto refused = parse_fingerprint(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_THAT(refused.error().text(), HasSubstr("fingerprint: expected"));
  }
}

}  // namespace
}  // namespace coordinator
