#include "overlay/model/site_map.h"

#include <nlohmann/json.hpp>

#include "overlay/model/view.h"

namespace model {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

}  // namespace

SiteMap make_site_map(const View& view, NodeId self) {
  SiteMap map;
  if (const NetworkFact* network = view.network(); network != nullptr) {
    map.network = network->name;
  }
  const auto site_name = [&view](SiteId id) {
    const SiteFact* site = view.site(id);
    return site == nullptr ? std::string() : site->name;
  };
  if (const NodeFact* node = view.node(self); node != nullptr) {
    map.node = node->name;
    map.site = site_name(node->site);
  }
  for (const ReplicaFact* replica : view.replicas()) {
    if (map.replicas.size() == kSiteMapReplicasMax) {
      break;
    }
    map.replicas.push_back({replica->id, site_name(replica->site), replica->url, replica->sources});
  }
  return map;
}

std::string encode(const SiteMap& map) {
  Json replicas = Json::array();
  for (const auto& replica : map.replicas) {
    replicas.push_back(Json{{"id", replica.id.value},
                            {"site", replica.site},
                            {"url", replica.url},
                            {"sources", replica.sources}});
  }
  const Json object{{"format", kFormat},
                    {"network", map.network},
                    {"site", map.site},
                    {"node", map.node},
                    {"replicas", std::move(replicas)}};
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace model
