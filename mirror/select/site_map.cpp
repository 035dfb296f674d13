#include "mirror/select/site_map.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "mirror/oci/json_depth.h"
#include "mirror/oci/quote.h"

namespace mirror {
namespace {

using nlohmann::json;

base::Error malformed(const std::string& where, const std::string& what) {
  return {base::Errc::Malformed, "site map: " + where + ": " + what};
}
base::Error too_many(const std::string& where, std::size_t count, std::size_t max) {
  return {base::Errc::LimitExceeded, "site map: " + where + ": " + std::to_string(count) +
                                         ", expected at most " + std::to_string(max)};
}

// A name, or a number as its digits; empty if it is neither.
std::string name_of(const json& object, const char* field) {
  const auto at = object.find(field);
  if (at == object.end()) {
    return {};
  }
  if (at->is_string()) {
    return at->get<std::string>();
  }
  return at->is_number_unsigned() ? std::to_string(at->get<std::uint64_t>()) : std::string();
}

// Splits a replica's URL into what curl connects to and the path prefix of its repositories.
base::Status read_url(Replica& replica, const std::string& text, const std::string& where) {
  const std::size_t scheme_end = text.find("://");
  const std::string scheme = text.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  if (scheme != "http" && scheme != "https") {
    return malformed(where, quote(text) + ", expected http://host:port or https://host:port");
  }
  const std::size_t host_begin = scheme_end + 3;
  const std::size_t path = std::min(text.find('/', host_begin), text.size());
  const std::string host = text.substr(host_begin, path - host_begin);
  std::string prefix = text.substr(path);
  while (!prefix.empty() && prefix.back() == '/') {
    prefix.pop_back();
  }
  if (!prefix.empty()) {
    prefix.erase(0, 1);
  }
  const auto authority = parse_source(host);
  if (!authority.ok() || (!prefix.empty() && !check_repository(prefix).ok())) {
    return malformed(where, quote(text) + ", expected http://host:port or https://host:port");
  }
  replica.url = scheme + "://" + authority.value().name;
  replica.prefix = prefix;
  return {};
}

base::Status read_sources(Replica& replica, const json& object, const std::string& where) {
  const auto list = object.find("sources");
  if (list == object.end() || !list->is_array()) {
    return malformed(where, "expected a list");
  }
  if (list->size() > SiteMap::kSourcesMax) {
    return too_many(where, list->size(), SiteMap::kSourcesMax);
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string at = where + "[" + std::to_string(i) + "]";
    if (!(*list)[i].is_string()) {
      return malformed(at, "expected text");
    }
    auto source = parse_source((*list)[i].get_ref<const std::string&>());
    if (!source.ok()) {
      return malformed(at, source.error().text());
    }
    replica.sources.push_back(std::move(source).value());
  }
  return {};
}

base::Result<Replica> read_replica(const json& object, const std::string& where) {
  if (!object.is_object()) {
    return malformed(where, "expected an object");
  }
  Replica replica;
  const auto id = object.find("id");
  if (id == object.end() || !id->is_number_unsigned() || id->get<std::uint64_t>() > UINT32_MAX) {
    return malformed(where + ".id", "expected a number in 0..4294967295");
  }
  replica.id = ReplicaId{id->get<std::uint32_t>()};
  replica.site = name_of(object, "site");
  if (auto status = read_url(replica, name_of(object, "url"), where + ".url"); !status.ok()) {
    return status.error();
  }
  if (auto status = read_sources(replica, object, where + ".sources"); !status.ok()) {
    return status.error();
  }
  return replica;
}

base::Status read_replicas(SiteMap& map, const json& document) {
  const auto list = document.find("replicas");
  if (list == document.end() || !list->is_array()) {
    return malformed("replicas", "expected a list");
  }
  if (list->size() > SiteMap::kReplicasMax) {
    return too_many("replicas", list->size(), SiteMap::kReplicasMax);
  }
  std::set<ReplicaId> seen;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = "replicas[" + std::to_string(i) + "]";
    auto replica = read_replica((*list)[i], where);
    if (!replica.ok()) {
      return replica.error();
    }
    if (!seen.insert(replica.value().id).second) {
      return malformed(where + ".id", std::to_string(replica.value().id.value) + " is given twice");
    }
    map.replicas.push_back(std::move(replica).value());
  }
  return {};
}

}  // namespace

bool Replica::serves(std::string_view source) const {
  return std::any_of(sources.begin(), sources.end(),
                     [&](const Source& one) { return one.name == source; });
}

std::vector<Source> SiteMap::sources() const {
  std::map<std::string, Source> by_name;
  for (const Replica& replica : replicas) {
    for (const Source& source : replica.sources) {
      Source& kept = by_name.emplace(source.name, source).first->second;
      kept.is_plain_http = kept.is_plain_http && source.is_plain_http;
    }
  }
  std::vector<Source> out;
  for (auto& [name, source] : by_name) {
    out.push_back(std::move(source));
  }
  return out;
}

base::Result<SiteMap> parse_site_map(std::string_view text) {
  if (text.size() > SiteMap::kBytesMax || json_depth(text) > SiteMap::kDepthMax) {
    return base::Error(base::Errc::LimitExceeded, "site map: " + std::to_string(text.size()) +
                                                      " bytes, expected at most 1 MiB, 8 deep");
  }
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return malformed(std::to_string(text.size()) + " bytes", "expected a JSON object");
  }
  const auto format = document.find("format");
  if (format == document.end() || !format->is_number_unsigned() ||
      format->get<std::uint64_t>() != 1) {
    return malformed("format", "expected 1");
  }
  SiteMap map;
  map.network = name_of(document, "network");
  map.site = name_of(document, "site");
  map.node = name_of(document, "node");
  if (auto status = read_replicas(map, document); !status.ok()) {
    return status.error();
  }
  return map;
}

}  // namespace mirror
