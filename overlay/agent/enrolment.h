// Joining: what is asked, and what each answer means for the person who waits for it.
//
// Pure. The command line sends the request and keeps the pending identity; the rule is:
//
//   Accepted     identity.json is written, the pending one goes
//   Refused      for good: the pending identity goes too, the host is as it was
//   Unknown      no answer, or one that may be different next time: the pending identity stays, so
//                that the same line, run again, is the same node and takes no second use of a token
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/agent/identity.h"
#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/device/host_facts.h"
#include "overlay/loop/http_client.h"
#include "overlay/model/enrol.h"
#include "overlay/model/node_update.h"
#include "overlay/model/token.h"

namespace agent {

// What this host says about itself; read_host() reads it.
struct Host {
  std::string name;  // a DNS label made of the host name
  model::HostId id;  // its machine id is a hash: systemd asks not to send /etc/machine-id itself
  device::HostFacts networks;
};

// Blocking. Errors: what could not be read, and where.
base::Result<Host> read_host();

// True if the identity was made on another machine: this disk is a copy of that one's.
bool is_copied(const Identity& identity, const Host& host);

// "Web-01.example.org" -> "web-01": the first label, lower-case, everything else turned into
// hyphens. Empty when nothing is left of it.
std::string label_of_host_name(std::string_view host_name);

struct EnrolOptions {
  std::optional<std::string> network;  // refuse a token for another one
};

model::EnrolRequest make_enrol_request(const Identity& identity, const model::TokenClaim& token,
                                       const Host& host, const EnrolOptions& options,
                                       std::string_view agent_version);

// What this host is now, for comparison with what the coordinator says of it.
model::NodeUpdate make_node_update(const Identity& identity, const device::HostFacts& facts);

struct Accepted {
  model::EnrolResponse response;
};
struct Refused {
  std::string why;  // one sentence
};
struct Unknown {
  std::string why;
};
using EnrolOutcome = std::variant<Accepted, Refused, Unknown>;

// `coordinator` is its URL, for the sentence.
EnrolOutcome judge_enrolment(const base::Result<loop::HttpResponse>& answer,
                             std::string_view coordinator);

}  // namespace agent
