#include "overlay/model/enrol.h"

#include "overlay/base/hex.h"
#include "overlay/model/names.h"

namespace model {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kKeyTextBytes = 64;
constexpr std::size_t kIpTextBytes = 64;
constexpr std::uint64_t kId32Max = 0xffffffffU;

std::string dump(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T>
std::vector<std::string> texts_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const T& value : values) {
    texts.push_back(value.text());
  }
  return texts;
}

// check_name() as a parser.
base::Result<std::string> parse_name(std::string_view text) {
  if (const auto status = check_name(text); !status.ok()) {
    return status.error();
  }
  return std::string(text);
}

TokenClaim read_token(JsonReader& reader) {
  auto claim = TokenClaim::parse(reader.secret_text("token", kTokenTextBytes));
  if (!claim.ok()) {
    reader.reject("token", "hidden", "an id and a secret with a dot between");
    return {};
  }
  return std::move(claim).value();
}

std::uint16_t read_port(JsonReader& reader, std::string_view field) {
  return static_cast<std::uint16_t>(reader.number(field, 1, kListenPortMax));
}

}  // namespace

std::string encode(const EnrolRequest& request) {
  Json object{{"token", request.token.text()},
              {"identity_key", request.identity_key.text()},
              {"wireguard_key", request.wireguard_key.text()},
              {"name", request.name},
              {"machine_id", request.machine_id},
              {"boot_id", request.boot_id},
              {"listen_port", request.listen_port},
              {"lan_addresses", texts_of(request.lan_addresses)},
              {"local_prefixes", texts_of(request.local_prefixes)},
              {"agent_version", request.agent_version}};
  if (request.public_endpoint.has_value()) {
    object["public_endpoint"] = request.public_endpoint->text();
  }
  if (request.network.has_value()) {
    object["network"] = *request.network;
  }
  return dump(object);
}

base::Result<EnrolRequest> decode_enrol_request(std::string_view json, FieldFailure* failure) {
  const auto object = parse_json("enrol", json, kEnrolBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader("enrol", object.value());
  EnrolRequest request;
  request.token = read_token(reader);
  request.identity_key =
      reader.parsed("identity_key", kKeyTextBytes, crypto::IdentityPublicKey::parse);
  request.wireguard_key =
      reader.parsed("wireguard_key", kKeyTextBytes, crypto::WireguardPublicKey::parse);
  request.name = reader.parsed("name", kNameBytesMax, parse_name);
  request.machine_id = reader.text("machine_id", kMachineIdBytesMax);
  request.boot_id = reader.text("boot_id", kMachineIdBytesMax);
  request.listen_port = read_port(reader, "listen_port");
  request.lan_addresses =
      reader.parsed_list("lan_addresses", kFactAddressesMax, kIpTextBytes, base::Address::parse);
  request.public_endpoint =
      reader.optional_parsed("public_endpoint", kIpTextBytes, base::Endpoint::parse);
  request.local_prefixes =
      reader.parsed_list("local_prefixes", kLocalPrefixesMax, kIpTextBytes, base::Prefix::parse);
  request.network = reader.optional_parsed("network", kNameBytesMax, parse_name);
  request.agent_version = reader.text("agent_version", kVersionBytesMax);
  if (const auto status = reader.finish(failure); !status.ok()) {
    return status.error();
  }
  return request;
}

std::string encode(const EnrolResponse& response) {
  return dump(Json{{"node_id", text_of(response.node_id)},
                   {"network", response.network},
                   {"network_id", response.network_id.value},
                   {"site", response.site},
                   {"site_id", response.site_id.value},
                   {"role", name_of(response.role)},
                   {"addresses", texts_of(response.addresses)},
                   {"view", response.view.text()},
                   {"signing_key", response.signing_key.text()},
                   {"epoch", response.epoch}});
}

base::Result<EnrolResponse> decode_enrol_response(std::string_view json) {
  const auto object = parse_json("enrol response", json, kEnrolBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader("enrol response", object.value());
  EnrolResponse response;
  response.node_id = reader.parsed("node_id", kKeyTextBytes, parse_node_id);
  response.network = reader.parsed("network", kNameBytesMax, parse_name);
  response.network_id.value = static_cast<std::uint32_t>(reader.number("network_id", 1, kId32Max));
  response.site = reader.parsed("site", kNameBytesMax, parse_name);
  response.site_id.value = static_cast<std::uint32_t>(reader.number("site_id", 1, kId32Max));
  response.role = reader.parsed("role", kNameBytesMax, parse_role);
  response.addresses =
      reader.parsed_list("addresses", kFactAddressesMax, kIpTextBytes, base::Address::parse);
  response.view = reader.parsed("view", kKeyTextBytes, ViewId::parse);
  response.signing_key =
      reader.parsed("signing_key", kKeyTextBytes, crypto::IdentityPublicKey::parse);
  response.epoch = reader.number("epoch", 1, kJsonNumberMax);
  if (const auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  return response;
}

}  // namespace model
