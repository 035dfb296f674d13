#include "mirror/oci/error_body.h"

#include <nlohmann/json.hpp>

#include "mirror/oci/json_depth.h"
#include "mirror/oci/quote.h"

namespace mirror {
namespace {

constexpr std::size_t kErrorBodyBytesMax = 64 * 1024;
constexpr std::size_t kErrorBodyDepthMax = 16;

std::string text_of(const nlohmann::json& object, const char* field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

std::string error_body(std::string_view code, std::string_view message) {
  const nlohmann::json body = {
      {"errors", {{{"code", std::string(code)}, {"message", std::string(message)}}}}};
  // What a message quotes of a request is already ASCII; `replace` keeps dump() from throwing.
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string describe_error_body(std::string_view body) {
  const std::string size = "a body of " + std::to_string(body.size()) + " bytes";
  if (body.size() > kErrorBodyBytesMax || json_depth(body) > kErrorBodyDepthMax) {
    return size;
  }
  const auto parsed = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) {
    return size;
  }
  const auto errors = parsed.find("errors");
  if (errors == parsed.end() || !errors->is_array() || errors->empty() ||
      !errors->front().is_object()) {
    return size;
  }
  return "code " + quote(text_of(errors->front(), "code")) + ", message " +
         quote(text_of(errors->front(), "message"));
}

}  // namespace mirror
