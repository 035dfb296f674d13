#include "tests/support/wan/network.h"

#include <algorithm>
#include <utility>

#include "overlay/base/check.h"

namespace wan {
namespace {

constexpr std::size_t kEthernetBytes = 14;

}  // namespace

Network::Network(const std::vector<std::string>& names, base::RandomSource& random)
    : names_(names) {
  CHECK(names.size() >= 2 && names.size() <= kPortsMax);
  pairs_.reserve(names.size() * names.size());
  for (std::size_t i = 0; i < names.size() * names.size(); ++i) {
    pairs_.push_back(Pair{.link = Link(random), .kinds = {}, .services = {}});
  }
}

base::Result<std::size_t> Network::port(std::string_view name) const {
  const auto at = std::find(names_.begin(), names_.end(), name);
  if (at != names_.end()) {
    return static_cast<std::size_t>(at - names_.begin());
  }
  std::string known;
  for (const std::string& other : names_) {
    known += known.empty() ? other : ", " + other;
  }
  return base::Error(base::Errc::NotFound,
                     "place \"" + std::string(name.substr(0, 32)) + "\", expected one of " + known);
}

Network::Pair& Network::pair(std::size_t from, std::size_t to) {
  CHECK(from < names_.size() && to < names_.size() && from != to);
  return pairs_[from * names_.size() + to];
}

const Network::Pair& Network::pair(std::size_t from, std::size_t to) const {
  CHECK(from < names_.size() && to < names_.size() && from != to);
  return pairs_[from * names_.size() + to];
}

void Network::set_path(std::size_t from, std::size_t to, const Path& path) {
  pair(from, to).link.set_path(path);
}

const Path& Network::path(std::size_t from, std::size_t to) const {
  return pair(from, to).link.path();
}

PairCounters Network::counters(std::size_t from, std::size_t to) const {
  const Pair& counted = pair(from, to);
  PairCounters counters{.link = counted.link.counters(), .kinds = counted.kinds, .services = {}};
  for (const auto& [key, bytes] : counted.services) {
    const auto kind = static_cast<FrameKind>(key >> 16);
    const std::string protocol(kind == FrameKind::Tcp ? "tcp" : "udp");
    counters.services[protocol + "/" + std::to_string(key & 0xffff)] += bytes;
  }
  return counters;
}

void Network::handle_frame(std::size_t port, std::vector<std::uint8_t> frame, base::TimePoint now) {
  CHECK(port < names_.size());
  if (frame.size() < kEthernetBytes) {
    return;
  }
  Mac source{};
  Mac destination{};
  std::copy_n(frame.begin(), destination.size(), destination.begin());
  std::copy_n(frame.begin() + 6, source.size(), source.begin());
  const bool is_group = (source[0] & 1) != 0;
  if (!is_group && (port_of_.size() < kAddressesMax || port_of_.contains(source))) {
    port_of_[source] = port;
  }
  const auto known = port_of_.find(destination);
  if (known != port_of_.end()) {
    if (known->second != port) {
      send(port, known->second, std::move(frame), now);
    }
    return;
  }
  for (std::size_t to = 0; to < names_.size(); ++to) {
    if (to != port) {
      send(port, to, frame, now);
    }
  }
}

void Network::send(std::size_t from, std::size_t to, std::vector<std::uint8_t> frame,
                   base::TimePoint now) {
  Pair& used = pair(from, to);
  const FrameSummary summary = summarize(frame);
  KindCounters& kind = used.kinds[static_cast<std::size_t>(summary.kind)];
  kind.frames += 1;
  kind.bytes += frame.size();
  if (summary.source_port != 0) {
    const std::uint32_t lower = std::min(summary.source_port, summary.destination_port);
    const std::uint32_t key = static_cast<std::uint32_t>(summary.kind) << 16 | lower;
    if (used.services.size() < kServicesMax || used.services.contains(key)) {
      used.services[key] += frame.size();
    }
  }
  used.link.handle_frame(std::move(frame), now);
}

std::optional<Delivery> Network::poll(base::TimePoint now) {
  for (std::size_t from = 0; from < names_.size(); ++from) {
    for (std::size_t to = 0; to < names_.size(); ++to) {
      if (from == to) {
        continue;
      }
      if (auto frame = pair(from, to).link.poll_frame(now)) {
        return Delivery{.port = to, .frame = std::move(*frame)};
      }
    }
  }
  return std::nullopt;
}

std::optional<base::TimePoint> Network::next_timeout() const {
  std::optional<base::TimePoint> earliest;
  for (const Pair& each : pairs_) {
    const auto at = each.link.next_timeout();
    if (at && (!earliest || *at < *earliest)) {
      earliest = at;
    }
  }
  return earliest;
}

}  // namespace wan
