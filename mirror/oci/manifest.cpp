#include "mirror/oci/manifest.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "mirror/oci/json_depth.h"
#include "mirror/oci/quote.h"

namespace mirror {
namespace {

using nlohmann::json;

base::Error malformed(const std::string& where, const std::string& what) {
  return {base::Errc::Malformed, "manifest: " + (where.empty() ? "" : where + ": ") + what};
}

// Short enough for an error text, whatever the document holds there.
std::string shown(const json& value) {
  if (value.is_string()) {
    return quote(value.get_ref<const std::string&>());
  }
  return value.is_structured() ? std::string(value.type_name()) : value.dump();
}

base::Result<Descriptor> read_descriptor(const json& value, const std::string& where) {
  if (!value.is_object()) {
    return malformed(where, shown(value) + ", expected a descriptor");
  }
  Descriptor descriptor;
  const auto digest = value.find("digest");
  if (digest == value.end() || !digest->is_string()) {
    return malformed(where + ".digest",
                     (digest == value.end() ? "missing" : shown(*digest)) + ", expected a digest");
  }
  auto parsed = Digest::parse(digest->get_ref<const std::string&>());
  if (!parsed.ok()) {
    return malformed(where, parsed.error().text());
  }
  descriptor.digest = std::move(parsed).value();
  const auto size = value.find("size");
  if (size == value.end() || !size->is_number_unsigned() ||
      size->get<std::uint64_t>() > kBlobBytesMax) {
    return malformed(where + ".size", (size == value.end() ? "missing" : shown(*size)) +
                                          ", expected 0.." + std::to_string(kBlobBytesMax));
  }
  descriptor.size_bytes = size->get<std::uint64_t>();
  if (const auto type = value.find("mediaType"); type != value.end() && type->is_string()) {
    descriptor.media_type = type->get<std::string>();
  }
  const auto urls = value.find("urls");
  descriptor.has_urls = urls != value.end() && urls->is_array() && !urls->empty();
  return descriptor;
}

base::Status read_list(const json& document, const char* field, std::vector<Descriptor>& out) {
  const auto list = document.find(field);
  if (list == document.end() || list->is_null()) {
    return {};
  }
  if (!list->is_array()) {
    return malformed(field, shown(*list) + ", expected a list");
  }
  if (list->size() > kDescriptorsMax) {
    return base::Error(base::Errc::LimitExceeded,
                       "manifest: " + std::string(field) + ": " + std::to_string(list->size()) +
                           " entries, expected at most " + std::to_string(kDescriptorsMax));
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto descriptor = read_descriptor((*list)[i], field + ("[" + std::to_string(i) + "]"));
    if (!descriptor.ok()) {
      return descriptor.error();
    }
    out.push_back(std::move(descriptor).value());
  }
  return {};
}

base::Status check_size_and_depth(std::string_view text) {
  if (text.size() > kManifestBytesMax) {
    return base::Error(base::Errc::LimitExceeded, "manifest: " + std::to_string(text.size()) +
                                                      " bytes, expected at most " +
                                                      std::to_string(kManifestBytesMax));
  }
  if (const std::size_t depth = json_depth(text); depth > kManifestDepthMax) {
    return base::Error(base::Errc::LimitExceeded, "manifest: nested " + std::to_string(depth) +
                                                      " deep, expected at most " +
                                                      std::to_string(kManifestDepthMax));
  }
  return {};
}

}  // namespace

base::Result<Manifest> parse_manifest(std::string_view text) {
  if (auto status = check_size_and_depth(text); !status.ok()) {
    return status.error();
  }
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return malformed("", std::to_string(text.size()) + " bytes, expected a JSON object");
  }
  const auto version = document.find("schemaVersion");
  if (version == document.end() || !version->is_number_unsigned() ||
      version->get<std::uint64_t>() != 2) {
    return malformed("schemaVersion",
                     (version == document.end() ? "missing" : shown(*version)) + ", expected 2");
  }
  Manifest manifest;
  if (const auto type = document.find("mediaType"); type != document.end() && type->is_string()) {
    manifest.media_type = type->get<std::string>();
  }
  if (const auto config = document.find("config"); config != document.end()) {
    auto descriptor = read_descriptor(*config, "config");
    if (!descriptor.ok()) {
      return descriptor.error();
    }
    manifest.blobs.push_back(std::move(descriptor).value());
  }
  if (auto status = read_list(document, "layers", manifest.blobs); !status.ok()) {
    return status.error();
  }
  if (auto status = read_list(document, "manifests", manifest.children); !status.ok()) {
    return status.error();
  }
  return manifest;
}

}  // namespace mirror
