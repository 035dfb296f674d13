#include "overlay/loop/icmp_ping.h"

#include <memory>
#include <optional>

#include <gtest/gtest.h>

namespace loop {
namespace {

using namespace std::chrono_literals;

// Raw sockets need CAP_NET_RAW; without it there is nothing to test.
class PingerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Pinger probe(loop_);
    const auto status = probe.ping({base::Address::parse("127.0.0.1").value(), "", 1ms},
                                   [](const base::Result<base::Duration>&) {});
    if (!status.ok()) {
      GTEST_SKIP() << status.error().text();
    }
  }

  std::optional<base::Result<base::Duration>> ping(const Pinger::Target& target) {
    std::optional<base::Result<base::Duration>> seen;
    Pinger pinger(loop_);
    const auto status = pinger.ping(
        target, [&](base::Result<base::Duration> result) { seen.emplace(std::move(result)); });
    if (!status.ok()) {
      return base::Result<base::Duration>(status.error());
    }
    EXPECT_FALSE(seen.has_value());
    loop_.run();
    return seen;
  }

  Loop loop_;
};

TEST_F(PingerTest, MeasuresLoopbackOfBothFamilies) {
  for (const char* const text : {"127.0.0.1", "::1"}) {
    const auto seen = ping({base::Address::parse(text).value(), "", 1s});
    ASSERT_TRUE(seen.has_value());
    if (!seen->ok() && std::string_view(text) == "::1") {
      continue;  // a machine without IPv6
    }
    ASSERT_TRUE(seen->ok()) << seen->error().text();
    EXPECT_GT(seen->value(), 0ns);
    EXPECT_LT(seen->value(), 1s);
  }
}

TEST_F(PingerTest, ReportsSilenceOnce) {
  // Discard-only: RFC 6666's sibling for tests, TEST-NET-1, which nobody answers for.
  const auto seen = ping({base::Address::parse("192.0.2.1").value(), "lo", 20ms});

  ASSERT_TRUE(seen.has_value());
  ASSERT_FALSE(seen->ok());
  EXPECT_EQ(seen->error().code(), base::Errc::Unavailable);
}

TEST_F(PingerTest, RefusesAnInterfaceThatIsNotThere) {
  const auto seen = ping({base::Address::parse("127.0.0.1").value(), "none0", 1s});

  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->error().text(), "ping 127.0.0.1: no interface none0");
}

TEST_F(PingerTest, MayBeDestroyedFromItsCallback) {
  auto pinger = std::make_unique<Pinger>(loop_);
  ASSERT_TRUE(pinger
                  ->ping({base::Address::parse("127.0.0.1").value(), "", 1s},
                         [&](const base::Result<base::Duration>&) { pinger.reset(); })
                  .ok());

  loop_.run();

  EXPECT_EQ(pinger, nullptr);
}

}  // namespace
}  // namespace loop
