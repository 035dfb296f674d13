#include "overlay/device/wireguard.h"

#include <cstring>
#include <utility>
#include <vector>

#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <unistd.h>

#include "overlay/base/check.h"
#include "overlay/base/hex.h"
#include "overlay/device/link.h"
#include "overlay/device/netlink.h"
#include "overlay/loop/tool.h"

namespace device {
namespace {

// One argument may have 128 KiB and all of them 2 MiB (execve(2)); half of both is ours.
constexpr std::size_t kArgumentBytesMax = std::size_t{64} << 10;
constexpr std::size_t kCallBytesMax = std::size_t{1} << 20;
constexpr std::size_t kCallStepsMax = 500;
constexpr std::size_t kDumpBytesMax = std::size_t{16} << 20;

std::string text_of(const std::set<base::Prefix>& prefixes) {
  std::string text;
  for (const auto& prefix : prefixes) {
    text += (text.empty() ? "" : ",") + prefix.text();
  }
  return text;
}

struct Arguments {
  std::vector<std::string> operator()(const base::SetPeer& step) const {
    std::vector<std::string> words{"peer", base::base64_encode(step.key)};
    if (step.endpoint.has_value()) {
      words.insert(words.end(), {"endpoint", step.endpoint->text()});
    }
    if (step.is_new && step.endpoint.has_value()) {
      // Turning keepalive on sends one at once, and that starts a handshake. Its wanted value
      // follows in a second section for the same peer.
      words.insert(words.end(), {"persistent-keepalive", "1", "peer", words[1]});
      words.insert(words.end(),
                   {"persistent-keepalive", std::to_string(step.keepalive_s.value_or(0))});
    } else if (step.keepalive_s.has_value()) {
      words.insert(words.end(), {"persistent-keepalive", std::to_string(*step.keepalive_s)});
    }
    if (step.allowed.has_value()) {
      words.insert(words.end(), {"allowed-ips", text_of(*step.allowed)});
    }
    return words;
  }
  std::vector<std::string> operator()(const base::RemovePeer& step) const {
    return {"peer", base::base64_encode(step.key), "remove"};
  }
};

base::Status run(std::vector<std::string> argv) {
  auto result = loop::run_tool({.argv = std::move(argv)});
  return result.ok() ? base::Status() : result.error();
}

// `ip link add NAME type wireguard`.
base::Status create_in_kernel(const std::string& name) {
  const std::string what = "link " + name + ": add as wireguard";
  Message message(nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL));
  ifinfomsg header{};
  if (message == nullptr ||
      nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO) < 0 ||
      nla_put_string(message.get(), IFLA_IFNAME, name.c_str()) < 0) {
    return base::Error(base::Errc::Unavailable, what + ": no memory");
  }
  auto* info = nla_nest_start(message.get(), IFLA_LINKINFO);
  if (info == nullptr || nla_put_string(message.get(), IFLA_INFO_KIND, "wireguard") < 0) {
    return base::Error(base::Errc::Unavailable, what + ": no memory");
  }
  nla_nest_end(message.get(), info);
  return send_request(what, std::move(message));
}

}  // namespace

base::Result<Wireguard> read_wireguard(const std::string& name) {
  if (::if_nametoindex(name.c_str()) == 0) {
    return base::Error(base::Errc::NotFound, "link " + name + ": no such link");
  }
  auto dump =
      loop::run_tool({.argv = {"wg", "show", name, "dump"}, .output_bytes_max = kDumpBytesMax});
  if (!dump.ok()) {
    return dump.error().within(name);
  }
  auto text = std::move(dump).value();
  auto parsed = parse_wireguard_dump(text);
  ::explicit_bzero(text.data(), text.size());  // the private key is in it
  if (!parsed.ok()) {
    return parsed.error().within(name);
  }
  return parsed;
}

base::Status create_wireguard(const std::string& name) {
  auto in_kernel = create_in_kernel(name);
  if (in_kernel.ok() || in_kernel.error().code() == base::Errc::Conflict) {
    return in_kernel;
  }
  auto daemon = loop::run_tool({.argv = {"wireguard-go", name}, .is_daemon = true});
  if (daemon.ok()) {
    return {};  // it goes to the background once its socket is there
  }
  return base::Error(base::Errc::Unavailable, "link " + name +
                                                  ": kernel: " + in_kernel.error().text() +
                                                  "; wireguard-go: " + daemon.error().text());
}

base::Status remove_wireguard(const std::string& name) {
  if (auto status = remove_link(name); !status.ok()) {
    return status;
  }
  // The daemon goes with its device and takes its socket along, a moment later or, if it was
  // killed, not at all. Who comes first does not matter.
  const std::string directory = "/run/wireguard";
  ::unlink((directory + "/" + name + ".sock").c_str());
  ::rmdir(directory.c_str());
  return {};
}

base::Status set_wireguard(const std::string& name, const WireguardSettings& settings) {
  loop::ToolCall call{.argv = {"wg", "set", name}};
  if (settings.listen_port.has_value()) {
    call.argv.insert(call.argv.end(), {"listen-port", std::to_string(*settings.listen_port)});
  }
  if (settings.private_key.has_value()) {
    CHECK(settings.private_key->size() == base::TunnelKey{}.size());
    call.argv.insert(call.argv.end(), {"private-key", "/dev/stdin"});
    call.input = base::base64_encode(*settings.private_key);
  }
  auto result = loop::run_tool(call);
  ::explicit_bzero(call.input.data(), call.input.size());
  return result.ok() ? base::Status() : result.error().within(name);
}

base::Status set_peers(const std::string& name, std::span<const PeerStep> steps) {
  const std::vector<std::string> command{"wg", "set", name};
  auto argv = command;
  std::size_t size_bytes = 0;
  std::size_t count = 0;
  for (const auto& step : steps) {
    const auto words = std::visit(Arguments{}, step);
    for (const auto& word : words) {
      if (word.size() > kArgumentBytesMax) {
        return base::Error(base::Errc::LimitExceeded,
                           name + ": peer " + words[1] + ": allowed prefixes of " +
                               std::to_string(word.size()) + " bytes, at most " +
                               std::to_string(kArgumentBytesMax));
      }
      size_bytes += word.size() + 1;
    }
    argv.insert(argv.end(), words.begin(), words.end());
    if (++count == kCallStepsMax || size_bytes > kCallBytesMax) {
      if (auto status = run(std::exchange(argv, command)); !status.ok()) {
        return status.error().within(name);
      }
      size_bytes = 0;
      count = 0;
    }
  }
  if (count == 0) {
    return {};
  }
  auto status = run(std::move(argv));
  return status.ok() ? status : status.error().within(name);
}

}  // namespace device
