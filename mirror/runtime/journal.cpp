#include "mirror/runtime/journal.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "mirror/oci/json_depth.h"

namespace mirror {
namespace {

using nlohmann::json;

constexpr std::size_t kDepthMax = 6;

base::Error malformed(const std::string& where, const std::string& expected) {
  return {base::Errc::Malformed, "journal: " + where + ", expected " + expected};
}

std::string text_of(const json& object, const char* field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::uint32_t number_of(const json& object, const char* field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint32_t>() : 0;
}

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

base::Result<RuntimeJournal::File> read_file_entry(const json& object, const std::string& where) {
  if (!object.is_object()) {
    return malformed(where, "an object");
  }
  RuntimeJournal::File file{text_of(object, "source"), text_of(object, "path"), {}};
  if (file.source.empty() || !file.path.starts_with('/')) {
    return malformed(where, "a source and an absolute path");
  }
  if (const auto backup = object.find("backup"); backup != object.end() && backup->is_object()) {
    file.backup = RuntimeJournal::Backup{text_of(*backup, "name"), number_of(*backup, "mode"),
                                         number_of(*backup, "uid"), number_of(*backup, "gid")};
    if (!is_hex(file.backup->name, 64)) {
      return malformed(where + ".backup.name", "64 hex digits");
    }
  }
  return file;
}

}  // namespace

std::string format_journal(const RuntimeJournal& journal) {
  json files = json::array();
  for (const auto& file : journal.files) {
    json entry = {{"source", file.source}, {"path", file.path}};
    if (file.backup) {
      entry["backup"] = {{"name", file.backup->name},
                         {"mode", file.backup->mode},
                         {"uid", file.backup->uid},
                         {"gid", file.backup->gid}};
    }
    files.push_back(std::move(entry));
  }
  const json document = {
      {"format", 1}, {"id", journal.id}, {"files", files}, {"directories", journal.directories}};
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

base::Result<RuntimeJournal> parse_journal(std::string_view text) {
  if (text.size() > RuntimeJournal::kBytesMax || json_depth(text) > kDepthMax) {
    return base::Error(base::Errc::LimitExceeded, "journal: " + std::to_string(text.size()) +
                                                      " bytes, expected at most 1 MiB, 6 deep");
  }
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || number_of(document, "format") != 1) {
    return malformed("format", "1");
  }
  RuntimeJournal journal;
  journal.id = text_of(document, "id");
  if (!is_hex(journal.id, 32)) {
    return malformed("id", "32 hex digits");
  }
  const auto files = document.find("files");
  if (files == document.end() || !files->is_array() || files->size() > RuntimeJournal::kFilesMax) {
    return malformed("files", "a list of at most 4096");
  }
  for (std::size_t i = 0; i < files->size(); ++i) {
    auto file = read_file_entry((*files)[i], "files[" + std::to_string(i) + "]");
    if (!file.ok()) {
      return file.error();
    }
    journal.files.push_back(std::move(file).value());
  }
  const auto directories = document.find("directories");
  if (directories == document.end() || !directories->is_array()) {
    return malformed("directories", "a list");
  }
  for (const json& directory : *directories) {
    if (!directory.is_string() || !directory.get_ref<const std::string&>().starts_with('/')) {
      return malformed("directories", "absolute paths");
    }
    journal.directories.push_back(directory.get<std::string>());
  }
  return journal;
}

}  // namespace mirror
