// Bodies of creates, read strictly: unknown fields, wrong types and sizes are refused with the
// field named. Networks and sites are meant by name ("default") or by id (1). Pure, fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "coordinator/domain/command.h"
#include "coordinator/domain/state.h"
#include "overlay/base/result.h"
#include "overlay/model/json_reader.h"

namespace coordinator {

inline constexpr std::size_t kBodyBytesMax = std::size_t{64} << 10U;

// A network or site as somebody wrote it.
using Reference = std::variant<std::string, std::uint32_t>;

struct NetworkBody {
  CreateNetwork command;
};
struct SiteBody {
  Reference network;
  CreateSite command;  // without the network
};
struct TokenBody {
  Reference network;
  Reference site;
  CreateToken command;  // without network, site and hash
};
struct ReplicaBody {
  Reference network;
  Reference site;
  CreateReplica command;  // without network and site
};
struct ApiKeyBody {
  CreateApiKey command;  // without the hash
};

// Errors: Malformed, LimitExceeded; `failure` gets the field and value.
base::Result<NetworkBody> decode_network_body(std::string_view json, model::FieldFailure& failure);
base::Result<SiteBody> decode_site_body(std::string_view json, model::FieldFailure& failure);
base::Result<TokenBody> decode_token_body(std::string_view json, model::FieldFailure& failure);
base::Result<ReplicaBody> decode_replica_body(std::string_view json, model::FieldFailure& failure);
base::Result<ApiKeyBody> decode_api_key_body(std::string_view json, model::FieldFailure& failure);

// Errors: NotFound: `network: "x" does not exist`; `failure` gets the field and value.
base::Result<model::NetworkId> resolve_network(const State& state, const Reference& reference,
                                               model::FieldFailure& failure);
base::Result<model::SiteId> resolve_site(const State& state, model::NetworkId network,
                                         const Reference& reference, model::FieldFailure& failure);

}  // namespace coordinator
