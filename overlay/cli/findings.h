// What `linkspan doctor` found: one line a check, worst first in the exit code, in order in the
// output.
#pragma once

#include <string>
#include <vector>

namespace cli {

enum class Verdict { Ok, Warn, Fail };

struct Finding {
  Verdict verdict = Verdict::Ok;
  std::string subject;  // "wireguard"
  std::string text;     // what is so
  std::string advice;   // what to do about it; empty when nothing is to be done

  friend bool operator==(const Finding&, const Finding&) = default;
};

using Findings = std::vector<Finding>;

Finding ok(std::string subject, std::string text);
Finding warn(std::string subject, std::string text, std::string advice);
Finding fail(std::string subject, std::string text, std::string advice);

// One line a finding, advice indented below it, and a line that sums up.
std::string format_findings(const Findings& findings);
// {"findings": [{"verdict", "subject", "text", "advice"}], "ok": bool}
std::string format_findings_json(const Findings& findings);
bool has_failure(const Findings& findings);

}  // namespace cli
