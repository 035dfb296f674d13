#include "overlay/model/json_reader.h"

#include <set>

namespace model {
namespace {

constexpr std::size_t kShownBytesMax = 64;

std::string range(std::uint64_t min, std::uint64_t max) {
  return std::to_string(min) + ".." + std::to_string(max);
}

std::string sized_text(std::size_t size_max) {
  return "a text of at most " + std::to_string(size_max) + " bytes";
}

std::string list_of(std::size_t count_max, std::size_t size_max) {
  return "a list of at most " + std::to_string(count_max) + " texts of at most " +
         std::to_string(size_max) + " bytes";
}

// Watches a parse for what nlohmann/json lets pass: repeated keys (the last would win) and depth.
class Watcher {
 public:
  using Json = nlohmann::json;

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > static_cast<int>(kJsonDepthMax)) {
      is_too_deep_ = true;
    }
    if (event == Json::parse_event_t::object_start) {
      keys_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second && repeated_.empty()) {
        repeated_ = shown(parsed);
      }
    }
    return true;
  }

  bool is_too_deep() const { return is_too_deep_; }
  const std::string& repeated() const { return repeated_; }

 private:
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  bool is_too_deep_ = false;
  std::string repeated_;
};

}  // namespace

std::string shown(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kShownBytesMax) {
    std::size_t end = kShownBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      --end;  // not inside a character
    }
    text = text.substr(0, end) + "...";
  }
  return text;
}

base::Result<nlohmann::json> parse_json(std::string_view what, std::string_view text,
                                        std::size_t size_max) {
  const auto refuse = [what](base::Errc code, const std::string& why) {
    return base::Error(code, std::string(what) + ": " + why);
  };
  if (text.size() > size_max) {
    return refuse(base::Errc::LimitExceeded,
                  std::to_string(text.size()) + " bytes, at most " + std::to_string(size_max));
  }
  Watcher watcher;
  auto json = nlohmann::json::parse(
      text,
      [&watcher](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
        return watcher(depth, event, parsed);
      },
      /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return refuse(base::Errc::Malformed, "not JSON");
  }
  if (watcher.is_too_deep()) {
    return refuse(base::Errc::Malformed,
                  "nested over " + std::to_string(kJsonDepthMax) + " levels");
  }
  if (!watcher.repeated().empty()) {
    return refuse(base::Errc::Malformed, "field " + watcher.repeated() + " is given twice");
  }
  if (!json.is_object()) {
    return refuse(base::Errc::Malformed, shown(json) + ", expected an object");
  }
  return json;
}

std::string FieldFailure::text() const {
  return field + ": " + value + ", expected " + expected;
}

JsonReader::JsonReader(std::string_view what, const Json& object) : what_(what), object_(object) {
  CHECK(object.is_object());
}

const nlohmann::json* JsonReader::find(std::string_view field) {
  known_.emplace(field);
  const auto at = object_.find(field);
  return failed() || at == object_.end() || at->is_null() ? nullptr : &*at;
}

const nlohmann::json* JsonReader::required(std::string_view field) {
  const Json* value = find(field);
  if (value == nullptr) {
    const bool is_null = object_.contains(field);
    reject(field, is_null ? "null" : "absent", "a value");
  }
  return value;
}

bool JsonReader::has(std::string_view field) const {
  const auto at = object_.find(field);
  return at != object_.end() && !at->is_null();
}

std::string JsonReader::text_in(std::string_view field, const Json& value, std::size_t size_max) {
  if (!value.is_string() || value.get_ref<const std::string&>().size() > size_max) {
    reject(field, shown(value), sized_text(size_max));
    return {};
  }
  return value.get<std::string>();
}

std::uint64_t JsonReader::number_in(std::string_view field, const Json& value, std::uint64_t min,
                                    std::uint64_t max) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < min ||
      value.get<std::uint64_t>() > max) {
    reject(field, shown(value), "a number in " + range(min, max));
    return 0;
  }
  return value.get<std::uint64_t>();
}

bool JsonReader::boolean_in(std::string_view field, const Json& value) {
  if (!value.is_boolean()) {
    reject(field, shown(value), "true or false");
    return false;
  }
  return value.get<bool>();
}

std::vector<std::string> JsonReader::texts_in(std::string_view field, const Json& value,
                                              std::size_t count_max, std::size_t size_max) {
  if (!value.is_array() || value.size() > count_max) {
    reject(field, shown(value), list_of(count_max, size_max));
    return {};
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
    texts.push_back(
        text_in(std::string(field) + "[" + std::to_string(i) + "]", value[i], size_max));
  }
  return failed() ? std::vector<std::string>() : texts;
}

std::string JsonReader::text(std::string_view field, std::size_t size_max) {
  const Json* value = required(field);
  return value == nullptr ? std::string() : text_in(field, *value, size_max);
}

std::string JsonReader::secret_text(std::string_view field, std::size_t size_max) {
  const Json* value = required(field);
  if (value == nullptr) {
    return {};
  }
  if (!value->is_string() || value->get_ref<const std::string&>().size() > size_max) {
    reject(field, "hidden", sized_text(size_max));
    return {};
  }
  return value->get<std::string>();
}

std::uint64_t JsonReader::number(std::string_view field, std::uint64_t min, std::uint64_t max) {
  const Json* value = required(field);
  return value == nullptr ? 0 : number_in(field, *value, min, max);
}

bool JsonReader::boolean(std::string_view field) {
  const Json* value = required(field);
  return value != nullptr && boolean_in(field, *value);
}

std::vector<std::string> JsonReader::texts(std::string_view field, std::size_t count_max,
                                           std::size_t size_max) {
  const Json* value = required(field);
  return value == nullptr ? std::vector<std::string>()
                          : texts_in(field, *value, count_max, size_max);
}

const nlohmann::json* JsonReader::any(std::string_view field) {
  return required(field);
}

const nlohmann::json* JsonReader::optional_any(std::string_view field) {
  return find(field);
}

std::optional<std::string> JsonReader::optional_text(std::string_view field, std::size_t size_max) {
  const Json* value = find(field);
  return value == nullptr ? std::nullopt : std::optional(text_in(field, *value, size_max));
}

std::optional<std::uint64_t> JsonReader::optional_number(std::string_view field, std::uint64_t min,
                                                         std::uint64_t max) {
  const Json* value = find(field);
  return value == nullptr ? std::nullopt : std::optional(number_in(field, *value, min, max));
}

std::optional<bool> JsonReader::optional_boolean(std::string_view field) {
  const Json* value = find(field);
  return value == nullptr ? std::nullopt : std::optional(boolean_in(field, *value));
}

std::vector<std::string> JsonReader::optional_texts(std::string_view field, std::size_t count_max,
                                                    std::size_t size_max) {
  const Json* value = find(field);
  return value == nullptr ? std::vector<std::string>()
                          : texts_in(field, *value, count_max, size_max);
}

void JsonReader::reject(std::string_view field, std::string value, std::string expected) {
  if (!failed()) {
    failure_ = FieldFailure{std::string(field), std::move(value), std::move(expected)};
  }
}

void JsonReader::reject_parse(std::string_view field, std::string_view given,
                              const base::Error& error) {
  // Parsers say `"value", expected this`: the value is ours to show, so only the rest is kept.
  constexpr std::string_view kExpected = "expected ";
  const std::size_t at = error.text().rfind(kExpected);
  reject(field, shown(Json(std::string(given))),
         at == std::string::npos ? "something else (" + error.text() + ")"
                                 : error.text().substr(at + kExpected.size()));
}

base::Status JsonReader::finish(FieldFailure* failure) {
  for (auto at = object_.begin(); at != object_.end() && !failed(); ++at) {
    if (known_.find(at.key()) == known_.end()) {
      // Texts stay hidden: under a mistyped name there may be a secret.
      const bool is_plain = at->is_boolean() || at->is_number();
      reject(shown(Json(at.key())), is_plain ? shown(at.value()) : "hidden", "no such field");
    }
  }
  if (!failed()) {
    return {};
  }
  if (failure != nullptr) {
    *failure = *failure_;
  }
  return base::Error(base::Errc::Malformed, what_ + ": " + failure_->text());
}

}  // namespace model
