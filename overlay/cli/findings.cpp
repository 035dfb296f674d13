#include "overlay/cli/findings.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "overlay/cli/output.h"

namespace cli {
namespace {

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Ok:
      return "ok";
    case Verdict::Warn:
      return "warn";
    case Verdict::Fail:
      return "FAIL";
  }
  return "";
}

std::size_t count_of(const Findings& findings, Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [verdict](const Finding& finding) { return finding.verdict == verdict; }));
}

}  // namespace

Finding ok(std::string subject, std::string text) {
  return {Verdict::Ok, std::move(subject), std::move(text), {}};
}
Finding warn(std::string subject, std::string text, std::string advice) {
  return {Verdict::Warn, std::move(subject), std::move(text), std::move(advice)};
}
Finding fail(std::string subject, std::string text, std::string advice) {
  return {Verdict::Fail, std::move(subject), std::move(text), std::move(advice)};
}

bool has_failure(const Findings& findings) {
  return count_of(findings, Verdict::Fail) > 0;
}

std::string format_findings(const Findings& findings) {
  Table table({"", "", ""});
  for (const Finding& finding : findings) {
    table.add({std::string(name_of(finding.verdict)), finding.subject, finding.text});
    if (!finding.advice.empty()) {
      table.add({"", "", "-> " + finding.advice});
    }
  }
  const auto failures = count_of(findings, Verdict::Fail);
  const auto warnings = count_of(findings, Verdict::Warn);
  std::string sum = "all is well";
  if (failures + warnings > 0) {
    sum = std::to_string(failures) + " failed, " + std::to_string(warnings) + " to look at";
  }
  return table.text() + sum + "\n";
}

std::string format_findings_json(const Findings& findings) {
  using Json = nlohmann::json;
  Json list = Json::array();
  for (const Finding& finding : findings) {
    const bool is_failure = finding.verdict == Verdict::Fail;
    list.push_back({{"verdict", is_failure ? std::string_view("fail") : name_of(finding.verdict)},
                    {"subject", finding.subject},
                    {"text", finding.text},
                    {"advice", finding.advice}});
  }
  const Json json = {{"ok", !has_failure(findings)}, {"findings", std::move(list)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cli
