#include "overlay/model/report.h"

#include "overlay/model/enrol.h"
#include "overlay/model/plain_text.h"

namespace model {

std::string report_problem(std::string_view text) {
  return plain_text(text, kReportProblemBytesMax);
}

std::string encode(const NodeReport& report) {
  nlohmann::ordered_json object{
      {"applied_epoch", report.applied_epoch},  {"applied_sequence", report.applied_sequence},
      {"state_hash", report.state_hash.text()}, {"up", report.up},
      {"agent_version", report.agent_version},  {"problems", report.problems}};
  if (report.first_ping_ms.has_value()) {
    object["first_ping_ms"] = *report.first_ping_ms;
  }
  if (report.gpus.has_value()) {
    object["gpus"] = gpus_json(*report.gpus);
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

base::Result<NodeReport> decode_node_report(std::string_view json, FieldFailure* failure) {
  const auto object = parse_json("report", json, kReportBytesMax);
  if (!object.ok()) {
    return object.error();
  }
  JsonReader reader("report", object.value());
  NodeReport report;
  report.applied_epoch = reader.number("applied_epoch", 0, kJsonNumberMax);
  report.applied_sequence = reader.number("applied_sequence", 0, kJsonNumberMax);
  report.state_hash = reader.parsed("state_hash", 64, StateHash::parse);
  report.up = reader.boolean("up");
  if (const auto first_ping = reader.optional_number("first_ping_ms", 0, 0xffffffffU)) {
    report.first_ping_ms = static_cast<std::uint32_t>(*first_ping);
  }
  report.agent_version = reader.text("agent_version", kVersionBytesMax);
  report.problems = reader.texts("problems", kReportProblemsMax, kReportProblemBytesMax);
  report.gpus = read_gpus(reader, "gpus");
  if (const auto status = reader.finish(failure); !status.ok()) {
    return status.error();
  }
  return report;
}

}  // namespace model
