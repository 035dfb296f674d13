#include "overlay/cli/admin_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "overlay/cli/gpus_text.h"
#include "overlay/cli/output.h"
#include "overlay/cli/status_text.h"
#include "overlay/model/json_reader.h"
#include "overlay/model/problem.h"

namespace cli {
namespace {

using nlohmann::json;

enum class Shape { Plain, Time, Distance, YesNo };

struct Column {
  const char* header;  // of the table
  const char* field;   // of the JSON
  Shape shape = Shape::Plain;
};

std::vector<Column> columns_of(Kind kind) {
  switch (kind) {
    case Kind::Network:
      return {{"NAME", "name"},         {"ID", "id"},   {"TOPOLOGY", "topology"},
              {"PREFIXES", "prefixes"}, {"MTU", "mtu"}, {"SITES", "sites"},
              {"NODES", "nodes"}};
    case Kind::Site:
      return {{"NAME", "name"},         {"ID", "id"},
              {"NETWORK", "network"},   {"PREFIXES", "prefixes"},
              {"NODES", "nodes"},       {"GATEWAYS", "gateways"},
              {"REPLICAS", "replicas"}, {"LAN NATIVE", "lan_native", Shape::YesNo}};
    case Kind::Token:
      return {{"ID", "id"},
              {"NETWORK", "network"},
              {"SITE", "site"},
              {"ROLE", "role"},
              {"USES LEFT", "uses_left"},
              {"USES", "uses"},
              {"STATE", "state"},
              {"EXPIRES", "expires_at_ms", Shape::Distance}};
    case Kind::Node:
      return {{"NAME", "name"},           {"ID", "id"},
              {"NETWORK", "network"},     {"SITE", "site"},
              {"ROLE", "role"},           {"STATE", "state"},
              {"ADDRESSES", "addresses"}, {"SEEN", "last_seen_ms", Shape::Distance}};
    case Kind::Replica:
      return {{"ID", "id"},
              {"NETWORK", "network"},
              {"SITE", "site"},
              {"URL", "url"},
              {"SOURCES", "sources"}};
    case Kind::ApiKey:
      return {{"NAME", "name"},
              {"ID", "id"},
              {"ROLE", "role"},
              {"CREATED", "created_at_ms", Shape::Time}};
    case Kind::Audit:
      return {{"WHEN (UTC)", "at_ms", Shape::Time},
              {"ACTOR", "actor"},
              {"FROM", "remote"},
              {"ACTION", "action"},
              {"TARGET", "target"}};
  }
  return {};
}

std::string plain(const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_number_integer()) {
    return value.dump();
  }
  if (value.is_boolean()) {
    return value.get<bool>() ? "yes" : "no";
  }
  std::string text;
  if (value.is_array()) {
    for (const json& one : value) {
      text += (text.empty() ? "" : " ") + plain(one);
    }
  } else if (value.is_object()) {
    for (const auto& [name, one] : value.items()) {
      text += (text.empty() ? "" : " ") + name + "=" + plain(one);
    }
  }
  return text.empty() ? "-" : text;
}

const json& field_of(const json& item, const char* field) {
  static const json kNone;
  const auto found = item.is_object() ? item.find(field) : item.end();
  return found == item.end() ? kNone : *found;
}

// A point in time of this age; nothing for other numbers, which the calendar cannot show.
std::optional<base::WallTime> time_of(const json& value) {
  constexpr std::uint64_t kLatestMs = 253'402'300'799'999;  // 9999-12-31
  const bool is_negative =
      !value.is_number_unsigned() && value.is_number_integer() && value.get<std::int64_t>() < 0;
  if (!value.is_number_integer() || is_negative || value.get<std::uint64_t>() > kLatestMs) {
    return std::nullopt;
  }
  return base::WallTime{value.get<std::int64_t>()};
}

std::string cell(const json& item, const Column& column, base::WallTime now) {
  const json& value = field_of(item, column.field);
  const auto at = time_of(value);
  if (at && column.shape == Shape::Time) {
    return format_time(*at);
  }
  return at && column.shape == Shape::Distance ? format_distance(*at, now) : plain(value);
}

// What a node's GPUs are, in a line; what is not of that form as it is.
std::string gpus_of(const json& node) {
  constexpr const char* kField = "gpus";
  model::JsonReader reader("node", node);
  const auto gpus = model::read_gpus(reader, kField);
  return gpus ? format_gpu_line(*gpus) : plain(field_of(node, kField));
}

std::string text_of(const json& item, const char* field) {
  return printable(plain(field_of(item, field)));
}

std::string plural_of(Kind kind) {
  return kind == Kind::Audit ? "audit entries" : std::string(names_of(kind).singular) + "s";
}

// "created_at_ms" -> "created at".
std::string label_of(std::string name, bool is_time) {
  if (is_time) {
    name.resize(name.size() - std::string_view("_ms").size());
  }
  for (char& c : name) {
    c = c == '_' ? ' ' : c;
  }
  return name;
}

bool names_point_in_time(const std::string& name) {
  return name.ends_with("_at_ms") || name == "at_ms" || name == "last_seen_ms";
}

std::string created_token(const json& item, base::WallTime now) {
  const json& uses = field_of(item, "uses");
  const json& expires = field_of(item, "expires_at_ms");
  std::string text = "token " + text_of(item, "id") + " for site " + text_of(item, "site") +
                     " of network " + text_of(item, "network") + ", role " + text_of(item, "role") +
                     ": " + text_of(item, "uses") + (uses == 1 ? " use" : " uses");
  if (const auto at = time_of(expires)) {
    text += ", expires " + format_distance(*at, now) + " (" + format_time(*at) + " UTC)";
  }
  return text +
         "\n\nRun on each server, as root. It holds the secret and is not shown again:\n\n  " +
         text_of(item, "join_line") + "\n";
}

std::string created_key(const json& item) {
  return "API key " + text_of(item, "name") + ", id " + text_of(item, "id") + ", role " +
         text_of(item, "role") +
         "\n\nKeep it in a file that nobody else can read (mode 0600); it is not shown again:\n\n "
         " " +
         text_of(item, "key") + "\n";
}

}  // namespace

base::Result<json> decode_answer(const std::string& body) {
  if (body.empty()) {
    return json();
  }
  auto answer = model::parse_json("the answer", body, kAnswerBytesMax);
  if (!answer.ok()) {
    return base::Error(answer.error().code(),
                       answer.error().text() + "; is this a Linkspan coordinator?");
  }
  return answer;
}

std::string format_time(base::WallTime at) {
  using std::chrono::days;
  const std::chrono::sys_time<std::chrono::milliseconds> point{
      std::chrono::milliseconds(at.unix_ms)};
  const auto day = std::chrono::floor<days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(point - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return text.data();
}

std::string format_distance(base::WallTime at, base::WallTime now) {
  // A far year would not fit the nanoseconds of a Duration; beyond a century nobody counts days.
  constexpr std::int64_t kFarMs = std::int64_t{100} * 365 * 24 * 3600 * 1000;
  const std::int64_t away_ms = std::clamp(at.unix_ms - now.unix_ms, -kFarMs, kFarMs);
  // Half a second is what the answer took, not what the token lost: "in 24 h", not "in 23 h".
  constexpr std::int64_t kSlackMs = 999;
  return away_ms > 0 ? "in " + format_age(std::chrono::milliseconds(away_ms + kSlackMs))
                     : format_age(std::chrono::milliseconds(-away_ms)) + " ago";
}

std::string format_list(Kind kind, const std::vector<json>& items, base::WallTime now) {
  if (items.empty()) {
    return "no " + plural_of(kind) + "\n";
  }
  const std::vector<Column> columns = columns_of(kind);
  std::vector<std::string> header;
  for (const Column& column : columns) {
    header.emplace_back(column.header);
  }
  Table table(std::move(header));
  for (const json& item : items) {
    std::vector<std::string> row;
    for (const Column& column : columns) {
      row.push_back(cell(item, column, now));
    }
    table.add(std::move(row));
  }
  return table.text();
}

std::string format_one(Kind kind, const json& item, base::WallTime now) {
  Table table({"", ""});
  std::vector<std::string> shown;
  const auto add = [&](const std::string& name, const json& value) {
    const bool is_time = names_point_in_time(name);
    std::string text = plain(value);
    if (const auto at = time_of(value); at && is_time) {
      text = format_time(*at) + " UTC, " + format_distance(*at, now);
    }
    if (kind == Kind::Node && name == "gpus") {
      text = gpus_of(item);
    }
    table.add({label_of(name, is_time), std::move(text)});
    shown.push_back(name);
  };
  for (const Column& column : columns_of(kind)) {  // the important ones first, in their order
    add(column.field, field_of(item, column.field));
  }
  if (item.is_object()) {
    for (const auto& [name, value] : item.items()) {
      if (std::find(shown.begin(), shown.end(), name) == shown.end()) {
        add(name, value);
      }
    }
  }
  return table.text();
}

std::string format_created(Kind kind, const json& item, base::WallTime now) {
  switch (kind) {
    case Kind::Token:
      return created_token(item, now);
    case Kind::ApiKey:
      return created_key(item);
    case Kind::Replica:
      return "replica " + text_of(item, "id") + " at " + text_of(item, "url") + " serves site " +
             text_of(item, "site") + " with " + text_of(item, "sources") + "\n";
    case Kind::Network:
    case Kind::Site:
    case Kind::Node:
    case Kind::Audit:
      break;
  }
  return std::string(names_of(kind).singular) + " " + text_of(item, "name") + ", id " +
         text_of(item, "id") + ", " + text_of(item, "prefixes") + "\n";
}

base::Error api_error(int status, const std::string& body) {
  const auto code = status == 401 || status == 403 ? base::Errc::Unauthenticated
                    : status == 404                ? base::Errc::NotFound
                    : status == 409                ? base::Errc::Conflict
                    : status >= 500                ? base::Errc::Unavailable
                                                   : base::Errc::Malformed;
  const auto problem = model::decode_problem(body);
  const std::string number = "HTTP status " + std::to_string(status);
  if (!problem.ok()) {
    return {code, "the coordinator answered with " + number};
  }
  std::string text =
      problem.value().detail.empty() ? problem.value().title : problem.value().detail;
  if (text.empty()) {
    text = "the coordinator refused, " + number;
  }
  // Who may not ask knows by the sentence; the header's name adds nothing.
  const bool is_about_key = code == base::Errc::Unauthenticated;
  const std::string field = is_about_key ? "" : problem.value().field.value_or("");
  const std::string value = problem.value().value.value_or("");
  const bool has_field = field.empty() || text.find(field) != std::string::npos;
  const bool has_value = value.empty() || text.find(value) != std::string::npos;
  if (!has_field || !has_value) {
    text += " (" + field + (value.empty() || has_value ? "" : (field.empty() ? "" : ": ") + value) +
            ")";
  }
  return {code, printable(text)};
}

}  // namespace cli
