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

// Hosts in the order of the file, which is the order in which containerd asks them.
std::vector<std::string> hosts_in_order(const toml::table& document) {
  std::vector<std::pair<std::uint32_t, std::string>> found;
  if (const toml::table* const hosts = document["host"].as_table()) {
    for (const auto& [name, host] : *hosts) {
      found.emplace_back(host.source().begin.line, std::string(name.str()));
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> out;
  for (auto& [line, name] : found) {
    out.push_back(std::move(name));
  }
  return out;
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
  if (std::find(hosts.begin(), hosts.end(), with.proxy_url) != hosts.end()) {
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
  if (!after.ok() || hosts_in_order(after.value()).front() != with.proxy_url) {
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

base::Status check_hosts_file(std::string_view text, std::string_view proxy_url) {
  const auto document = parse(text);
  if (!document.ok()) {
    return document.error();
  }
  const auto hosts = hosts_in_order(document.value());
  if (hosts.empty() || hosts.front() != proxy_url) {
    return base::Error(base::Errc::Malformed, "hosts.toml: the first host is " +
                                                  (hosts.empty() ? "missing" : hosts.front()) +
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
