// Networks, sites and replicas: what operators lay out before servers join.
#include <algorithm>
#include <array>

#include "coordinator/domain/address_pool.h"
#include "coordinator/domain/refusals.h"
#include "overlay/model/names.h"

namespace coordinator {
namespace {

constexpr std::uint8_t kNetworkLengthMinV4 = 8;
constexpr std::uint8_t kNetworkLengthMaxV4 = 26;
constexpr std::uint8_t kNetworkLengthMinV6 = 16;
constexpr std::uint8_t kNetworkLengthMaxV6 = 112;

// 10.192.0.0/12: out of 100.64.0.0/10 (clouds' and other overlays' own), of Docker's 172.17.0.0/16,
// of the usual pod and service ranges (10.42, 10.43, 10.96, 10.244) and of common LANs.
base::Prefix default_v4() {
  return base::Prefix(base::Address::v4(10U << 24U | 192U << 16U), 12);
}

// A fresh unique local prefix (RFC 4193, 3.2): fd and 40 random bits.
base::Prefix random_ula(base::RandomSource& random) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[0] = 0xfd;
  random.fill(std::span(bytes).subspan(1, 5));
  return base::Prefix(base::Address::v6(bytes), 48);
}

bool is_multicast(const base::Address& address) {
  const std::uint8_t first = address.bytes()[0];
  return address.is_v4() ? first >= 224 : first == 0xff;
}

// Empty, or what is wrong with it as a range of overlay addresses.
std::string unfit(const base::Prefix& prefix) {
  const bool is_v4 = prefix.family() == base::Family::V4;
  const std::uint8_t min = is_v4 ? kNetworkLengthMinV4 : kNetworkLengthMinV6;
  const std::uint8_t max = is_v4 ? kNetworkLengthMaxV4 : kNetworkLengthMaxV6;
  if (prefix.length() < min || prefix.length() > max) {
    return prefix.text() + ", expected a length of " + std::to_string(min) + ".." +
           std::to_string(max);
  }
  const base::Address& address = prefix.address();
  if (address.is_unspecified() || address.is_loopback() || address.is_link_local() ||
      is_multicast(address)) {
    return prefix.text() + ", expected unicast addresses that are not loopback or link-local";
  }
  return "";
}

bool has_one_of_each_family(const std::vector<base::Prefix>& prefixes) {
  return prefixes.size() < 2 ||
         (prefixes.size() == 2 && prefixes[0].family() != prefixes[1].family());
}

std::string list_field(std::string_view name, std::size_t index) {
  return std::string(name) + "[" + std::to_string(index) + "]";
}

// No refusal if the list is one of good ranges.
Decision check_ranges(const CreateNetwork& command) {
  if (!has_one_of_each_family(command.prefixes)) {
    return refuse(base::Errc::Malformed, "prefixes", std::to_string(command.prefixes.size()),
                  "expected at most one IPv4 and one IPv6 prefix");
  }
  for (std::size_t i = 0; i < command.prefixes.size(); ++i) {
    const base::Prefix& prefix = command.prefixes[i];
    if (const std::string text = unfit(prefix); !text.empty()) {
      return refuse(base::Errc::Malformed, list_field("prefixes", i), prefix.text(), text);
    }
  }
  return {};
}

// Who has or had a part of `prefix`; empty if nobody.
std::string claimant(const State& state, model::NetworkId network, const base::Prefix& prefix,
                     base::WallTime retired_until) {
  for (auto it = state.site_by_name.lower_bound({network, ""});
       it != state.site_by_name.end() && it->first.first == network; ++it) {
    for (const base::Prefix& other : state.sites.find(it->second)->prefixes) {
      if (other.overlaps(prefix)) {
        return other.text() + " of site " + in_quotes(it->first.second);
      }
    }
  }
  for (auto it = state.retired_blocks.lower_bound({network, {}});
       it != state.retired_blocks.end() && it->first.first == network; ++it) {
    if (it->second > retired_until && it->first.second.overlaps(prefix)) {
      return it->first.second.text() + " of a removed site, which is in quarantine";
    }
  }
  return "";
}

const base::Prefix* of_family(const std::vector<base::Prefix>& prefixes, base::Family family) {
  const auto it = std::find_if(prefixes.begin(), prefixes.end(), [&](const base::Prefix& prefix) {
    return prefix.family() == family;
  });
  return it == prefixes.end() ? nullptr : &*it;
}

}  // namespace

Decision Deciding::operator()(const CreateNetwork& command) const {
  if (const auto status = model::check_name(command.name); !status.ok()) {
    return refuse(base::Errc::Malformed, "name", command.name, status.error().text());
  }
  if (state.network_by_name.contains(command.name)) {
    return refuse(base::Errc::Conflict, "name", command.name,
                  in_quotes(command.name) + " exists already");
  }
  if (state.networks.size() >= kNetworksMax) {
    return refuse(base::Errc::LimitExceeded, "name", command.name,
                  "there are " + std::to_string(kNetworksMax) + " networks, the most there may be");
  }
  if (auto decision = check_ranges(command); !decision.ok()) {
    return decision;
  }
  if (command.mtu < model::kMtuMin || command.mtu > model::kMtuMax) {
    return refuse(base::Errc::Malformed, "mtu", std::to_string(command.mtu),
                  std::to_string(command.mtu) + ", expected " + std::to_string(model::kMtuMin) +
                      ".." + std::to_string(model::kMtuMax));
  }
  if (command.keepalive_s > model::kKeepaliveMax_s) {
    return refuse(base::Errc::Malformed, "keepalive_s", std::to_string(command.keepalive_s),
                  std::to_string(command.keepalive_s) + ", expected 0.." +
                      std::to_string(model::kKeepaliveMax_s));
  }
  Network network{.id = {state.counters.get().network},
                  .name = command.name,
                  .topology = command.topology,
                  .prefixes = command.prefixes,
                  .pod_prefixes = {},
                  .mtu = command.mtu,
                  .keepalive_s = command.keepalive_s,
                  .created_at = circumstances.now,
                  .changed_at = 0};
  if (network.prefixes.empty()) {
    network.prefixes = {default_v4(), random_ula(random)};
  }
  std::sort(network.prefixes.begin(), network.prefixes.end());
  Decision decision;
  decision.subject = {SubjectKind::Network, network.id.value};
  decision.events.emplace_back(NetworkCreated{std::move(network)});
  return decision;
}

Decision Deciding::operator()(const RemoveNetwork& command) const {
  const Network* network = state.networks.find(command.id);
  if (network == nullptr) {
    return refuse_missing("network", std::to_string(command.id.value));
  }
  const Use& use = *state.network_use.find(command.id);
  if (use.sites != 0) {
    return refuse(base::Errc::Conflict, "network", network->name,
                  in_quotes(network->name) + " still has " + counted(use.sites, "site") +
                      ", remove them first");
  }
  Decision decision;
  decision.subject = {SubjectKind::Network, command.id.value};
  decision.events.emplace_back(NetworkRemoved{command.id});
  return decision;
}

Decision Deciding::operator()(const ConfirmRemovals& command) const {
  if (!state.networks.contains(command.id)) {
    return refuse_missing("network", std::to_string(command.id.value));
  }
  Decision decision;
  decision.subject = {SubjectKind::Network, command.id.value};
  decision.events.emplace_back(RemovalsConfirmed{.network = command.id, .epoch = command.epoch});
  return decision;
}

Decision Deciding::operator()(const CreateSite& command) const {
  const Network* network = state.networks.find(command.network);
  if (network == nullptr) {
    return refuse_missing("network", std::to_string(command.network.value));
  }
  if (const auto status = model::check_name(command.name); !status.ok()) {
    return refuse(base::Errc::Malformed, "name", command.name, status.error().text());
  }
  if (state.site_by_name.contains({command.network, command.name})) {
    return refuse(
        base::Errc::Conflict, "name", command.name,
        in_quotes(command.name) + " exists already in network " + in_quotes(network->name));
  }
  if (state.network_use.find(command.network)->sites >= kSitesMax) {
    return refuse(base::Errc::LimitExceeded, "network", network->name,
                  in_quotes(network->name) + " has " + std::to_string(kSitesMax) +
                      " sites, the most there may be");
  }
  if (!has_one_of_each_family(command.prefixes)) {
    return refuse(base::Errc::Malformed, "prefixes", std::to_string(command.prefixes.size()),
                  "expected at most one IPv4 and one IPv6 prefix");
  }
  Site site{.id = {state.counters.get().site},
            .network = command.network,
            .name = command.name,
            .prefixes = command.prefixes,
            .is_lan_native = command.is_lan_native,
            .next_offset = 1,
            .created_at = circumstances.now,
            .changed_at = 0};
  const base::WallTime retired_until =
      quarantine_start(circumstances.now, circumstances.quarantine);
  for (std::size_t i = 0; i < command.prefixes.size(); ++i) {
    const base::Prefix& prefix = command.prefixes[i];
    const std::string field = list_field("prefixes", i);
    const base::Prefix* whole = of_family(network->prefixes, prefix.family());
    if (whole == nullptr || !whole->contains(prefix)) {
      return refuse(
          base::Errc::Malformed, field, prefix.text(),
          prefix.text() + " is not within the prefixes of network " + in_quotes(network->name));
    }
    if (const std::string who = claimant(state, command.network, prefix, retired_until);
        !who.empty()) {
      return refuse(base::Errc::Conflict, field, prefix.text(), prefix.text() + " overlaps " + who);
    }
  }
  for (const base::Prefix& whole : network->prefixes) {
    if (of_family(command.prefixes, whole.family()) != nullptr) {
      continue;
    }
    const auto block =
        choose_block(state, command.network, whole, default_block_length(whole), retired_until);
    if (!block.has_value()) {
      return refuse(base::Errc::LimitExceeded, "network", network->name,
                    whole.text() + " of network " + in_quotes(network->name) +
                        " has no free block of /" + std::to_string(default_block_length(whole)) +
                        ": give prefixes, or make a larger network");
    }
    site.prefixes.push_back(*block);
  }
  std::sort(site.prefixes.begin(), site.prefixes.end());
  if (pool_size(site) == 0) {
    return refuse(base::Errc::Malformed, "prefixes", site.prefixes.front().text(),
                  "too small to hold a node");
  }
  if (auto decision = check_shared_room(state, *network, fact_bytes_of(fact_of(site)));
      !decision.ok()) {
    return decision;
  }
  Decision decision;
  decision.subject = {SubjectKind::Site, site.id.value};
  decision.events.emplace_back(SiteCreated{std::move(site)});
  return decision;
}

Decision Deciding::operator()(const RemoveSite& command) const {
  const Site* site = state.sites.find(command.id);
  if (site == nullptr) {
    return refuse_missing("site", std::to_string(command.id.value));
  }
  const Use& use = *state.site_use.find(command.id);
  if (use.nodes != 0 || use.replicas != 0) {
    return refuse(base::Errc::Conflict, "site", site->name,
                  in_quotes(site->name) + " still has " + counted(use.nodes, "node") + " and " +
                      counted(use.replicas, "replica") + ", remove them first");
  }
  Decision decision;
  decision.subject = {SubjectKind::Site, command.id.value};
  decision.events.emplace_back(SiteRemoved{command.id});
  return decision;
}

Decision Deciding::operator()(const CreateReplica& command) const {
  const Network* network = state.networks.find(command.network);
  if (network == nullptr) {
    return refuse_missing("network", std::to_string(command.network.value));
  }
  const Site* site = state.sites.find(command.site);
  if (site == nullptr || site->network != command.network) {
    return refuse_missing("site", std::to_string(command.site.value));
  }
  if (state.network_use.find(command.network)->replicas >= kReplicasMax) {
    return refuse(base::Errc::LimitExceeded, "network", std::to_string(command.network.value),
                  "has " + std::to_string(kReplicasMax) + " replicas, the most there may be");
  }
  if (const auto status = model::check_replica_url(command.url); !status.ok()) {
    return refuse(base::Errc::Malformed, "url", command.url, status.error().text());
  }
  if (command.sources.empty() || command.sources.size() > kSourcesMax) {
    return refuse(base::Errc::Malformed, "sources", std::to_string(command.sources.size()),
                  "expected 1.." + std::to_string(kSourcesMax) + " names of registries");
  }
  for (std::size_t i = 0; i < command.sources.size(); ++i) {
    if (const auto status = model::check_source(command.sources[i]); !status.ok()) {
      return refuse(base::Errc::Malformed, list_field("sources", i), command.sources[i],
                    status.error().text());
    }
  }
  Replica replica{.id = {state.counters.get().replica},
                  .network = command.network,
                  .site = command.site,
                  .url = command.url,
                  .sources = command.sources,
                  .created_at = circumstances.now,
                  .changed_at = 0};
  std::sort(replica.sources.begin(), replica.sources.end());
  replica.sources.erase(std::unique(replica.sources.begin(), replica.sources.end()),
                        replica.sources.end());
  if (auto decision = check_shared_room(state, *network, fact_bytes_of(fact_of(replica)));
      !decision.ok()) {
    return decision;
  }
  Decision decision;
  decision.subject = {SubjectKind::Replica, replica.id.value};
  decision.events.emplace_back(ReplicaCreated{std::move(replica)});
  return decision;
}

Decision Deciding::operator()(const RemoveReplica& command) const {
  if (!state.replicas.contains(command.id)) {
    return refuse_missing("replica", std::to_string(command.id.value));
  }
  Decision decision;
  decision.subject = {SubjectKind::Replica, command.id.value};
  decision.events.emplace_back(ReplicaRemoved{command.id});
  return decision;
}

}  // namespace coordinator
