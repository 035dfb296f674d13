// What read_host() reads, apart from the pure half of enrolment.h.
#include <cctype>
#include <utility>

#include <sys/utsname.h>

#include "overlay/agent/enrolment.h"
#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/files.h"

namespace agent {
namespace {

constexpr std::size_t kIdFileBytesMax = 256;

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.pop_back();
  }
  return text;
}

// machine-id(5): "should not be exposed in untrusted environments"; a keyed hash of it identifies
// as well and gives nothing away.
std::string hashed_machine_id(std::string_view machine_id) {
  return base::hex_encode(
      crypto::sha256(base::as_bytes("linkspan-machine-id-v1\n" + std::string(machine_id))));
}

}  // namespace

base::Result<model::HostId> read_host_id() {
  model::HostId host;
  // A host without a machine id (a minimal container) is told apart by its boot id alone.
  auto id = loop::read_file("/etc/machine-id", kIdFileBytesMax);
  host.machine_id = hashed_machine_id(id.ok() ? trimmed(std::move(id).value()) : "");
  auto boot = loop::read_file("/proc/sys/kernel/random/boot_id", kIdFileBytesMax);
  if (!boot.ok()) {
    return boot.error();
  }
  host.boot_id = trimmed(std::move(boot).value());
  return host;
}

base::Result<Host> read_host() {
  Host host;
  utsname names{};
  if (::uname(&names) == 0) {
    host.name = label_of_host_name(std::begin(names.nodename));
  }
  auto id = read_host_id();
  if (!id.ok()) {
    return id.error();
  }
  host.id = std::move(id).value();
  auto networks = device::read_host_facts();
  if (!networks.ok()) {
    return networks.error().within("this host's networks");
  }
  host.networks = std::move(networks).value();
  return host;
}

}  // namespace agent
