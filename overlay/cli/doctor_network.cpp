// The checks that ask somebody: the coordinator, the mirror.
#include <array>
#include <cstdlib>
#include <ctime>
#include <set>
#include <string>
#include <string_view>

#include "overlay/agent/coordinator_api.h"
#include "overlay/agent/programs.h"
#include "overlay/cli/doctor_checks.h"
#include "overlay/cli/wait.h"
#include "overlay/loop/files.h"
#include "overlay/model/request_signature.h"

namespace cli {
namespace {

constexpr base::Duration kAnswerTimeout = std::chrono::seconds(5);
constexpr base::Duration kSkewWarning = std::chrono::seconds(20);
constexpr std::size_t kConfigBytesMax = 1U << 20;
constexpr const char* kContainerdConfig = "/etc/containerd/config.toml";
constexpr const char* kHttpDate = "%a, %d %b %Y %H:%M:%S GMT";
constexpr const char* kMirrorUrl = "http://127.0.0.1:7755/v2/";

std::string seconds_text(base::Duration span) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(span).count()) + " s";
}

void check_clock(Findings& findings, const loop::HttpHead& head, base::WallTime now) {
  const std::string* const date = head.find("date");
  const auto theirs = date != nullptr ? parse_http_date(*date) : std::nullopt;
  if (!theirs) {
    return;
  }
  const base::Duration ahead = now - *theirs;
  const base::Duration skew = ahead < base::Duration::zero() ? -ahead : ahead;
  const std::string text = "this server's clock is " + seconds_text(skew) +
                           (ahead < base::Duration::zero() ? " behind" : " ahead of") +
                           " the coordinator's";
  constexpr const char* kAdvice = "set the clock; run an NTP client (chrony, systemd-timesyncd)";
  if (skew > model::kClockSkewMax) {
    findings.push_back(fail("clock", text + ": signed requests are refused", kAdvice));
  } else if (skew > kSkewWarning) {
    findings.push_back(warn("clock", text, kAdvice));
  } else {
    findings.push_back(ok("clock", "agrees with the coordinator's"));
  }
}

}  // namespace

std::optional<base::WallTime> parse_http_date(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  if (::strptime(copy.c_str(), kHttpDate, &parts) == nullptr) {
    return std::nullopt;
  }
  const std::time_t seconds = ::timegm(&parts);
  // strptime takes more than the form (31 Feb, another day's name, anything behind a zero byte), so
  // it is one only if the same text comes out again.
  std::array<char, 64> again{};
  ::gmtime_r(&seconds, &parts);
  const std::size_t size = std::strftime(again.data(), again.size(), kHttpDate, &parts);
  if (std::string_view(again.data(), size) != text) {
    return std::nullopt;
  }
  return base::WallTime{static_cast<std::int64_t>(seconds) * 1000};
}

void check_coordinator(Findings& findings, loop::Loop& loop, const agent::Identity& identity) {
  loop::HttpClient client(loop);
  loop::HttpRequest request;
  request.url = identity.coordinator + "/healthz";
  request.pinned_spki = identity.pin;
  request.connect_timeout = kAnswerTimeout;
  request.total_timeout = kAnswerTimeout;
  request.body_bytes_max = std::size_t{64} << 10;
  const auto answer = send_and_wait(loop, client, std::move(request));
  if (!answer.ok()) {
    const bool is_pin = answer.error().code() == base::Errc::Unauthenticated;
    findings.push_back(
        is_pin ? fail("coordinator", identity.coordinator + " has another key than the pinned one",
                      "do not trust it; ask the operator, or look for a proxy in between")
               : fail("coordinator", answer.error().text(),
                      "packets flow on without it; look at routes, firewalls and the coordinator"));
    return;
  }
  findings.push_back(
      answer.value().status == 200
          ? ok("coordinator", identity.coordinator + " answers, with the pinned key")
          : warn("coordinator",
                 "answers, but is not well: HTTP status " + std::to_string(answer.value().status),
                 "look at the coordinator's log"));
  check_clock(findings, answer.value(), loop.wall_now());
}

void check_mirror(Findings& findings, loop::Loop& loop, const Joined& joined) {
  if (!joined.identity.is_mirror_wanted) {
    findings.push_back(ok("mirror", "declined when joining"));
    return;
  }
  if (joined.view.replicas().empty()) {
    findings.push_back(ok("mirror", "this network has no replicas"));
    return;
  }
  if (!agent::find_program("linkspan-mirror")) {
    findings.push_back(warn("mirror", "not installed: images come from their original registries",
                            "install the package linkspan-mirror"));
    return;
  }
  if (const auto config = loop::read_file(kContainerdConfig, kConfigBytesMax); config.ok()) {
    findings.push_back(
        names_hosts_directory(config.value())
            ? ok("containerd", "config_path is set")
            : fail("containerd",
                   std::string(kContainerdConfig) + " sets no config_path: mirrors are ignored",
                   "set config_path = \"/etc/containerd/certs.d\" in the registry section and "
                   "restart "
                   "containerd"));
  }
  loop::HttpClient client(loop);
  loop::HttpRequest request;
  request.url = kMirrorUrl;
  request.connect_timeout = kAnswerTimeout;
  request.total_timeout = kAnswerTimeout;
  request.body_bytes_max = std::size_t{64} << 10;
  const auto answer = send_and_wait(loop, client, std::move(request));
  findings.push_back(answer.ok()
                         ? ok("mirror", "the proxy answers")
                         : fail("mirror", "the proxy does not answer: " + answer.error().text(),
                                agent::is_systemd_running() ? "journalctl -u linkspan-mirror"
                                                            : "see /var/log/linkspan/mirror.log"));
}

}  // namespace cli
