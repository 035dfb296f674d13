// enrol_burst: many new nodes enrol at once, each again and again until it is acknowledged or the
// time is up. What was acknowledged is printed, one line a node and at once: IDENTITY NODE-ID
// ADDRESS. The tests kill the coordinator meanwhile and then ask whether it still knows every line.
//
//   enrol_burst URL TOKEN COUNT SECONDS
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/base/time.h"
#include "overlay/crypto/keys.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "overlay/model/enrol.h"
#include "overlay/model/ids.h"
#include "overlay/model/request_signature.h"
#include "overlay/model/token.h"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAtOnceMax = 64;
constexpr base::Duration kRetryAfter = 100ms;

std::string random_hex(std::size_t size_bytes) {
  std::vector<std::uint8_t> bytes(size_bytes);
  crypto::SystemRandom().fill(bytes);
  return base::hex_encode(bytes);
}

// One server that wants in.
class Joiner {
 public:
  struct Target {
    std::string url;
    std::string token;
  };

  Joiner(loop::Loop& loop, loop::HttpClient& client, const Target& target,
         std::function<void()> on_acknowledged)
      : loop_(loop),
        client_(client),
        target_(target),
        on_acknowledged_(std::move(on_acknowledged)),
        retry_(loop, [this] { send(); }) {}

  void send() {
    const auto token = model::JoinToken::parse(target_.token);
    if (!token.ok()) {
      return;
    }
    model::EnrolRequest enrol{
        .token = {.id = token.value().id,
                  .secret = crypto::Secret<32>(token.value().secret.bytes())},
        .identity_key = identity_.public_key(),
        .wireguard_key = wireguard_.public_key(),
        .name = "burst-" + identity_.public_key().text().substr(0, 16),
        .machine_id = machine_id_,
        .boot_id = machine_id_,
        .lan_addresses = {},
        .public_endpoint = {},
        .local_prefixes = {},
        .network = {},
        .agent_version = "enrol_burst",
    };
    loop::HttpRequest request;
    request.method = "POST";
    request.url = target_.url + "/v1/enrol";
    request.body = encode(enrol);
    request.pinned_spki = token.value().pin;
    request.total_timeout = 5s;
    sent_at_ = std::max(loop_.wall_now(), sent_at_ + 1ms);  // the coordinator takes no time twice
    const std::string node = identity_.public_key().text();
    const std::string host = model::HostId{machine_id_, machine_id_}.text();
    const auto headers = model::sign_request(
        identity_,
        {.method = "POST", .target = "/v1/enrol", .node = node, .time = sent_at_, .host = host},
        base::as_bytes(request.body));
    request.headers = {{.name = "content-type", .value = "application/json"},
                       {.name = std::string(model::kNodeHeader), .value = headers.node},
                       {.name = std::string(model::kTimeHeader), .value = headers.time},
                       {.name = std::string(model::kHostHeader), .value = headers.host},
                       {.name = std::string(model::kSignatureHeader), .value = headers.signature}};
    request_ =
        client_.send(std::move(request),
                     [this](const base::Result<loop::HttpResponse>& answer) { handle(answer); });
  }

 private:
  void handle(const base::Result<loop::HttpResponse>& answer) {
    if (answer.ok() && answer.value().status == 200) {
      const auto enrolled = model::decode_enrol_response(answer.value().body);
      if (enrolled.ok() && !enrolled.value().addresses.empty()) {
        std::printf("%s %s %s\n", identity_.public_key().text().c_str(),
                    model::text_of(enrolled.value().node_id).c_str(),
                    enrolled.value().addresses.front().text().c_str());
        std::fflush(stdout);
        on_acknowledged_();
        return;
      }
    }
    const std::string why = answer.ok() ? "HTTP " + std::to_string(answer.value().status) + ": " +
                                              answer.value().body.substr(0, 200)
                                        : answer.error().text();
    std::fprintf(stderr, "%s\n", why.c_str());
    retry_.start_after(kRetryAfter);
  }

  loop::Loop& loop_;
  loop::HttpClient& client_;
  const Target& target_;
  std::function<void()> on_acknowledged_;
  crypto::IdentityKey identity_ = crypto::IdentityKey::generate();
  crypto::WireguardKey wireguard_ = crypto::WireguardKey::generate();
  std::string machine_id_ = random_hex(16);
  base::WallTime sent_at_;
  loop::Timer retry_;
  loop::RequestHandle request_;
};

int run(const Joiner::Target& target, std::size_t count, base::Duration limit) {
  loop::Loop loop;
  loop::HttpClient client(loop);
  std::size_t acknowledged = 0;
  std::vector<std::unique_ptr<Joiner>> joiners;
  std::size_t started = 0;
  const std::function<void()> start_one = [&] {
    if (started < count) {
      joiners[started++]->send();
    }
  };
  const auto on_acknowledged = [&] {
    acknowledged += 1;
    start_one();
    if (acknowledged == count) {
      loop.stop();
    }
  };
  for (std::size_t i = 0; i < count; ++i) {
    joiners.push_back(std::make_unique<Joiner>(loop, client, target, on_acknowledged));
  }
  loop::Timer deadline(loop, [&loop] { loop.stop(); });
  deadline.start_after(limit);
  for (std::size_t i = 0; i < kAtOnceMax; ++i) {
    start_one();
  }
  loop.run();
  std::fprintf(stderr, "%zu of %zu acknowledged\n", acknowledged, count);
  return acknowledged == count ? 0 : 1;
}

bool parse_count(std::string_view text, std::size_t& count) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0 && count <= 100'000;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::size_t count = 0;
  std::size_t seconds = 0;
  if (words.size() != 4 || !parse_count(words[2], count) || !parse_count(words[3], seconds)) {
    std::fputs("usage: enrol_burst URL TOKEN COUNT SECONDS\n", stderr);
    return 2;
  }
  crypto::init();
  return run({.url = words[0], .token = words[1]}, count, std::chrono::seconds(seconds));
}
