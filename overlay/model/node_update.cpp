#include "overlay/model/node_update.h"

#include <algorithm>

namespace model {
namespace {

constexpr std::size_t kIpTextBytes = 64;

}  // namespace

std::string encode(const NodeUpdate& update) {
  std::vector<std::string> lan_addresses;
  for (const base::Address& address : update.lan_addresses) {
    lan_addresses.push_back(address.text());
  }
  nlohmann::ordered_json object{{"listen_port", update.listen_port},
                                {"lan_addresses", lan_addresses}};
  if (update.public_endpoint.has_value()) {
    object["public_endpoint"] = update.public_endpoint->text();
  }
  return object.dump();
}

base::Result<NodeUpdate> decode_node_update(std::string_view json, FieldFailure* failure) {
  const auto object = parse_json("update", json, kUpdateBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader("update", object.value());
  NodeUpdate update;
  update.listen_port = static_cast<std::uint16_t>(reader.number("listen_port", 1, kListenPortMax));
  update.lan_addresses =
      reader.parsed_list("lan_addresses", kFactAddressesMax, kIpTextBytes, base::Address::parse);
  update.public_endpoint =
      reader.optional_parsed("public_endpoint", kIpTextBytes, base::Endpoint::parse);
  if (const auto status = reader.finish(failure); !status.ok()) {
    return status.error();
  }
  return update;
}

bool is_told_by(const NodeUpdate& update, const NodeFact& fact) {
  const auto as_set = [](std::vector<base::Address> list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
  };
  return update.listen_port == fact.listen_port &&
         as_set(update.lan_addresses) == as_set(fact.lan_addresses) &&
         (!update.public_endpoint.has_value() ||
          fact.public_endpoints == std::vector{*update.public_endpoint});
}

}  // namespace model
