// The text of a containerd hosts.toml: ours, or an operator's with our host in front.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mirror/oci/reference.h"
#include "overlay/base/result.h"

namespace mirror {

inline constexpr std::size_t kHostsFileBytesMax = 256U << 10;

// The first line of a file that we wrote:
//   # managed-by: linkspan-mirror id=<32 hex> sha256=<64 hex>
// The hash is of everything behind that line: a file that somebody changed is not ours any more.
struct HostsMark {
  std::string id;
  bool is_intact = false;  // the hash matches
};
std::optional<HostsMark> read_hosts_mark(std::string_view text);

// What every file of one installation says.
struct HostsTemplate {
  std::string id;         // of the installation: 32 hex digits
  std::string proxy_url;  // "http://127.0.0.1:7755"
};

// A file of our own for `source`: the loopback proxy, then the source itself. A `server` line is
// only written for a source that the site map marks as plain HTTP: without one, containerd falls
// back as it would without this file (registry-1.docker.io for docker.io, its own default scheme,
// what the caller asked for). No dial_timeout: only containerd from 2.0 on knows it, and a dead
// loopback port is refused at once anyway.
std::string make_hosts_file(const HostsTemplate& with, const Source& source);

// `foreign` with our host before all of its own; everything else as it is.
//
// Errors: Malformed when it is no TOML (containerd then ignores it as a whole, so do we); Conflict
// when it already has a host at our address, or is written so that nothing can be put in front.
base::Result<std::string> merge_hosts_file(const HostsTemplate& with, std::string_view foreign);

// What of a file that we wrote for `source` is the operator's: the text that was merged, or nothing
// where all of it is ours. For a file whose backup is lost. The same bytes, except for a line feed
// that was missing at their end.
//
// Errors: Malformed when it has no intact mark or is no TOML; Conflict when our host is not where
// we put it.
base::Result<std::optional<std::string>> unmerge_hosts_file(std::string_view text,
                                                            const Source& source);

// The file parses, and the first host that containerd would ask is `proxy_url`. Errors: Malformed.
base::Status check_hosts_file(std::string_view text, std::string_view proxy_url);

// The two folder names that containerd looks for, the better one first: with a port "host_5000_"
// and "host:5000".
struct HostsFolders {
  std::string with_underscores;  // empty without a port
  std::string plain;
};
HostsFolders hosts_folders(const Source& source);

}  // namespace mirror
