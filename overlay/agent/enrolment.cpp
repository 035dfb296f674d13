#include "overlay/agent/enrolment.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "overlay/agent/coordinator_api.h"
#include "overlay/model/names.h"

namespace agent {

std::string label_of_host_name(std::string_view host_name) {
  std::string label;
  for (const char c : host_name.substr(0, host_name.find('.'))) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte < 0x80 && std::isalnum(byte) != 0;
    label += is_plain ? static_cast<char>(std::tolower(byte)) : '-';
  }
  label.resize(std::min(label.size(), model::kNameBytesMax));
  while (!label.empty() && label.back() == '-') {
    label.pop_back();
  }
  label.erase(0, std::min(label.find_first_not_of('-'), label.size()));
  return label;
}

bool is_copied(const Identity& identity, const Host& host) {
  return !identity.machine_id.empty() && identity.machine_id != host.id.machine_id;
}

model::EnrolRequest make_enrol_request(const Identity& identity, const model::TokenClaim& token,
                                       const Host& host, const EnrolOptions& options,
                                       std::string_view agent_version) {
  return model::EnrolRequest{.token = {.id = token.id, .secret = token.secret.copy()},
                             .identity_key = identity.identity_key.public_key(),
                             .wireguard_key = identity.wireguard_key.public_key(),
                             .name = identity.name,
                             .machine_id = host.id.machine_id,
                             .boot_id = host.id.boot_id,
                             .listen_port = identity.listen_port,
                             .lan_addresses = host.networks.lan_addresses,
                             .public_endpoint = identity.public_endpoint,
                             .local_prefixes = host.networks.local_prefixes,
                             .network = options.network,
                             .agent_version = std::string(agent_version)};
}

model::NodeUpdate make_node_update(const Identity& identity, const device::HostFacts& facts) {
  return {.listen_port = identity.listen_port,
          .lan_addresses = facts.lan_addresses,
          .public_endpoint = identity.public_endpoint};
}

EnrolOutcome judge_enrolment(const base::Result<loop::HttpResponse>& answer,
                             std::string_view coordinator) {
  const std::string who = "the coordinator at " + std::string(coordinator);
  if (!answer.ok()) {
    if (answer.error().code() == base::Errc::Unauthenticated) {
      return Refused{who +
                     " is not the one that this token is for: its key does not match the pin"};
    }
    return Unknown{who + " did not answer: " + answer.error().text()};
  }
  const auto& response = answer.value();
  if (response.status == 200) {
    auto body = model::decode_enrol_response(response.body);
    if (!body.ok()) {
      return Unknown{who + " gave an answer that makes no sense here: " + body.error().text()};
    }
    return Accepted{std::move(body).value()};
  }
  const std::string why = refusal_text(response.status, response.body);
  // 408, 425, 429 and all of 5xx say "later", not "no" (RFC 9110, RFC 8470).
  const bool is_later = response.status >= 500 || response.status == 408 ||
                        response.status == 425 || response.status == 429;
  if (is_later) {
    return Unknown{who + " cannot answer now: " + why};
  }
  return Refused{who + " refused: " + why};
}

}  // namespace agent
