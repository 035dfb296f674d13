// The work of make_plan(), in the order it is done. Private to this folder.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "overlay/plan/plan.h"

namespace plan {

class Planner {
 public:
  Planner(const model::View& view, const Health& health) : view_(view), health_(health) {}

  base::Result<Plan> run(model::NodeId self);

 private:
  struct Gateway {
    const model::NodeFact* node = nullptr;
    std::uint8_t rank = 0;
  };

  base::Status find_self(model::NodeId self);
  void rank_gateways();

  // What kind of neighbour another node is.
  bool is_gateway(const model::NodeFact& node) const { return ranks_.count(node.id) > 0; }
  bool is_own_site(const model::NodeFact& node) const { return node.site == self_->site; }
  bool is_spoke(const model::NodeFact& node) const;
  bool is_on_our_lan(const model::NodeFact& node) const;
  bool is_native(const model::NodeFact& node) const;
  bool is_peer(const model::NodeFact& node) const;
  std::uint8_t rank_of(const model::NodeFact& node) const;

  base::TunnelInterface& interface(std::uint8_t rank);
  void plan_peers();
  void plan_peer(const model::NodeFact& node);
  std::set<base::Prefix> allowed_of(const model::NodeFact& node) const;
  std::optional<base::Endpoint> endpoint_of(const model::NodeFact& node) const;

  void plan_routes();
  void plan_site_routes();
  void plan_native_routes();
  void plan_host_routes();
  void plan_fallback_routes();
  // Interfaces of the ranks alive among `gateways`; of all when none is.
  std::set<base::NextHop> hops_over(const std::vector<Gateway>& gateways) const;
  void set_route(const base::Prefix& prefix, std::set<base::NextHop> hops);
  // The same, unless the route that covers it does so already.
  void set_exception(const base::Prefix& prefix, const std::set<base::NextHop>& hops);

  void plan_firewall();
  void plan_sysctls();

  void problem(const model::NodeFact& node, const std::string& text);

  const model::View& view_;
  const Health& health_;
  const model::NetworkFact* network_ = nullptr;
  const model::NodeFact* self_ = nullptr;
  const model::SiteFact* site_ = nullptr;  // null in a mesh that does not know it
  bool is_mesh_ = false;
  std::vector<base::Prefix> overlay_;  // all prefixes of the network
  std::map<model::NodeId, std::uint8_t> ranks_;
  std::map<model::SiteId, std::vector<Gateway>> gateways_;  // by rank
  // Who holds a prefix on an interface: each is given once.
  std::map<std::string, std::map<base::Prefix, model::NodeId>> holders_;
  Plan plan_;
};

// Without the prefixes that another one of the set contains.
std::set<base::Prefix> without_nested(const std::set<base::Prefix>& prefixes);

}  // namespace plan
