// Bodies of POST /v1/enrol (PROTOCOL.md, 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/json_reader.h"
#include "overlay/model/token.h"
#include "overlay/model/view.h"

namespace model {

inline constexpr std::size_t kEnrolBytesMax = 64U * 1024;
inline constexpr std::size_t kLocalPrefixesMax = 1024;
inline constexpr std::size_t kMachineIdBytesMax = 64;
inline constexpr std::size_t kVersionBytesMax = 64;

struct EnrolRequest {
  TokenClaim token{};
  crypto::IdentityPublicKey identity_key{};  // signs this request
  crypto::WireguardPublicKey wireguard_key{};
  std::string name{};        // wanted; check_name() holds
  std::string machine_id{};  // /etc/machine-id; tells clones apart
  std::string boot_id{};     // /proc/sys/kernel/random/boot_id
  std::uint16_t listen_port = 51820;
  std::vector<base::Address> lan_addresses{};
  std::optional<base::Endpoint> public_endpoint{};
  std::vector<base::Prefix> local_prefixes{};  // routes of the host, for the overlap check
  std::optional<std::string> network{};        // expected name; refused if the token is for another
  std::string agent_version{};
};

struct EnrolResponse {
  NodeId node_id{};
  std::string network{};
  NetworkId network_id{};
  std::string site{};
  SiteId site_id{};
  Role role = Role::Member;
  std::vector<base::Address> addresses{};
  ViewId view{};
  crypto::IdentityPublicKey signing_key{};  // the views' signer, kept from now on
  std::uint64_t epoch = 0;

  friend bool operator==(const EnrolResponse&, const EnrolResponse&) = default;
};

std::string encode(const EnrolRequest& request);
std::string encode(const EnrolResponse& response);

// Strict: unknown fields are refused. Errors: Malformed `enrol: field: value, expected ...`,
// LimitExceeded; `failure` gets the field and value when one was at fault. Never shows the token.
base::Result<EnrolRequest> decode_enrol_request(std::string_view json,
                                                FieldFailure* failure = nullptr);
base::Result<EnrolResponse> decode_enrol_response(std::string_view json);

}  // namespace model
