// Reads a JSON object strictly: typed fields with bounds, nothing unknown, nothing twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "overlay/base/result.h"

namespace model {

inline constexpr std::size_t kJsonDepthMax = 16;
inline constexpr std::uint64_t kJsonNumberMax = (1ULL << 53) - 1;  // exact in every reader

// Parses JSON text of an object. Errors: LimitExceeded over `size_max` bytes; Malformed for broken
// text, text that is not UTF-8, a repeated key, nesting over kJsonDepthMax, or another type.
// `what` names the body in errors.
base::Result<nlohmann::json> parse_json(std::string_view what, std::string_view text,
                                        std::size_t size_max);

// Which field was refused and why; for a problem document.
struct FieldFailure {
  std::string field;     // "listen_port", "prefixes[1]"
  std::string value;     // what was given, as JSON text, cut at 64 bytes; "absent"; "hidden"
  std::string expected;  // "a number in 1..65535"

  std::string text() const;  // `listen_port: "abc", expected a number in 1..65535`
};

// Sticky, like base::ByteReader: the first failure stays, later reads give empty values, and the
// owner asks once, in finish().
class JsonReader {
 public:
  using Json = nlohmann::json;

  // `object` must outlive the reader. Requires object.is_object().
  JsonReader(std::string_view what, const Json& object);

  // Required fields.
  std::string text(std::string_view field, std::size_t size_max);
  // The same, but errors do not show the value.
  std::string secret_text(std::string_view field, std::size_t size_max);
  std::uint64_t number(std::string_view field, std::uint64_t min, std::uint64_t max);
  bool boolean(std::string_view field);
  std::vector<std::string> texts(std::string_view field, std::size_t count_max,
                                 std::size_t size_max);
  // Any JSON, for the caller to take apart; null after a failure.
  const Json* any(std::string_view field);

  // Fields that may be absent or null.
  const Json* optional_any(std::string_view field);  // null also for those
  std::optional<std::string> optional_text(std::string_view field, std::size_t size_max);
  std::optional<std::uint64_t> optional_number(std::string_view field, std::uint64_t min,
                                               std::uint64_t max);
  std::optional<bool> optional_boolean(std::string_view field);
  std::vector<std::string> optional_texts(std::string_view field, std::size_t count_max,
                                          std::size_t size_max);
  bool has(std::string_view field) const;

  // Reads a text and gives it to parse(std::string_view) -> base::Result<T>; its error text is
  // expected to read `"value", expected ...` or any sentence and is kept.
  template <typename Parse>
  auto parsed(std::string_view field, std::size_t size_max, Parse parse) {
    using T = std::decay_t<decltype(parse(std::string_view()).value())>;
    const std::string given = text(field, size_max);
    return take<T>(field, given, parse);
  }
  template <typename Parse>
  auto optional_parsed(std::string_view field, std::size_t size_max, Parse parse) {
    using T = std::decay_t<decltype(parse(std::string_view()).value())>;
    std::optional<T> value;
    if (const auto given = optional_text(field, size_max); given && !failed()) {
      value = take<T>(field, *given, parse);
    }
    return value;
  }
  template <typename Parse>
  auto parsed_list(std::string_view field, std::size_t count_max, std::size_t size_max,
                   Parse parse) {
    using T = std::decay_t<decltype(parse(std::string_view()).value())>;
    std::vector<T> values;
    const auto given = texts(field, count_max, size_max);
    for (std::size_t i = 0; i < given.size() && !failed(); ++i) {
      values.push_back(
          take<T>(std::string(field) + "[" + std::to_string(i) + "]", given[i], parse));
    }
    return values;
  }
  template <typename Parse>
  auto optional_parsed_list(std::string_view field, std::size_t count_max, std::size_t size_max,
                            Parse parse) {
    using T = std::decay_t<decltype(parse(std::string_view()).value())>;
    return has(field) ? parsed_list(field, count_max, size_max, parse) : std::vector<T>();
  }

  // Records a failure of the owner's own rules, unless one is recorded already.
  void reject(std::string_view field, std::string value, std::string expected);

  bool failed() const { return failure_.has_value(); }
  const std::optional<FieldFailure>& failure() const { return failure_; }

  // The first failure as `what: field: value, expected ...` (Malformed); an unknown field is one.
  // `failure` gets a copy of it, when given.
  base::Status finish(FieldFailure* failure = nullptr);

 private:
  const Json* find(std::string_view field);      // notes the field as known
  const Json* required(std::string_view field);  // and refuses its absence
  std::string text_in(std::string_view field, const Json& value, std::size_t size_max);
  std::uint64_t number_in(std::string_view field, const Json& value, std::uint64_t min,
                          std::uint64_t max);
  bool boolean_in(std::string_view field, const Json& value);
  std::vector<std::string> texts_in(std::string_view field, const Json& value,
                                    std::size_t count_max, std::size_t size_max);
  void reject_parse(std::string_view field, std::string_view given, const base::Error& error);

  template <typename T, typename Parse>
  T take(std::string_view field, std::string_view given, Parse parse) {
    if (!failed()) {
      base::Result<T> result = parse(given);
      if (result.ok()) {
        return std::move(result).value();
      }
      reject_parse(field, given, result.error());
    }
    return T{};
  }

  std::string what_;
  const Json& object_;
  std::set<std::string, std::less<>> known_;
  std::optional<FieldFailure> failure_;
};

// How errors show a JSON value: its text, cut at 64 bytes.
std::string shown(const nlohmann::json& value);

}  // namespace model
