#include "overlay/agent/host_watch.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

class HostWatchTest : public ::testing::Test {
 protected:
  HostWatchTest() {
    known_.id = {7};
    known_.lan_addresses = {address("192.168.0.7")};
  }

  static base::Address address(const std::string& text) {
    return base::Address::parse(text).value();
  }
  static model::NodeUpdate host(const std::string& lan) {
    return {.listen_port = 51820, .lan_addresses = {address(lan)}, .public_endpoint = {}};
  }
  // Lets time pass to the next reading, which shows `seen`; gives what is sent because of it.
  std::optional<model::NodeUpdate> read(std::optional<model::NodeUpdate> seen) {
    now_ = *watch_.next_timeout();
    watch_.handle_timeout(now_);
    EXPECT_TRUE(watch_.poll_read());
    watch_.handle_read(now_, std::move(seen));
    return watch_.poll_send();
  }

  base::TimePoint now_{100s};
  base::SeededRandom random_{5};
  model::NodeFact known_;
  HostWatch watch_{{}, random_};
};

TEST_F(HostWatchTest, NothingIsReadBeforeItIsKnownWhatTheCoordinatorSays) {
  watch_.handle_connected(now_);

  EXPECT_FALSE(watch_.next_timeout().has_value());
}

TEST_F(HostWatchTest, HostAsItIsKnownIsLookedAtAndNotToldAbout) {
  watch_.set_known(now_, known_);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(read(host("192.168.0.7")).has_value());
    EXPECT_EQ(*watch_.next_timeout() - now_, HostWatch::kInterval);
  }
}

TEST_F(HostWatchTest, NewAddressIsToldWhenItIsThereTwice) {
  watch_.set_known(now_, known_);
  EXPECT_FALSE(read(host("192.168.0.99")).has_value());
  EXPECT_EQ(*watch_.next_timeout() - now_, HostWatch::kSettle);

  EXPECT_EQ(read(host("192.168.0.99")), host("192.168.0.99"));
}

TEST_F(HostWatchTest, AddressThatIsGoneForAMomentIsNotToldAbout) {
  known_.lan_addresses = {address("192.168.0.7"), address("192.168.1.7")};
  model::NodeUpdate whole = host("192.168.0.7");
  whole.lan_addresses.push_back(address("192.168.1.7"));
  watch_.set_known(now_, known_);

  EXPECT_FALSE(read(host("192.168.0.7")).has_value());
  EXPECT_FALSE(read(whole).has_value());
}

TEST_F(HostWatchTest, HostWithoutAnyAddressTellsNothing) {
  watch_.set_known(now_, known_);
  model::NodeUpdate bare = host("192.168.0.7");
  bare.lan_addresses.clear();

  EXPECT_FALSE(read(bare).has_value());
  EXPECT_FALSE(read(bare).has_value());
  EXPECT_FALSE(read(std::nullopt).has_value());
}

TEST_F(HostWatchTest, UpdateThatWasTakenIsNotRepeatedSoon) {
  watch_.set_known(now_, known_);
  read(host("192.168.0.99"));
  ASSERT_TRUE(read(host("192.168.0.99")).has_value());
  watch_.handle_sent(now_, true);
  const auto sent_at = now_;

  while (!read(host("192.168.0.99")).has_value()) {
  }

  EXPECT_GE(now_ - sent_at, HostWatch::kGapMin);
}

TEST_F(HostWatchTest, FactThatSaysItEndsIt) {
  watch_.set_known(now_, known_);
  read(host("192.168.0.99"));
  ASSERT_TRUE(read(host("192.168.0.99")).has_value());
  watch_.handle_sent(now_, true);
  known_.lan_addresses = {address("192.168.0.99")};
  watch_.set_known(now_, known_);

  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(read(host("192.168.0.99")).has_value());
  }
}

TEST_F(HostWatchTest, UpdateThatWasNotTakenIsRepeatedMoreAndMoreSeldom) {
  watch_.set_known(now_, known_);
  base::Duration longest{};
  for (int i = 0; i < 60; ++i) {
    const auto before = now_;
    while (!read(host("192.168.0.99")).has_value()) {
    }
    longest = std::max(longest, now_ - before);
    watch_.handle_sent(now_, false);
  }

  EXPECT_GT(longest, HostWatch::kRetryMax / 2);
  EXPECT_LE(longest, HostWatch::kRetryMax + HostWatch::kInterval);
}

TEST_F(HostWatchTest, OpenStreamEndsTheWaitAfterARefusal) {
  watch_.set_known(now_, known_);
  read(host("192.168.0.99"));
  for (int i = 0; i < 30; ++i) {
    while (!read(host("192.168.0.99")).has_value()) {
    }
    watch_.handle_sent(now_, false);
  }

  watch_.handle_connected(now_);

  EXPECT_TRUE(read(host("192.168.0.99")).has_value());
}

TEST_F(HostWatchTest, WhoIsSeenFromOutsideShowsItselfEachTimeTheStreamIsOpen) {
  HostWatch gateway({.is_observed = true}, random_);
  const auto read_twice = [&] {
    std::optional<model::NodeUpdate> sent;
    for (int i = 0; i < 2 && !sent; ++i) {
      now_ = *gateway.next_timeout();
      gateway.handle_timeout(now_);
      gateway.poll_read();
      gateway.handle_read(now_, host("192.168.0.7"));
      sent = gateway.poll_send();
    }
    return sent;
  };
  gateway.set_known(now_, known_);
  EXPECT_FALSE(read_twice().has_value());

  gateway.handle_connected(now_);
  EXPECT_LE(*gateway.next_timeout() - now_, HostWatch::kConnectSpread);
  EXPECT_EQ(read_twice(), host("192.168.0.7"));
  gateway.handle_sent(now_, true);

  EXPECT_FALSE(read_twice().has_value());
}

// Events that nothing waits for change nothing.
TEST_F(HostWatchTest, AnswersNobodyWaitsForAreIgnored) {
  watch_.set_known(now_, known_);
  const auto wake_at = watch_.next_timeout();

  watch_.handle_read(now_, host("192.168.0.99"));
  watch_.handle_sent(now_, true);
  watch_.handle_timeout(now_ - 1s);

  EXPECT_EQ(watch_.next_timeout(), wake_at);
  EXPECT_FALSE(watch_.poll_read());
  EXPECT_FALSE(watch_.poll_send().has_value());
}

}  // namespace
}  // namespace agent
