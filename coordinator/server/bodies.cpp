#include "coordinator/server/bodies.h"

#include "coordinator/server/resources.h"
#include "overlay/model/names.h"

namespace coordinator {
namespace {

using model::FieldFailure;
using model::JsonReader;

constexpr std::size_t kPrefixTextMax = 64;
constexpr std::uint64_t kSecondsMax = 1ULL << 32U;

// A field that is a name or an id. Takes a required field if `is_required`.
Reference read_reference(JsonReader& reader, std::string_view field) {
  const nlohmann::json* value = reader.any(field);
  if (value == nullptr) {
    return {};
  }
  if (value->is_string() && value->get_ref<const std::string&>().size() <= model::kNameBytesMax) {
    return value->get<std::string>();
  }
  if (value->is_number_unsigned() && value->get<std::uint64_t>() <= UINT32_MAX) {
    return static_cast<std::uint32_t>(value->get<std::uint64_t>());
  }
  reader.reject(field, model::shown(*value), "expected a name or an id");
  return {};
}

Labels read_labels(JsonReader& reader) {
  Labels labels;
  if (!reader.has("labels")) {
    return labels;
  }
  const nlohmann::json* value = reader.any("labels");
  if (value == nullptr) {
    return labels;
  }
  if (!value->is_object() || value->size() > kLabelsMax) {
    reader.reject("labels", model::shown(*value),
                  "expected an object of at most " + std::to_string(kLabelsMax) + " texts");
    return labels;
  }
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) {
      reader.reject("labels." + name.substr(0, kLabelBytesMax), model::shown(text),
                    "expected a text");
      return labels;
    }
    labels[name] = text.get<std::string>();
  }
  return labels;
}

// Reads the object with `read` and closes the reader. `T` is what comes out.
template <typename T, typename Read>
base::Result<T> decode(std::string_view what, std::string_view json, FieldFailure& failure,
                       Read read) {
  const auto object = model::parse_json(what, json, kBodyBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader(what, object.value());
  T body = read(reader);
  if (auto status = reader.finish(&failure); !status.ok()) {
    return status.error();
  }
  return body;
}

std::vector<base::Prefix> read_prefixes(JsonReader& reader, std::string_view field) {
  return reader.optional_parsed_list(field, kPrefixesMax, kPrefixTextMax, base::Prefix::parse);
}

base::Error missing(std::string_view field, const Reference& reference, FieldFailure& failure) {
  failure.field = field;
  failure.value = std::holds_alternative<std::string>(reference)
                      ? "\"" + std::get<std::string>(reference) + "\""
                      : std::to_string(std::get<std::uint32_t>(reference));
  failure.expected = "";
  return base::Error(base::Errc::NotFound,
                     std::string(field) + ": " + failure.value + " does not exist");
}

}  // namespace

base::Result<NetworkBody> decode_network_body(std::string_view json, FieldFailure& failure) {
  return decode<NetworkBody>("network", json, failure, [](JsonReader& reader) {
    NetworkBody body;
    CreateNetwork& command = body.command;
    command.name = reader.text("name", kTextBytesMax);
    command.topology = reader.optional_parsed("topology", 16, model::parse_topology)
                           .value_or(model::Topology::Site);
    command.prefixes = read_prefixes(reader, "prefixes");
    command.mtu = static_cast<std::uint16_t>(
        reader.optional_number("mtu", model::kMtuMin, model::kMtuMax).value_or(kMtuDefault));
    command.keepalive_s =
        static_cast<std::uint16_t>(reader.optional_number("keepalive_s", 0, model::kKeepaliveMax_s)
                                       .value_or(kKeepaliveSecondsDefault));
    return body;
  });
}

base::Result<SiteBody> decode_site_body(std::string_view json, FieldFailure& failure) {
  return decode<SiteBody>("site", json, failure, [](JsonReader& reader) {
    SiteBody body;
    body.network = read_reference(reader, "network");
    body.command.name = reader.text("name", kTextBytesMax);
    body.command.prefixes = read_prefixes(reader, "prefixes");
    body.command.is_lan_native = reader.optional_boolean("lan_native").value_or(false);
    return body;
  });
}

base::Result<TokenBody> decode_token_body(std::string_view json, FieldFailure& failure) {
  return decode<TokenBody>("token", json, failure, [](JsonReader& reader) {
    TokenBody body;
    body.network = read_reference(reader, "network");
    body.site = read_reference(reader, "site");
    CreateToken& command = body.command;
    command.role =
        reader.optional_parsed("role", 16, model::parse_role).value_or(model::Role::Member);
    command.uses =
        static_cast<std::uint32_t>(reader.optional_number("uses", 1, kTokenUsesMax).value_or(1));
    if (const auto seconds = reader.optional_number("expires_in_s", 1, kSecondsMax)) {
      command.lifetime = std::chrono::seconds(*seconds);
    }
    command.labels = read_labels(reader);
    return body;
  });
}

base::Result<ReplicaBody> decode_replica_body(std::string_view json, FieldFailure& failure) {
  return decode<ReplicaBody>("replica", json, failure, [](JsonReader& reader) {
    ReplicaBody body;
    body.network = read_reference(reader, "network");
    body.site = read_reference(reader, "site");
    body.command.url = reader.text("url", model::kUrlBytesMax);
    body.command.sources = reader.texts("sources", kSourcesMax, model::kSourceBytesMax);
    return body;
  });
}

base::Result<ApiKeyBody> decode_api_key_body(std::string_view json, FieldFailure& failure) {
  return decode<ApiKeyBody>("api key", json, failure, [](JsonReader& reader) {
    ApiKeyBody body;
    body.command.name = reader.text("name", kTextBytesMax);
    body.command.role = reader.parsed("role", 16, parse_key_role);
    return body;
  });
}

base::Result<model::NetworkId> resolve_network(const State& state, const Reference& reference,
                                               FieldFailure& failure) {
  if (const auto* name = std::get_if<std::string>(&reference); name != nullptr) {
    if (const auto* id = state.network_by_name.find(*name); id != nullptr) {
      return *id;
    }
    return missing("network", reference, failure);
  }
  const model::NetworkId id{std::get<std::uint32_t>(reference)};
  if (!state.networks.contains(id)) {
    return missing("network", reference, failure);
  }
  return id;
}

base::Result<model::SiteId> resolve_site(const State& state, model::NetworkId network,
                                         const Reference& reference, FieldFailure& failure) {
  if (const auto* name = std::get_if<std::string>(&reference); name != nullptr) {
    if (const auto* id = state.site_by_name.find({network, *name}); id != nullptr) {
      return *id;
    }
    return missing("site", reference, failure);
  }
  const model::SiteId id{std::get<std::uint32_t>(reference)};
  const Site* site = state.sites.find(id);
  if (site == nullptr || site->network != network) {
    return missing("site", reference, failure);
  }
  return id;
}

}  // namespace coordinator
