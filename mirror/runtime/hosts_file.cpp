#include "mirror/runtime/hosts_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"

namespace mirror {
namespace {

constexpr std::string_view kMark = "# managed-by: linkspan-mirror id=";
constexpr std::string_view kHashField = " sha256=";
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kHashDigits = 64;

std::string hash_of(std::string_view body) {
  return base::hex_encode(crypto::sha256(base::as_bytes(body)));
}

std::string marked(const HostsTemplate& with, std::string_view body) {
  std::string out(kMark);
  out.append(with.id).append(kHashField).append(hash_of(body)).append("\n");
  return out.append(body);
}

std::string our_block(const HostsTemplate& with) {
  return "[host.\"" + with.proxy_url + "\"]\n  capabilities = [\"pull\", \"resolve\"]\n";
}

base::Result<toml::table> parse(std::string_view text) {
  if (text.size() > kHostsFileBytesMax) {
    return base::Error(base::Errc::LimitExceeded, "hosts.toml: " + std::to_string(text.size()) +
                                                      " bytes, expected at most " +
                                                      std::to_string(kHostsFileBytesMax));
  }
  auto result = toml::parse(text);
  if (!result) {
    return base::Error(base::Errc::Malformed,
                       "hosts.toml: line " + std::to_string(result.error().source().begin.line) +
                           ": " + std::string(result.error().description()));
  }
  return std::move(result).table();
}

struct HostAt {
  std::uint32_t line = 0;  // from 1
  std::string name;

  friend auto operator<=>(const HostAt&, const HostAt&) = default;
};

// Hosts in the order of the file, which is the order in which containerd asks them.
std::vector<HostAt> hosts_in_order(const toml::table& document) {
  std::vector<HostAt> found;
  if (const toml::table* const hosts = document["host"].as_table()) {
    for (const auto& [name, host] : *hosts) {
      found.push_back({host.source().begin.line, std::string(name.str())});
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The line (from 1) of the first table header, or 0 if there is none. Keys behind a header belong
// to its table, so what goes in front of all hosts goes before this line.
std::uint32_t first_header_line(const toml::table& document) {
  std::uint32_t first = 0;
  const auto consider = [&first](const toml::node& node) {
    const std::uint32_t line = node.source().begin.line;
    const bool is_header =
        (node.is_table() && !node.as_table()->is_inline()) || node.is_array_of_tables();
    if (is_header && line > 0 && (first == 0 || line < first)) {
      first = line;
    }
  };
  for (const auto& [name, node] : document) {
    consider(node);
    if (const toml::table* const table = node.as_table()) {
      for (const auto& [inner_name, inner] : *table) {
        consider(inner);
      }
    }
  }
  return first;
}

std::size_t offset_of_line(std::string_view text, std::uint32_t line) {
  std::size_t at = 0;
  for (std::uint32_t i = 1; i < line && at < text.size(); ++i) {
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  return at;
}

}  // namespace

std::optional<HostsMark> read_hosts_mark(std::string_view text) {
  const std::size_t size = kMark.size() + kIdDigits + kHashField.size() + kHashDigits;
  if (!text.starts_with(kMark) || text.size() <= size || text[size] != '\n' ||
      text.substr(kMark.size() + kIdDigits, kHashField.size()) != kHashField) {
    return std::nullopt;
  }
  HostsMark mark;
  mark.id = std::string(text.substr(kMark.size(), kIdDigits));
  mark.is_intact = text.substr(size - kHashDigits, kHashDigits) == hash_of(text.substr(size + 1));
  return mark;
}

std::string make_hosts_file(const HostsTemplate& with, const Source& source) {
  const std::string server =
      source.is_plain_http ? "server = \"" + source.upstream_url() + "\"\n" : "";
  return marked(
      with,
      "# Written by linkspan-mirror, removed by `linkspan leave`. A file that was changed by\n"
      "# hand is neither written nor removed any more.\n" +
          server + "\n" + our_block(with));
}

base::Result<std::string> merge_hosts_file(const HostsTemplate& with, std::string_view foreign) {
  const auto before = parse(foreign);
  if (!before.ok()) {
    return before.error();
  }
  const auto hosts = hosts_in_order(before.value());
  if (std::any_of(hosts.begin(), hosts.end(),
                  [&](const HostAt& host) { return host.name == with.proxy_url; })) {
    return base::Error(base::Errc::Conflict,
                       "hosts.toml: has a host " + with.proxy_url + " already");
  }
  const std::uint32_t line = first_header_line(before.value());
  const std::size_t at = line == 0 ? foreign.size() : offset_of_line(foreign, line);
  std::string body(foreign.substr(0, at));
  if (!body.empty() && body.back() != '\n') {
    body += '\n';
  }
  body += our_block(with);
  if (at < foreign.size()) {
    body.append("\n").append(foreign.substr(at));
  }
  // The proof that nothing else changed: without our host it says what it said before.
  auto after = parse(body);
  if (!after.ok() || hosts_in_order(after.value()).front().name != with.proxy_url) {
    return base::Error(base::Errc::Conflict,
                       "hosts.toml: no host can be put in front of its hosts");
  }
  toml::table merged = std::move(after).value();
  merged["host"].as_table()->erase(with.proxy_url);
  if (hosts.empty()) {
    merged.erase("host");
  }
  if (merged != before.value()) {
    return base::Error(base::Errc::Conflict,
                       "hosts.toml: no host can be put in front of its hosts");
  }
  return marked(with, body);
}

base::Result<std::optional<std::string>> unmerge_hosts_file(std::string_view text,
                                                            const Source& source) {
  const auto mark = read_hosts_mark(text);
  if (!mark || !mark->is_intact) {
    return base::Error(base::Errc::Malformed, "hosts.toml: has no intact mark of ours");
  }
  const std::string_view body = text.substr(text.find('\n') + 1);
  const auto document = parse(body);
  if (!document.ok()) {
    return document.error();
  }
  const base::Error no_host(base::Errc::Conflict, "hosts.toml: has no host of ours in front");
  const auto hosts = hosts_in_order(document.value());
  if (hosts.empty()) {
    return no_host;
  }
  // Whatever the proxy's address was then.
  const HostsTemplate with{mark->id, hosts.front().name};
  for (const bool is_plain_http : {false, true}) {
    if (make_hosts_file(with, {source.name, is_plain_http}) == text) {
      return std::optional<std::string>();
    }
  }
  const std::string block = our_block(with);
  const std::size_t at = offset_of_line(body, hosts.front().line);
  if (body.substr(at, block.size()) != block) {
    return no_host;
  }
  std::string theirs(body.substr(0, at));
  const std::string_view rest = body.substr(at + block.size());
  theirs.append(rest.empty() ? rest : rest.substr(1));  // an empty line was put between
  // The proof: merged again it is what is here.
  const auto again = merge_hosts_file(with, theirs);
  if (!again.ok() || again.value() != text) {
    return no_host;
  }
  return std::optional<std::string>(std::move(theirs));
}

base::Status check_hosts_file(std::string_view text, std::string_view proxy_url) {
  const auto document = parse(text);
  if (!document.ok()) {
    return document.error();
  }
  const auto hosts = hosts_in_order(document.value());
  if (hosts.empty() || hosts.front().name != proxy_url) {
    return base::Error(base::Errc::Malformed, "hosts.toml: the first host is " +
                                                  (hosts.empty() ? "missing" : hosts.front().name) +
                                                  ", expected " + std::string(proxy_url));
  }
  return {};
}

HostsFolders hosts_folders(const Source& source) {
  const std::size_t colon = source.name.rfind(':');
  const bool has_port = colon != std::string::npos && source.name.back() != ']';
  return {has_port ? source.name.substr(0, colon) + "_" + source.name.substr(colon + 1) + "_" : "",
          source.name};
}

}  // namespace mirror
