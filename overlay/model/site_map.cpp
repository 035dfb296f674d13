#include "overlay/model/site_map.h"

#include "overlay/model/json_reader.h"
#include "overlay/model/names.h"
#include "overlay/model/view.h"

namespace model {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kId32Max = 0xffffffffU;

SiteMap::Replica read_replica(JsonReader& reader) {
  SiteMap::Replica replica;
  replica.id.value = static_cast<std::uint32_t>(reader.number("id", 1, kId32Max));
  replica.site = reader.text("site", kNameBytesMax);
  replica.url = reader.text("url", kUrlBytesMax);
  replica.sources = reader.texts("sources", kFactSourcesMax, kSourceBytesMax);
  if (const auto status = check_replica_url(replica.url); !status.ok()) {
    reader.reject("url", shown(replica.url), "the base URL of a registry");
  }
  for (const std::string& source : replica.sources) {
    if (const auto status = check_source(source); !status.ok()) {
      reader.reject("sources", shown(source), "HOST or HOST:PORT in lower case");
    }
  }
  return replica;
}

base::Result<std::vector<SiteMap::Replica>> read_replicas(const nlohmann::json& list) {
  const auto refuse = [](const std::string& text) {
    return base::Error(base::Errc::Malformed, "site map: replicas" + text);
  };
  if (!list.is_array() || list.size() > kSiteMapReplicasMax) {
    return refuse(": " + shown(list) + ", expected a list of at most " +
                  std::to_string(kSiteMapReplicasMax));
  }
  std::vector<SiteMap::Replica> replicas;
  for (const auto& object : list) {
    const std::string where = "[" + std::to_string(replicas.size()) + "]";
    if (!object.is_object()) {
      return refuse(where + ": " + shown(object) + ", expected an object");
    }
    JsonReader reader("site map: replicas" + where, object);
    auto replica = read_replica(reader);
    if (!replicas.empty() && !(replicas.back().id < replica.id)) {
      reader.reject("id", std::to_string(replica.id.value), "more than the one before");
    }
    if (const auto status = reader.finish(); !status.ok()) {
      return status.error();
    }
    replicas.push_back(std::move(replica));
  }
  return replicas;
}

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

base::Result<SiteMap> decode_site_map(std::string_view json) {
  const auto object = parse_json("site map", json, kSiteMapBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader("site map", object.value());
  reader.number("format", kFormat, kFormat);
  SiteMap map;
  map.network = reader.text("network", kNameBytesMax);
  map.site = reader.text("site", kNameBytesMax);
  map.node = reader.text("node", kNameBytesMax);
  const auto* list = reader.any("replicas");
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  auto replicas = read_replicas(*list);
  if (!replicas.ok()) {
    return replicas.error();
  }
  map.replicas = std::move(replicas).value();
  return map;
}

}  // namespace model
