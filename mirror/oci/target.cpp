#include "mirror/oci/target.h"

#include <utility>
#include <vector>

#include "mirror/oci/quote.h"
#include "mirror/oci/reference.h"
#include "overlay/base/check.h"

namespace mirror {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

base::Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      return base::Error(base::Errc::Malformed,
                         "target: " + quote(text) + ", expected two hex digits after %");
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    if (end == std::string_view::npos) {
      parts.push_back(text.substr(begin));
      return parts;
    }
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

base::Result<std::string> source_of(std::string_view query) {
  std::optional<std::string> found;
  for (const std::string_view pair : split(query, '&')) {
    if (!pair.starts_with("ns=")) {
      continue;
    }
    if (found) {
      return base::Error(base::Errc::Malformed, "target: ns is given twice, expected once");
    }
    auto text = percent_decode(pair.substr(3));
    if (!text.ok()) {
      return text.error();
    }
    // A scheme belongs into the site map; in a request it can only be an attempt at something else.
    auto source = parse_source(text.value());
    if (!source.ok() || text.value().find('/') != std::string::npos) {
      return base::Error(base::Errc::Malformed,
                         "target: ns: " + quote(text.value()) + ", expected host or host:port");
    }
    found = std::move(source).value().name;
  }
  return found ? *found : std::string(kDefaultSource);
}

// Fills in what the last component names. `kind` is the component before it.
base::Status read_reference(Target& target, std::string_view kind, const std::string& reference) {
  if (kind == "manifests" && reference.find(':') == std::string::npos) {
    target.kind = Target::Kind::Manifest;
    target.tag = reference;
    return check_tag(reference);
  }
  auto digest = Digest::parse(reference);
  if (!digest.ok()) {
    return digest.error();
  }
  target.kind = kind == "blobs" ? Target::Kind::Blob : Target::Kind::Manifest;
  target.digest = std::move(digest).value();
  return {};
}

base::Status read_path(Target& target, std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view raw : split(path, '/')) {
    auto part = percent_decode(raw);
    if (!part.ok()) {
      return part.error();
    }
    if (part.value().find('/') != std::string::npos) {
      return base::Error(base::Errc::Malformed,
                         "target: " + quote(raw) + ", expected no encoded / in a component");
    }
    parts.push_back(std::move(part).value());
  }
  const std::size_t count = parts.size();
  target.kind = Target::Kind::Other;
  if (count < 3) {
    return {};
  }
  const std::string kind = parts[count - 2];
  const bool is_upload = kind == "blobs" && parts[count - 1] == "uploads";
  if ((kind != "manifests" && kind != "blobs") || is_upload || parts[count - 1].empty()) {
    return {};
  }
  for (std::size_t i = 0; i + 2 < count; ++i) {
    target.repository += (i == 0 ? "" : "/") + parts[i];
  }
  if (auto status = check_repository(target.repository); !status.ok()) {
    return status.error();
  }
  return read_reference(target, kind, parts[count - 1]);
}

}  // namespace

base::Result<Target> parse_target(std::string_view text) {
  if (text.size() > kTargetBytesMax) {
    return base::Error(base::Errc::LimitExceeded,
                       "target: " + std::to_string(text.size()) + " bytes, expected at most 4096");
  }
  const std::size_t question = text.find('?');
  const std::string_view path = text.substr(0, question);
  if (path != "/v2" && !path.starts_with("/v2/")) {
    return base::Error(base::Errc::NotFound, "target: " + quote(path) + ", expected /v2/...");
  }
  Target target;
  auto source = source_of(question == std::string_view::npos ? std::string_view()
                                                             : text.substr(question + 1));
  if (!source.ok()) {
    return source.error();
  }
  target.source = std::move(source).value();
  if (path == "/v2" || path == "/v2/") {
    return target;
  }
  if (auto status = read_path(target, path.substr(4)); !status.ok()) {
    return status.error();
  }
  return target;
}

std::string format_target(const Target& target, std::string_view prefix) {
  CHECK(target.kind == Target::Kind::Manifest || target.kind == Target::Kind::Blob);
  std::string out = "/v2/";
  if (!prefix.empty()) {
    out.append(prefix).append("/");
  }
  out += target.repository;
  out += target.kind == Target::Kind::Blob ? "/blobs/" : "/manifests/";
  out += target.digest ? target.digest->text() : target.tag;
  return out + "?ns=" + target.source;
}

}  // namespace mirror
