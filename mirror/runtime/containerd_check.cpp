#include "mirror/runtime/containerd_check.h"

#include <toml++/toml.h>

namespace mirror {
namespace {

// 1.x keeps it in the CRI plugin, 2.x in the images plugin.
constexpr std::string_view kPlugins[] = {"io.containerd.grpc.v1.cri",
                                         "io.containerd.cri.v1.images"};

std::vector<std::string> complaints_about_registry(const toml::table& registry,
                                                   std::string_view certs_directory) {
  std::vector<std::string> out;
  const std::string wanted(certs_directory);
  const std::string path = registry["config_path"].value_or(std::string());
  if (path.empty()) {
    out.push_back(
        "containerd: registry config_path is empty, so that mirrors are ignored; set it to " +
        wanted + " and restart containerd");
  } else if (path.find(':') != std::string::npos) {
    // containerd #12808: with the transfer service a list is taken as one path.
    out.push_back("containerd: registry config_path is a list, " + path +
                  ", which several versions ignore; set it to " + wanted);
  } else if (path != wanted) {
    out.push_back("containerd: registry config_path is " + path + ", expected " + wanted);
  }
  if (const toml::table* const mirrors = registry["mirrors"].as_table();
      mirrors != nullptr && !mirrors->empty()) {
    out.push_back("containerd: registry.mirrors is set; containerd refuses it beside config_path");
  }
  return out;
}

}  // namespace

std::vector<std::string> complaints_about_containerd(std::string_view config_dump,
                                                     std::string_view certs_directory) {
  const auto parsed = toml::parse(config_dump);
  if (!parsed) {
    return {"containerd: its configuration cannot be read"};
  }
  for (const std::string_view plugin : kPlugins) {
    if (const toml::table* const registry =
            parsed.table()["plugins"][plugin]["registry"].as_table()) {
      return complaints_about_registry(*registry, certs_directory);
    }
  }
  return {"containerd: has no CRI registry configuration; pulls by ctr need --hosts-dir " +
          std::string(certs_directory)};
}

}  // namespace mirror
