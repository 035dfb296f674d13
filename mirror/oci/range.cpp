#include "mirror/oci/range.h"

#include <algorithm>
#include <charconv>

#include "mirror/oci/quote.h"

namespace mirror {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

base::Error malformed(std::string_view header) {
  return {base::Errc::Malformed,
          "content-range: " + quote(header) + ", expected bytes <first>-<last>/<size>"};
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (text.empty() || code != std::errc() || stop != end) {
    return std::nullopt;
  }
  return value;
}

RangeAnswer answer_range(std::string_view header, std::uint64_t size_bytes) {
  constexpr std::string_view kUnit = "bytes=";
  header = trim(header);
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) {
    return {};
  }
  const std::string_view spec = trim(header.substr(kUnit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) {
    return {};
  }
  const auto first = parse_decimal(spec.substr(0, dash));
  const auto last = parse_decimal(spec.substr(dash + 1));
  if (dash == 0) {  // the last N bytes
    if (!last) {
      return {};
    }
    if (*last == 0 || size_bytes == 0) {
      return {RangeAnswer::Kind::Unsatisfiable, {}};
    }
    const std::uint64_t count = std::min(*last, size_bytes);
    return {RangeAnswer::Kind::Partial, {size_bytes - count, size_bytes - 1}};
  }
  const bool is_open = dash + 1 == spec.size();
  if (!first || (!is_open && (!last || *last < *first))) {
    return {};
  }
  if (*first >= size_bytes) {
    return {RangeAnswer::Kind::Unsatisfiable, {}};
  }
  return {RangeAnswer::Kind::Partial,
          {*first, is_open ? size_bytes - 1 : std::min(*last, size_bytes - 1)}};
}

base::Result<ContentRange> parse_content_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  const std::string_view text = trim(header);
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || slash == std::string_view::npos) {
    return malformed(header);
  }
  ContentRange value;
  const std::string_view size = text.substr(slash + 1);
  if (size != "*") {
    value.size_bytes = parse_decimal(size);
    if (!value.size_bytes) {
      return malformed(header);
    }
  }
  const std::string_view span = text.substr(kUnit.size(), slash - kUnit.size());
  if (span == "*") {
    if (!value.size_bytes) {
      return malformed(header);  // says nothing at all
    }
    return value;
  }
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos) {
    return malformed(header);
  }
  const auto first = parse_decimal(span.substr(0, dash));
  const auto last = parse_decimal(span.substr(dash + 1));
  if (!first || !last || *last < *first || (value.size_bytes && *last >= *value.size_bytes)) {
    return malformed(header);
  }
  value.range = ByteRange{*first, *last};
  return value;
}

std::string format_content_range(const ContentRange& value) {
  std::string out = "bytes ";
  out += value.range ? std::to_string(value.range->first) + "-" + std::to_string(value.range->last)
                     : std::string("*");
  return out + "/" + (value.size_bytes ? std::to_string(*value.size_bytes) : std::string("*"));
}

}  // namespace mirror
