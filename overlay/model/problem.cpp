#include "overlay/model/problem.h"

#include <nlohmann/json.hpp>

#include "overlay/model/json_reader.h"

namespace model {
namespace {

using Json = nlohmann::json;

std::string text_in(const Json& object, const char* field, std::string fallback) {
  const auto at = object.find(field);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::move(fallback);
}

std::optional<std::string> optional_text_in(const Json& object, const char* field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_string() ? std::optional(at->get<std::string>())
                                               : std::nullopt;
}

}  // namespace

std::string encode(const Problem& problem) {
  // In the order in which a person reads it.
  nlohmann::ordered_json object{{"type", problem.type},
                                {"title", problem.title},
                                {"status", problem.status},
                                {"detail", problem.detail}};
  if (problem.field.has_value()) {
    object["field"] = *problem.field;
  }
  if (problem.value.has_value()) {
    object["value"] = *problem.value;
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

base::Result<Problem> decode_problem(std::string_view json) {
  const auto object = parse_json("problem", json, kProblemBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  Problem problem;
  const auto status = object.value().find("status");
  problem.status = status != object.value().end() && status->is_number_unsigned() &&
                           status->get<std::uint64_t>() < 1000
                       ? status->get<int>()
                       : 0;
  problem.type = text_in(object.value(), "type", "about:blank");
  problem.title = text_in(object.value(), "title", "");
  problem.detail = text_in(object.value(), "detail", "");
  problem.field = optional_text_in(object.value(), "field");
  problem.value = optional_text_in(object.value(), "value");
  return problem;
}

}  // namespace model
