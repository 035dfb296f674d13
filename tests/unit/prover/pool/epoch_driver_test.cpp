#include "prover/pool/epoch_driver.h"

#include <string>

#include <gtest/gtest.h>

#include "overlay/base/hex.h"

namespace prover {
namespace {

constexpr auto kSecond = std::chrono::seconds(1);
base::TimePoint at(int second) {
  return base::TimePoint() + second * kSecond;
}

std::string block(std::uint32_t height, std::uint8_t byte) {
  Bytes32 hash{};
  hash.fill(byte);
  hash.back() = 0;
  return std::to_string(height) + " " + base::hex_encode(hash) + "\n";
}

TEST(EpochDriverTest, EpochsHaveTwoHundredFiftySixBlocks) {
  static_assert(epoch_number(0) == 0 && epoch_number(255) == 0 && epoch_number(256) == 1);
  static_assert(epoch_number(1578) == 6);
}

TEST(EpochDriverTest, EpochZeroHasTheHashZero) {
  auto driver = EpochDriver::make_chain(1, 0, {.length = 10 * kSecond});
  driver.begin(std::nullopt, at(0));
  EXPECT_EQ(driver.epoch(), Epoch());
  driver.handle_time(at(10));
  EXPECT_EQ(driver.epoch().number, 1U);
  EXPECT_NE(driver.epoch().block_hash, Bytes32());
}

TEST(EpochDriverTest, AMadeChainIsItsSeedAndEveryHashIsBelowR) {
  auto one = EpochDriver::make_chain(5, 3, {.shares = 1});
  auto same = EpochDriver::make_chain(5, 3, {.shares = 1});
  auto other = EpochDriver::make_chain(6, 3, {.shares = 1});
  one.begin(std::nullopt, at(0));
  same.begin(std::nullopt, at(9));
  other.begin(std::nullopt, at(0));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(one.epoch(), same.epoch());
    EXPECT_NE(one.epoch(), other.epoch());
    EXPECT_TRUE(check_below_r(one.epoch().block_hash).ok());
    one.handle_share(at(i));
    same.handle_share(at(i));
    other.handle_share(at(i));
  }
  EXPECT_EQ(one.epoch().number, 53U);
}

TEST(EpochDriverTest, EndsAnEpochByTimeOrBySharesWhicheverIsFirst) {
  auto driver = EpochDriver::make_chain(1, 0, {.length = 10 * kSecond, .shares = 2});
  driver.begin(std::nullopt, at(0));
  EXPECT_EQ(driver.next_timeout(), at(10));
  driver.handle_share(at(1));
  driver.handle_share(at(2));
  EXPECT_EQ(driver.epoch().number, 1U);
  EXPECT_EQ(driver.next_timeout(), at(12));
  driver.handle_time(at(11));
  EXPECT_EQ(driver.epoch().number, 1U);
  driver.handle_time(at(12));
  EXPECT_EQ(driver.epoch().number, 2U);
  driver.handle_time(at(45));  // 22, 32, 42
  EXPECT_EQ(driver.epoch().number, 5U);
  EXPECT_EQ(driver.started_at(), at(42));
}

TEST(EpochDriverTest, GoesOnWhereItWasAfterARestart) {
  auto before = EpochDriver::make_chain(1, 0, {.length = 10 * kSecond, .shares = 3});
  before.begin(std::nullopt, at(0));
  before.handle_time(at(10));

  auto after = EpochDriver::make_chain(1, 0, {.length = 10 * kSecond, .shares = 3});
  after.begin(EpochDriver::Living{before.epoch(), 4 * kSecond, 2}, at(100));

  EXPECT_EQ(after.epoch(), before.epoch());
  EXPECT_EQ(after.next_timeout(), at(106));
  after.handle_share(at(101));
  EXPECT_EQ(after.epoch().number, 2U);
}

TEST(EpochDriverTest, EpochsThatEndedWhileNobodyWatchedHaveEnded) {
  auto chain = EpochDriver::make_chain(1, 0, {.length = 10 * kSecond});
  chain.begin(std::nullopt, at(0));
  const Epoch first = chain.epoch();

  auto after = EpochDriver::make_chain(1, 0, {.length = 10 * kSecond});
  after.begin(EpochDriver::Living{first, 1'000'000'005 * kSecond, 0}, at(7));

  EXPECT_EQ(after.epoch().number, 100'000'000U);
  EXPECT_EQ(after.next_timeout(), at(12));
}

TEST(EpochDriverTest, AnEpochOfAnotherChainIsNotGoneOnWith) {
  auto driver = EpochDriver::make_chain(1, 0, {});
  driver.begin(EpochDriver::Living{{5, {}}, 4 * kSecond, 2}, at(0));
  EXPECT_EQ(driver.epoch().number, 0U);
}

TEST(EpochDriverTest, ARecordedChainGivesItsEpochsInOrderAndStaysAtTheLast) {
  auto replay = EpochDriver::replay("# a remark\n" + block(100, 1) + block(255, 2) + block(256, 3) +
                                        block(511, 4) + block(1023, 5),
                                    {.length = 10 * kSecond});
  ASSERT_TRUE(replay.ok()) << replay.error().text();
  auto driver = std::move(replay).value();
  driver.begin(std::nullopt, at(0));
  EXPECT_EQ(driver.epoch(), Epoch());
  driver.handle_time(at(10));
  EXPECT_EQ(driver.epoch().number, 1U);
  EXPECT_EQ(driver.epoch().block_hash[0], 2);
  driver.handle_time(at(20));
  EXPECT_EQ(driver.epoch().block_hash[0], 4);
  driver.handle_time(at(1000));
  EXPECT_EQ(driver.epoch().number, 4U);
  EXPECT_FALSE(driver.next_timeout());
}

TEST(EpochDriverTest, ARecordThatCannotBeReadIsNamedByItsLine) {
  const auto text_of = [](const std::string& text) {
    const auto replay = EpochDriver::replay(text, {});
    return replay.ok() ? "" : replay.error().text();
  };
  EXPECT_EQ(text_of(""),
            "no epoch: expected a block below 256, or a block 256 e - 1, whose hash epoch e needs");
  EXPECT_EQ(text_of("x\n"), "line 1: \"x\", expected HEIGHT HASH");
  EXPECT_EQ(text_of(block(255, 1) + block(255, 1)),
            "line 2: height 255 after 255, expected a higher one");
  EXPECT_EQ(text_of("1 00\n"),
            "line 1: block hash of 2 characters, expected ab1... or 64 hex digits in lower case");
  EXPECT_NE(text_of("1 " + std::string(64, 'f') + "\n"), "");
  EXPECT_NE(text_of("300 " + std::string(64, '0') + "\n"), "");
}

}  // namespace
}  // namespace prover
