#include "tests/support/wan/network.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/wan/command.h"

namespace wan {
namespace {

using namespace std::chrono_literals;
using Frame = std::vector<std::uint8_t>;

constexpr std::uint8_t kAll = 0xff;

// An Ethernet frame between hosts known by one byte; kAll is the broadcast address.
Frame frame(std::uint8_t to, std::uint8_t from, std::uint16_t type = 0x0806) {
  Frame bytes(60, 0);
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = to == kAll ? kAll : (i == 5 ? to : 0x02);
    bytes[i + 6] = i == 5 ? from : 0x02;
  }
  bytes[12] = static_cast<std::uint8_t>(type >> 8);
  bytes[13] = static_cast<std::uint8_t>(type);
  return bytes;
}

Frame udp_frame(std::uint16_t source, std::uint16_t destination, const Frame& payload) {
  Frame bytes = frame(2, 1, 0x0800);
  bytes.resize(14 + 20 + 8);
  bytes[14] = 0x45;
  bytes[23] = 17;
  const auto put = [&bytes](std::size_t at, std::size_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
  };
  put(34, source);
  put(36, destination);
  put(38, 8 + payload.size());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Frame wireguard_payload(std::uint8_t type, std::size_t size) {
  Frame payload(size, 0xaa);
  payload[0] = type;
  payload[1] = payload[2] = payload[3] = 0;
  return payload;
}

class NetworkTest : public ::testing::Test {
 protected:
  std::vector<std::size_t> ports_reached() {
    std::vector<std::size_t> ports;
    while (auto delivery = network_.poll(now_)) {
      ports.push_back(delivery->port);
    }
    return ports;
  }

  std::string run(std::string_view line) {
    const auto result = run_command(network_, line);
    return result.ok() ? result.value() : result.error().text();
  }

  base::TimePoint now_{1s};
  base::SeededRandom random_{1};
  Network network_{{"a", "b", "c"}, random_};
};

TEST_F(NetworkTest, UnknownAndBroadcastGoEverywhereElse) {
  network_.handle_frame(0, frame(kAll, 1), now_);
  EXPECT_EQ(ports_reached(), (std::vector<std::size_t>{1, 2}));

  network_.handle_frame(0, frame(9, 1), now_);
  EXPECT_EQ(ports_reached(), (std::vector<std::size_t>{1, 2}));
}

TEST_F(NetworkTest, LearntAddressGetsItsFramesAlone) {
  network_.handle_frame(2, frame(kAll, 3), now_);
  ports_reached();

  network_.handle_frame(0, frame(3, 1), now_);

  EXPECT_EQ(ports_reached(), std::vector<std::size_t>{2});
}

TEST_F(NetworkTest, ShortFrameIsDropped) {
  network_.handle_frame(0, Frame(13, 0), now_);

  EXPECT_TRUE(ports_reached().empty());
}

TEST_F(NetworkTest, CountsWireguardApartFromOtherUdp) {
  network_.handle_frame(1, frame(kAll, 2), now_);
  network_.handle_frame(0, udp_frame(40000, 51820, wireguard_payload(1, 148)), now_);
  network_.handle_frame(0, udp_frame(51820, 51821, wireguard_payload(4, 96)), now_);
  network_.handle_frame(0, udp_frame(40000, 51820, wireguard_payload(1, 147)), now_);
  network_.handle_frame(0, udp_frame(40000, 53, Frame(40, 'q')), now_);

  const PairCounters counters = network_.counters(0, 1);

  EXPECT_EQ(counters.kinds[static_cast<std::size_t>(FrameKind::Wireguard)].frames, 2U);
  EXPECT_EQ(counters.kinds[static_cast<std::size_t>(FrameKind::Wireguard)].bytes,
            42U * 2 + 148 + 96);
  EXPECT_EQ(counters.kinds[static_cast<std::size_t>(FrameKind::Udp)].frames, 2U);
  EXPECT_EQ(counters.services.at("udp/53"), 82U);
}

TEST_F(NetworkTest, SetChangesBothDirectionsAndKeepsACut) {
  EXPECT_EQ(run("cut a b"), "{}");
  EXPECT_EQ(run("set a b rtt_ms=30 jitter_ms=1.5 loss_percent=0.1 rate_mbit=200"), "{}");

  for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>{0, 1}, {1, 0}}) {
    const Path& path = network_.path(from, to);
    EXPECT_EQ(path.delay, 15ms);
    EXPECT_EQ(path.jitter, 1500us);
    EXPECT_EQ(path.loss_ppm, 1000U);
    EXPECT_EQ(path.rate_bit_s, 200'000'000U);
    EXPECT_TRUE(path.is_cut);
  }
  EXPECT_EQ(run("heal b a"), "{}");
  EXPECT_FALSE(network_.path(0, 1).is_cut);
}

TEST_F(NetworkTest, ShowNamesEveryPair) {
  const auto shown = nlohmann::json::parse(run("show"), nullptr, false);

  ASSERT_FALSE(shown.is_discarded());
  EXPECT_EQ(shown["pairs"].size(), 6U);
  EXPECT_EQ(shown["pairs"][0]["from"], "a");
  EXPECT_EQ(shown["pairs"][0]["kinds"]["wireguard"]["bytes"], 0);
}

struct BadCommand {
  std::string line;
  std::string text;
};

class RefusesCommand : public NetworkTest, public ::testing::WithParamInterface<BadCommand> {};

TEST_P(RefusesCommand, SayingWhichWord) {
  EXPECT_EQ(run(GetParam().line), GetParam().text);
  EXPECT_EQ(network_.path(0, 1).delay, 0ns);
}

INSTANTIATE_TEST_SUITE_P(
    Command, RefusesCommand,
    ::testing::Values(
        BadCommand{"", "\"\", expected set A B NAME=NUMBER..., cut A B, heal A B or show"},
        BadCommand{"set a b",
                   "\"set a b\", expected set A B NAME=NUMBER..., cut A B, heal A B or show"},
        BadCommand{"cut a d", "place \"d\", expected one of a, b, c"},
        BadCommand{"cut a a", "place \"a\" twice, expected two places"},
        BadCommand{"set a b rtt_ms=x", "rtt_ms: \"x\", expected a number in 0..10000"},
        BadCommand{"set a b rtt_ms=nan", "rtt_ms: \"nan\", expected a number in 0..10000"},
        BadCommand{"set a b loss_percent=101",
                   "loss_percent: \"101\", expected a number in 0..100"},
        BadCommand{"set a b speed=1",
                   "\"speed=1\", expected rtt_ms=, jitter_ms=, loss_percent= or rate_mbit="}));

}  // namespace
}  // namespace wan
