#include "overlay/device/journal.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "overlay/base/check.h"
#include "overlay/loop/files.h"

namespace device {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr mode_t kMode = 0600;

struct MadeName {
  Made made;
  std::string_view name;
};
constexpr std::array<MadeName, 5> kMadeNames{{{Made::Interface, "interface"},
                                              {Made::Rule, "rule"},
                                              {Made::RouteTable, "route_table"},
                                              {Made::Firewall, "firewall"},
                                              {Made::Sysctl, "sysctl"}}};

std::string_view name_of(Made made) {
  const auto* found = std::ranges::find(kMadeNames, made, &MadeName::made);
  CHECK(found != kMadeNames.end());
  return found->name;
}

base::Error malformed(const std::string& text) {
  return base::Error(base::Errc::Malformed, "journal: " + text);
}

base::Result<JournalEntry> read_entry(const Json& object, const std::string& where) {
  if (!object.is_object()) {
    return malformed(where + ": expected an object");
  }
  JournalEntry entry;
  bool has_made = false;
  bool has_name = false;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) {
      return base::Error(base::Errc::Malformed, "expected text")
          .within(key)
          .within(where)
          .within("journal");
    }
    auto text = value.get<std::string>();
    if (key == "made") {
      const auto* found = std::ranges::find(kMadeNames, text, &MadeName::name);
      if (found == kMadeNames.end()) {
        return malformed(where + ": made: unknown kind");
      }
      entry.made = found->made;
      has_made = true;
    } else if (key == "name") {
      entry.name = text;
      has_name = !text.empty();
    } else if (key == "former") {
      entry.former = text;
    } else {
      return malformed(where + ": unknown field");
    }
  }
  if (!has_made || !has_name) {
    return malformed(where + ": " + (has_made ? "name" : "made") + ": missing");
  }
  return entry;
}

}  // namespace

std::string encode_journal(const std::vector<JournalEntry>& entries) {
  Json list = Json::array();
  for (const auto& entry : entries) {
    Json object{{"made", name_of(entry.made)}, {"name", entry.name}};
    if (entry.former.has_value()) {
      object["former"] = *entry.former;
    }
    list.push_back(std::move(object));
  }
  const Json document{{"format", kFormat}, {"entries", std::move(list)}};
  // A name that is not UTF-8 loses bytes; that is better than a lost journal.
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<std::vector<JournalEntry>> decode_journal(std::string_view text) {
  if (text.size() > kJournalBytesMax) {
    return base::Error(base::Errc::LimitExceeded, "journal: " + std::to_string(text.size()) +
                                                      " bytes, at most " +
                                                      std::to_string(kJournalBytesMax));
  }
  const auto document = Json::parse(text, nullptr, false);
  if (!document.is_object()) {
    return malformed("expected a JSON object");
  }
  const auto format = document.find("format");
  if (format == document.end() || *format != kFormat) {
    return malformed("format: expected " + std::to_string(kFormat));
  }
  const auto list = document.find("entries");
  if (list == document.end() || !list->is_array() || document.size() != 2) {
    return malformed("entries: expected a list and nothing else");
  }
  if (list->size() > kJournalEntriesMax) {
    return base::Error(base::Errc::LimitExceeded, "journal: " + std::to_string(list->size()) +
                                                      " entries, at most " +
                                                      std::to_string(kJournalEntriesMax));
  }
  std::vector<JournalEntry> entries;
  for (const auto& object : *list) {
    auto entry = read_entry(object, "entries[" + std::to_string(entries.size()) + "]");
    if (!entry.ok()) {
      return entry.error();
    }
    entries.push_back(std::move(entry).value());
  }
  return entries;
}

base::Result<Journal> Journal::open(std::string path) {
  auto text = loop::read_file(path, kJournalBytesMax);
  if (!text.ok()) {
    if (text.error().code() == base::Errc::NotFound) {
      return Journal(std::move(path), {});
    }
    return text.error();
  }
  auto entries = decode_journal(text.value());
  if (!entries.ok()) {
    return entries.error().within(path);
  }
  return Journal(std::move(path), std::move(entries).value());
}

const JournalEntry* Journal::find(Made made, std::string_view name) const {
  const auto found = std::ranges::find_if(entries_, [&](const JournalEntry& entry) {
    return entry.made == made && entry.name == name;
  });
  return found == entries_.end() ? nullptr : &*found;
}

base::Status Journal::add(std::span<const JournalEntry> entries) {
  auto next = entries_;
  for (const auto& entry : entries) {
    const bool is_known = std::ranges::any_of(next, [&](const JournalEntry& known) {
      return known.made == entry.made && known.name == entry.name;
    });
    if (!is_known) {
      next.push_back(entry);
    }
  }
  return next.size() == entries_.size() ? base::Status() : store(std::move(next));
}

base::Status Journal::remove(Made made, std::string_view name) {
  auto next = entries_;
  std::erase_if(
      next, [&](const JournalEntry& entry) { return entry.made == made && entry.name == name; });
  return next.size() == entries_.size() ? base::Status() : store(std::move(next));
}

base::Status Journal::store(std::vector<JournalEntry> entries) {
  if (entries.size() > kJournalEntriesMax) {
    return base::Error(
        base::Errc::LimitExceeded,
        "journal " + path_ + ": over " + std::to_string(kJournalEntriesMax) + " entries");
  }
  auto status = entries.empty() ? loop::remove_file(path_)
                                : loop::write_file_atomic(path_, encode_journal(entries), kMode);
  if (status.ok()) {
    entries_ = std::move(entries);
  }
  return status;
}

}  // namespace device
