#include "mirror/select/explain.h"

#include <chrono>

#include <nlohmann/json.hpp>

namespace mirror {
namespace {

using nlohmann::json;

json in_ms(const std::optional<base::Duration>& span) {
  if (!span) {
    return nullptr;
  }
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(*span).count();
  return static_cast<double>(us) / 1000.0;
}

json replica_json(const Selector::Report& report) {
  json sources = json::array();
  for (const Source& source : report.replica->sources) {
    sources.push_back(source.name);
  }
  json out = {{"id", report.replica->id.value},
              {"site", report.replica->site},
              {"url", report.replica->url},
              {"sources", sources},
              {"health", std::string(mirror::name_of(report.health))},
              {"last_failure", report.last_failure},
              {"latency_ms", in_ms(report.lowest)},
              {"latency_smoothed_ms", in_ms(report.smoothed)},
              {"throughput_bytes_per_s", nullptr}};
  if (report.throughput_bytes_per_s) {
    out["throughput_bytes_per_s"] = *report.throughput_bytes_per_s;
  }
  return out;
}

json source_json(const Selector& selector, const std::string& source, base::TimePoint now) {
  json candidates = json::array();
  json refused = json::array();
  Selector copy = selector;  // choose() books trials; explaining must not
  const Choice choice = copy.choose({source, "", false, {}}, now);
  for (const Candidate& candidate : choice.candidates) {
    candidates.push_back({{"replica", candidate.id.value}, {"reason", candidate.reason}});
  }
  for (const Candidate& candidate : choice.refused) {
    refused.push_back({{"replica", candidate.id.value}, {"reason", candidate.reason}});
  }
  json preferred = nullptr;
  if (const auto id = selector.preferred(source)) {
    preferred = id->value;
  }
  return {{"source", source},
          {"preferred", preferred},
          {"candidates", candidates},
          {"refused", refused}};
}

std::string text_of(const json& object, const char* field) {
  const auto at = object.find(field);
  if (at == object.end() || at->is_null()) {
    return "-";
  }
  return at->is_string() ? at->get<std::string>() : at->dump();
}

void add_reasons(std::string& out, const json& source, const char* field, const char* mark) {
  const auto list = source.find(field);
  if (list == source.end() || !list->is_array()) {
    return;
  }
  for (const json& entry : *list) {
    out += std::string("  ") + mark + " replica " + text_of(entry, "replica") + ": " +
           text_of(entry, "reason") + "\n";
  }
}

}  // namespace

std::string explain_json(const Selector& selector, base::TimePoint now) {
  json replicas = json::array();
  for (const Selector::Report& report : selector.report(now)) {
    replicas.push_back(replica_json(report));
  }
  json sources = json::array();
  for (const Source& source : selector.site_map().sources()) {
    sources.push_back(source_json(selector, source.name, now));
  }
  json switches = json::array();
  for (const Switch& one : selector.switches()) {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - one.at).count();
    json from = nullptr;
    if (one.from) {
      from = one.from->value;
    }
    switches.push_back({{"age_ms", age},
                        {"source", one.source},
                        {"from", from},
                        {"to", one.to.value},
                        {"why", one.why}});
  }
  const json out = {{"site", selector.site_map().site},
                    {"node", selector.site_map().node},
                    {"replicas", replicas},
                    {"sources", sources},
                    {"switches", switches}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string explain_text(const std::string& json_text) {
  const json document = json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("replicas") || !document["replicas"].is_array() ||
      !document.contains("sources") || !document["sources"].is_array()) {
    return json_text;
  }
  std::string out =
      "site " + text_of(document, "site") + ", node " + text_of(document, "node") + "\n";
  for (const json& replica : document["replicas"]) {
    out += "replica " + text_of(replica, "id") + "  " + text_of(replica, "url") + "  site " +
           text_of(replica, "site") + "  " + text_of(replica, "health") + "  " +
           text_of(replica, "latency_ms") + " ms\n";
  }
  for (const json& source : document["sources"]) {
    out +=
        "source " + text_of(source, "source") + ": replica " + text_of(source, "preferred") + "\n";
    add_reasons(out, source, "candidates", "+");
    add_reasons(out, source, "refused", "-");
  }
  for (const json& one : document.value("switches", json::array())) {
    out += "switch " + text_of(one, "age_ms") + " ms ago, " + text_of(one, "source") +
           ": replica " + text_of(one, "from") + " -> " + text_of(one, "to") + ", " +
           text_of(one, "why") + "\n";
  }
  return out;
}

}  // namespace mirror
