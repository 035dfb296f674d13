// What a fact must be, whoever made it: the coordinator before it signs, the decoder before it
// believes.
#include <algorithm>
#include <string>

#include "overlay/model/facts.h"
#include "overlay/model/names.h"

namespace model {
namespace {

// The first rule that is broken, in the order in which the rules are asked.
class Checker {
 public:
  void range(std::string_view field, std::uint64_t value, std::uint64_t min, std::uint64_t max) {
    if (value < min || value > max) {
      fail(field, std::to_string(value) + ", expected " + std::to_string(min) + ".." +
                      std::to_string(max));
    }
  }
  template <typename Id>
  void id(std::string_view field, Id id) {
    if (id.value == 0) {
      fail(field, "0, expected an id");
    }
  }
  void status(std::string_view field, const base::Status& status) {
    if (!status.ok()) {
      fail(field, status.error().text());
    }
  }
  // A set: its size, and strictly ascending.
  template <typename T>
  void set(std::string_view field, const std::vector<T>& values, std::size_t min, std::size_t max) {
    if (values.size() < min || values.size() > max) {
      fail(field, std::to_string(values.size()) + " entries, expected " + std::to_string(min) +
                      ".." + std::to_string(max));
    }
    const auto out_of_order = std::ranges::adjacent_find(
        values, [](const T& left, const T& right) { return !(left < right); });
    if (out_of_order != values.end()) {
      fail(field, "entry " + std::to_string(out_of_order - values.begin() + 1) +
                      " is not above the one before");
    }
  }
  void fail(std::string_view field, std::string text) {
    if (text_.empty()) {
      text_ = std::string(field) + ": " + std::move(text);
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void check(Checker& checker, const NetworkFact& fact) {
  checker.id("id", fact.id);
  checker.status("name", check_name(fact.name));
  checker.range("topology", static_cast<std::uint8_t>(fact.topology), 1, 2);
  checker.set("prefixes", fact.prefixes, 1, kFactPrefixesMax);
  checker.set("pod_prefixes", fact.pod_prefixes, 0, kFactPrefixesMax);
  checker.range("mtu", fact.mtu, kMtuMin, kMtuMax);
  checker.range("keepalive_s", fact.keepalive_s, 0, kKeepaliveMax_s);
}

void check(Checker& checker, const SiteFact& fact) {
  checker.id("id", fact.id);
  checker.status("name", check_name(fact.name));
  checker.set("prefixes", fact.prefixes, 0, kFactPrefixesMax);
  checker.set("pod_prefixes", fact.pod_prefixes, 0, kFactPrefixesMax);
}

void check(Checker& checker, const NodeFact& fact) {
  checker.id("id", fact.id);
  checker.id("site", fact.site);
  checker.status("name", check_name(fact.name));
  checker.range("role", static_cast<std::uint8_t>(fact.role), 1, 3);
  if (fact.key == crypto::WireguardPublicKey()) {
    checker.fail("key", "all bytes are zero");  // wg reads that as "no key"
  }
  checker.set("addresses", fact.addresses, 1, kFactAddressesMax);
  checker.set("pods", fact.pods, 0, kFactPrefixesMax);
  checker.range("listen_port", fact.listen_port, 1, kListenPortMax);
  checker.set("lan_addresses", fact.lan_addresses, 0, kFactAddressesMax);
  checker.set("public_endpoints", fact.public_endpoints, 0, kFactAddressesMax);
  for (const base::Endpoint& endpoint : fact.public_endpoints) {
    checker.range("public_endpoints: port", endpoint.port, 1, kListenPortMax);
  }
}

void check(Checker& checker, const GatewayFact& fact) {
  checker.id("node", fact.node);
  checker.id("site", fact.site);
  checker.range("rank", fact.rank, 0, kRanksMax - 1);
}

void check(Checker& checker, const ReplicaFact& fact) {
  checker.id("id", fact.id);
  checker.id("site", fact.site);
  checker.status("url", check_replica_url(fact.url));
  checker.set("sources", fact.sources, 1, kFactSourcesMax);
  for (const std::string& source : fact.sources) {
    checker.status("sources", check_source(source));
  }
}

}  // namespace

base::Status check_fact(const Fact& fact) {
  Checker checker;
  std::visit([&checker](const auto& alternative) { check(checker, alternative); }, fact);
  if (!checker.text().empty()) {
    return base::Error(base::Errc::Malformed, key_of(fact).text() + ": " + checker.text());
  }
  return {};
}

}  // namespace model
