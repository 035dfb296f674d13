#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "coordinator/server/api.h"
#include "coordinator/server/embedded.h"

namespace coordinator {
namespace {

nlohmann::json document() {
  return nlohmann::json::parse(openapi_document(), nullptr, false);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string_view scheme_of(Access access) {
  switch (access) {
    case Access::Public:
      return "";
    case Access::Local:
    case Access::Viewer:
      return "viewer";
    case Access::Operator:
      return "operator";
    case Access::Admin:
      return "admin";
    case Access::Enrolee:
    case Access::Node:
      return "nodeSignature";
  }
  return "";
}

TEST(OpenapiTest, DocumentSaysExactlyTheRoutesThatThereAre) {
  std::set<std::string> written;
  const nlohmann::json paths = document()["paths"];
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [method, operation] : operations.items()) {
      written.insert(method + " " + path);
    }
  }
  std::set<std::string> served;
  for (const auto& route : Api::routes()) {
    served.insert(lower(route.method) + " " + std::string(route.pattern));
  }

  EXPECT_EQ(written, served);
}

TEST(OpenapiTest, EveryOperationSaysWhoMayAsk) {
  const nlohmann::json all = document();
  for (const auto& route : Api::routes()) {
    const auto& security =
        all["paths"][std::string(route.pattern)][lower(route.method)]["security"];
    const std::string text = security.dump();
    EXPECT_NE(text.find(scheme_of(route.access)), std::string::npos)
        << route.method << " " << route.pattern << ": " << text;
    EXPECT_EQ(route.access == Access::Public, security.empty()) << route.pattern;
  }
}

TEST(OpenapiTest, OperationsHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  const nlohmann::json paths = document()["paths"];
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [method, operation] : operations.items()) {
      EXPECT_TRUE(names.insert(operation["operationId"].get<std::string>()).second)
          << operation["operationId"];
    }
  }
}

void check_references(const nlohmann::json& all, const nlohmann::json& part) {
  if (part.is_object() && part.contains("$ref")) {
    const std::string reference = part["$ref"].get<std::string>();
    ASSERT_EQ(reference.substr(0, 2), "#/");
    EXPECT_TRUE(all.contains(nlohmann::json::json_pointer(reference.substr(1)))) << reference;
  }
  for (const auto& child : part) {
    if (child.is_structured()) {
      check_references(all, child);
    }
  }
}

TEST(OpenapiTest, ReferencesLeadSomewhere) {
  const nlohmann::json all = document();
  ASSERT_TRUE(all.is_object());
  EXPECT_EQ(all["openapi"], "3.1.0");
  check_references(all, all);
}

}  // namespace
}  // namespace coordinator
