#include "overlay/loop/http_target.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace loop {
namespace {

std::optional<std::uint8_t> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') {
    return static_cast<std::uint8_t>(digit - '0');
  }
  if (digit >= 'a' && digit <= 'f') {
    return static_cast<std::uint8_t>(digit - 'a' + 10);
  }
  if (digit >= 'A' && digit <= 'F') {
    return static_cast<std::uint8_t>(digit - 'A' + 10);
  }
  return {};
}

bool is_unreserved(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

base::Error malformed(std::size_t offset, const std::string& text) {
  return base::Error(base::Errc::Malformed, "offset " + std::to_string(offset) + ": " + text);
}

}  // namespace

base::Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] <= ' ' || text[i] >= 0x7f) {  // char is signed here: bytes over 127 are negative
      return malformed(i, "byte outside printable ascii");
    }
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high.has_value() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!low.has_value()) {
      return malformed(i, "'%' without two hexadecimal digits");
    }
    const int byte = *high * 16 + *low;
    if (byte == 0) {
      return malformed(i, "encoded nul");
    }
    decoded.push_back(static_cast<char>(byte));
    i += 2;
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char byte : text) {
    if (is_unreserved(byte)) {
      encoded.push_back(byte);
      continue;
    }
    const auto value = static_cast<std::uint8_t>(byte);
    encoded.push_back('%');
    encoded.push_back(kDigits[value >> 4U]);
    encoded.push_back(kDigits[value & 15U]);
  }
  return encoded;
}

base::Result<std::map<std::string, std::string>> parse_query(std::string_view query) {
  std::map<std::string, std::string> parameters;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const std::string_view raw_name = parameter.substr(0, parameter.find('='));
    auto name = percent_decode(raw_name);
    if (!name.ok()) {
      return name.error().within("query: parameter name");
    }
    if (name.value().empty()) {
      return base::Error(base::Errc::Malformed, "query: parameter without a name");
    }
    const auto has_value = raw_name.size() < parameter.size();
    auto value = percent_decode(has_value ? parameter.substr(raw_name.size() + 1) : "");
    if (!value.ok()) {
      return value.error().within("query: " + name.value());
    }
    if (parameters.size() == kQueryParametersMax) {
      return base::Error(base::Errc::LimitExceeded,
                         "query: more than " + std::to_string(kQueryParametersMax) + " parameters");
    }
    if (!parameters.emplace(name.value(), std::move(value).value()).second) {
      return base::Error(base::Errc::Malformed, "query: " + name.value() + ": given twice");
    }
  }
  return parameters;
}

}  // namespace loop
