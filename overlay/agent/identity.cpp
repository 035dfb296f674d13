#include "overlay/agent/identity.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/loop/files.h"
#include "overlay/model/json_reader.h"
#include "overlay/model/names.h"

namespace agent {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kKeyTextMax = 64;
constexpr std::size_t kEndpointTextMax = 64;
constexpr std::size_t kCoordinatorBytesMax = 512;

void wipe_text(std::string& text) {
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

base::Result<crypto::Secret<32>> parse_seed(std::string_view text) {
  auto bytes = base::base64url_decode(text);
  if (!bytes.ok() || bytes.value().size() != 32) {
    return base::Error(base::Errc::Malformed, "not 32 bytes of base64url");
  }
  std::vector<std::uint8_t> raw = std::move(bytes).value();
  crypto::Secret<32> seed(raw);
  crypto::wipe(raw);
  return seed;
}

base::Result<crypto::Digest256> parse_pin(std::string_view text) {
  const auto bytes = base::base64url_decode(text);
  crypto::Digest256 pin{};
  if (!bytes.ok() || bytes.value().size() != pin.size()) {
    return base::Error(base::Errc::Malformed, "not 32 bytes of base64url");
  }
  std::copy(bytes.value().begin(), bytes.value().end(), pin.begin());
  return pin;
}

base::Error field_error(std::string_view field, const base::Error& why) {
  return why.within(field).within("identity");
}

// What may fail for other reasons than JSON's shape.
base::Result<Identity> assemble(const std::string& seed_text, const std::string& wireguard_text) {
  auto seed = parse_seed(seed_text);
  if (!seed.ok()) {
    return field_error("identity_seed", seed.error());
  }
  auto wireguard = crypto::WireguardKey::parse_private(wireguard_text);
  if (!wireguard.ok()) {
    return field_error("wireguard_private_key", wireguard.error());
  }
  return Identity{.identity_key = crypto::IdentityKey::from_seed(seed.value()),
                  .wireguard_key = std::move(wireguard).value(),
                  .coordinator = {},
                  .pin = {},
                  .token = {},
                  .name = {},
                  .machine_id = {},
                  .listen_port = 0,
                  .public_endpoint = std::nullopt,
                  .is_mirror_wanted = true,
                  .joined_at = {},
                  .enrolment = std::nullopt,
                  .host = {}};
}

base::Status read_enrolment(const nlohmann::json* json, Identity& identity) {
  if (json == nullptr) {
    return {};
  }
  auto enrolment = model::decode_enrol_response(json->dump());
  if (!enrolment.ok()) {
    return field_error("enrolment", enrolment.error());
  }
  identity.enrolment = std::move(enrolment).value();
  return {};
}

}  // namespace

Identity make_identity() {
  return Identity{.identity_key = crypto::IdentityKey::generate(),
                  .wireguard_key = crypto::WireguardKey::generate(),
                  .coordinator = {},
                  .pin = {},
                  .token = {},
                  .name = {},
                  .machine_id = {},
                  .listen_port = 51820,
                  .public_endpoint = std::nullopt,
                  .is_mirror_wanted = true,
                  .joined_at = {},
                  .enrolment = std::nullopt,
                  .host = {}};
}

std::string encode(const Identity& identity) {
  nlohmann::json json = {
      {"format", kFormat},
      {"coordinator", identity.coordinator},
      {"pin", base::base64url_encode(identity.pin)},
      {"token", model::text_of(identity.token)},
      {"name", identity.name},
      {"machine_id", identity.machine_id},
      {"listen_port", identity.listen_port},
      {"mirror", identity.is_mirror_wanted},
      {"joined_at_ms", identity.joined_at.unix_ms},
      {"identity_seed", base::base64url_encode(identity.identity_key.seed().bytes())},
      {"wireguard_private_key", identity.wireguard_key.private_text()},
  };
  if (identity.public_endpoint) {
    json["public_endpoint"] = identity.public_endpoint->text();
  }
  if (identity.enrolment) {
    json["enrolment"] = nlohmann::json::parse(model::encode(*identity.enrolment), nullptr,
                                              /*allow_exceptions=*/false);
  }
  std::string text = json.dump(2) + "\n";
  for (const char* const secret : {"identity_seed", "wireguard_private_key"}) {
    wipe_text(json[secret].get_ref<std::string&>());
  }
  return text;
}

base::Result<Identity> decode_identity(std::string_view text) {
  const auto json = model::parse_json("identity", text, kIdentityBytesMax);
  if (!json.ok()) {
    return json.error();
  }
  model::JsonReader reader("identity", json.value());
  reader.number("format", kFormat, kFormat);
  std::string seed_text = reader.secret_text("identity_seed", kKeyTextMax);
  std::string wireguard_text = reader.secret_text("wireguard_private_key", kKeyTextMax);
  const std::string coordinator =
      reader.parsed("coordinator", kCoordinatorBytesMax, parse_coordinator_url);
  const crypto::Digest256 pin = reader.parsed("pin", kKeyTextMax, parse_pin);
  const model::TokenId token = reader.parsed("token", kKeyTextMax, model::parse_token_id);
  const std::string name = reader.text("name", model::kNameBytesMax);
  auto machine_id = reader.optional_text("machine_id", model::kMachineIdBytesMax);
  const auto port = reader.number("listen_port", 1, model::kListenPortMax);
  const auto public_endpoint =
      reader.optional_parsed("public_endpoint", kEndpointTextMax, base::Endpoint::parse);
  const bool is_mirror_wanted = reader.boolean("mirror");
  const auto joined_at_ms = reader.number("joined_at_ms", 0, model::kJsonNumberMax);
  const nlohmann::json* const enrolment =
      reader.has("enrolment") ? reader.any("enrolment") : nullptr;
  if (auto status = reader.finish(); !status.ok()) {
    return status.error();
  }
  if (auto status = model::check_name(name); !status.ok()) {
    return field_error("name", status.error());
  }
  auto identity = assemble(seed_text, wireguard_text);
  wipe_text(seed_text);
  wipe_text(wireguard_text);
  if (!identity.ok()) {
    return identity;
  }
  Identity result = std::move(identity).value();
  result.coordinator = coordinator;
  result.pin = pin;
  result.token = token;
  result.name = name;
  result.machine_id = std::move(machine_id).value_or("");
  result.listen_port = static_cast<std::uint16_t>(port);
  result.public_endpoint = public_endpoint;
  result.is_mirror_wanted = is_mirror_wanted;
  result.joined_at = base::WallTime{static_cast<std::int64_t>(joined_at_ms)};
  if (auto status = read_enrolment(enrolment, result); !status.ok()) {
    return status.error();
  }
  return result;
}

base::Result<Identity> load_identity(const std::string& path) {
  auto text = loop::read_file(path, kIdentityBytesMax);
  if (!text.ok()) {
    return text.error();
  }
  std::string content = std::move(text).value();
  auto identity = decode_identity(content);
  wipe_text(content);
  if (!identity.ok()) {
    return identity.error().within(path);
  }
  auto host = read_host_id();
  if (!host.ok()) {
    return host.error();
  }
  Identity result = std::move(identity).value();
  result.host = std::move(host).value();
  return result;
}

base::Status save_identity(const std::string& path, const Identity& identity) {
  if (auto status = loop::make_directories(path.substr(0, path.rfind('/')), 0700); !status.ok()) {
    return status;
  }
  std::string text = encode(identity);
  const auto status = loop::write_file_atomic(path, text, 0600);
  wipe_text(text);
  return status;
}

base::Result<std::string> parse_coordinator_url(std::string_view text) {
  const auto refuse = [text] {
    return base::Error(base::Errc::Malformed,
                       "\"" + std::string(text) + "\", expected https://HOST[:PORT]");
  };
  constexpr std::string_view kScheme = "https://";
  std::string_view rest = text;
  if (rest.substr(0, kScheme.size()) != kScheme) {
    return refuse();
  }
  if (rest.back() == '/') {
    rest.remove_suffix(1);
  }
  const std::string_view host = rest.substr(std::min(kScheme.size(), rest.size()));
  const bool is_plain = std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':' ||
           c == '[' || c == ']';
  });
  if (host.empty() || !is_plain) {
    return refuse();
  }
  return std::string(rest);
}

}  // namespace agent
