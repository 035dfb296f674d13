#include "coordinator/server/serve_options.h"

#include <algorithm>
#include <string>

namespace coordinator {
namespace {

bool is_loopback(std::string_view url) {
  return url.starts_with("https://127.") || url.starts_with("https://[::1]") ||
         url.starts_with("https://localhost");
}

}  // namespace

base::Status check_url(std::string_view text) {
  constexpr std::string_view kStart = "https://";
  if (text.empty()) {
    return {};
  }
  const bool is_plain = text.starts_with(kStart) && text.size() > kStart.size() &&
                        std::all_of(text.begin() + kStart.size(), text.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') ||
                                 std::string_view(".:[]-").find(c) != std::string_view::npos;
                        });
  if (!is_plain) {
    return base::Error(base::Errc::Malformed,
                       "\"" + std::string(text) + "\", expected https://HOST or https://HOST:PORT");
  }
  return {};
}

std::string welcome_text(const Welcome& welcome) {
  std::string text = "linkspan-coordinator is ready\n  API         " + welcome.url;
  if (is_loopback(welcome.url)) {
    text += "\n  NOTE        other servers cannot reach " + welcome.url +
            ", which the lines that they join with carry: give --advertise https://HOST:PORT";
  }
  text += "\n  pin         " + welcome.pin + "\n  admin key   " + welcome.admin_key_path;
  if (!welcome.is_admin_key_there) {
    return text +
           " is not there (moved, or made by another coordinator): use a copy of it, or another "
           "API key\n";
  }
  text += "\n";
  if (welcome.is_new) {
    text += "\nNext:\n  export LINKSPAN_API=" + welcome.url +
            " LINKSPAN_KEY_FILE=" + welcome.admin_key_path +
            "\n"
            "  linkspan network create default\n"
            "  linkspan site create SITE --network default\n"
            "  linkspan token create --network default --site SITE      # prints the line that "
            "servers join with\n";
  }
  return text;
}

}  // namespace coordinator
