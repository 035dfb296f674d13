#include "mirror/runtime/runtime_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/files.h"

namespace mirror {
namespace {

constexpr mode_t kHostsMode = 0644;  // read by containerd; nothing in it is secret
constexpr mode_t kStateMode = 0600;
constexpr mode_t kDirectoryMode = 0755;

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// The file's text, or nothing where there is none.
base::Result<std::optional<std::string>> read_if_there(const std::string& path,
                                                       std::size_t size_max) {
  auto text = loop::read_file(path, size_max);
  if (text.ok()) {
    return std::optional<std::string>(std::move(text).value());
  }
  if (text.error().code() == base::Errc::NotFound) {
    return std::optional<std::string>();
  }
  return text.error();
}

}  // namespace

base::Status RuntimeConfig::load() {
  const auto text = read_if_there(journal_path(), RuntimeJournal::kBytesMax);
  if (!text.ok()) {
    return text.error();
  }
  if (text.value()) {
    auto journal = parse_journal(*text.value());
    if (!journal.ok()) {
      return journal.error().within(journal_path());
    }
    journal_ = std::move(journal).value();
    return {};
  }
  std::array<std::uint8_t, 16> id{};
  random_.fill(id);
  journal_ = RuntimeJournal{};
  journal_.id = base::hex_encode(id);
  return {};
}

base::Status RuntimeConfig::save() {
  if (auto status = loop::make_directories(options_.state_directory, 0700); !status.ok()) {
    return status;
  }
  return loop::write_file_atomic(journal_path(), format_journal(journal_), kStateMode);
}

// containerd prefers the folder with underscores: whoever has one means it.
std::string RuntimeConfig::path_for(const Source& source) const {
  const HostsFolders folders = hosts_folders(source);
  if (!folders.with_underscores.empty()) {
    const std::string path =
        options_.certs_directory + "/" + folders.with_underscores + "/hosts.toml";
    if (loop::path_exists(path)) {
      return path;
    }
  }
  return options_.certs_directory + "/" + folders.plain + "/hosts.toml";
}

// Notes each missing directory before making it.
base::Status RuntimeConfig::make_directories(const std::string& path) {
  std::vector<std::string> missing;
  for (std::string at = path; !at.empty() && !loop::path_exists(at); at = folder_of(at)) {
    missing.push_back(at);
  }
  if (missing.empty()) {
    return {};
  }
  std::reverse(missing.begin(), missing.end());
  for (const std::string& directory : missing) {
    auto& known = journal_.directories;
    if (std::find(known.begin(), known.end(), directory) == known.end()) {
      known.push_back(directory);
    }
  }
  if (auto status = save(); !status.ok()) {
    return status;
  }
  return loop::make_directories(path, kDirectoryMode);
}

base::Result<RuntimeJournal::Backup> RuntimeConfig::back_up(const std::string& path,
                                                            const std::string& text) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return base::Error(base::Errc::Unavailable, "stat " + path + ": gone");
  }
  RuntimeJournal::Backup backup;
  backup.name = base::hex_encode(crypto::sha256(base::as_bytes(text)));
  backup.mode = info.st_mode & 07777U;
  backup.uid = info.st_uid;
  backup.gid = info.st_gid;
  if (auto status = loop::make_directories(options_.state_directory, 0700); !status.ok()) {
    return status.error();
  }
  if (auto status = loop::write_file_atomic(backup_path(backup), text, kStateMode); !status.ok()) {
    return status.error();
  }
  return backup;
}

base::Status RuntimeConfig::write_hosts(const std::string& path, const std::string& text,
                                        Report& report) {
  if (auto status = check_hosts_file(text, options_.proxy_url); !status.ok()) {
    return status.error().within(path);
  }
  if (auto status = make_directories(folder_of(path)); !status.ok()) {
    return status;
  }
  if (auto status = loop::write_file_atomic(path, text, kHostsMode); !status.ok()) {
    return status;
  }
  report.done.push_back("wrote " + path);
  return {};
}

base::Status RuntimeConfig::apply_one(const Source& source, Report& report) {
  const std::string path = path_for(source);
  const auto current = read_if_there(path, kHostsFileBytesMax);
  if (!current.ok()) {
    return current.error();
  }
  const auto mark = current.value() ? read_hosts_mark(*current.value()) : std::nullopt;
  if (mark && !mark->is_intact) {
    report.left.push_back(path + ": changed by hand since it was written");
    return {};
  }
  const auto entry = std::find_if(journal_.files.begin(), journal_.files.end(),
                                  [&](const auto& file) { return file.path == path; });
  RuntimeJournal::File file{source.name, path, {}};
  std::optional<std::string> foreign;
  if (mark && mark->id == journal_.id && entry != journal_.files.end()) {
    file.backup = entry->backup;
    auto backup = read_backup(file);
    if (!backup.ok()) {
      return backup.error();
    }
    foreign = std::move(backup).value();
  } else if (mark) {
    auto theirs = unmerge_hosts_file(*current.value(), source);
    if (!theirs.ok()) {
      report.left.push_back(path + ": in no journal here, and " + theirs.error().text());
      return {};
    }
    foreign = std::move(theirs).value();
  } else if (current.value()) {
    foreign = *current.value();  // an operator's file, met for the first time or put back by hand
  }
  const auto text = foreign ? merge_hosts_file(hosts_template(), *foreign)
                            : base::Result<std::string>(make_hosts_file(hosts_template(), source));
  if (!text.ok()) {
    report.left.push_back(path + ": " + text.error().text());
    return {};
  }
  if (current.value() && *current.value() == text.value() && entry != journal_.files.end()) {
    return {};
  }
  if (foreign && !file.backup) {
    auto backup = back_up(path, *foreign);
    if (!backup.ok()) {
      return backup.error();
    }
    file.backup = std::move(backup).value();
  }
  std::erase_if(journal_.files, [&](const auto& one) { return one.path == path; });
  journal_.files.push_back(file);
  if (auto status = save(); !status.ok()) {
    return status;
  }
  return write_hosts(path, text.value(), report);
}

base::Result<RuntimeConfig::Report> RuntimeConfig::apply(const std::vector<Source>& sources) {
  if (auto status = load(); !status.ok()) {
    return status.error();
  }
  Report report;
  for (const Source& source : sources) {
    if (auto status = apply_one(source, report); !status.ok()) {
      return status.error();
    }
  }
  const auto is_wanted = [&](const RuntimeJournal::File& file) {
    return std::any_of(sources.begin(), sources.end(),
                       [&](const Source& source) { return source.name == file.source; });
  };
  for (const RuntimeJournal::File& file : std::vector<RuntimeJournal::File>(journal_.files)) {
    if (is_wanted(file)) {
      continue;
    }
    if (auto status = undo(file, report); !status.ok()) {
      return status.error();
    }
    std::erase(journal_.files, file);
    if (auto status = save(); !status.ok()) {
      return status.error();
    }
  }
  return report;
}

base::Result<std::optional<std::string>> RuntimeConfig::read_backup(
    const RuntimeJournal::File& file) const {
  if (!file.backup) {
    return std::optional<std::string>();
  }
  auto text = loop::read_file(backup_path(*file.backup), kHostsFileBytesMax);
  if (!text.ok()) {
    return text.error();
  }
  return std::optional<std::string>(std::move(text).value());
}

// False for what was journalled but never written, or put back, or changed: that is theirs. A file
// with another installation's id is ours to undo only if undoing loses nothing: it was to be
// replaced by one of ours, and what it holds of the operator's is in the backup.
bool RuntimeConfig::is_as_written(const RuntimeJournal::File& file, const std::string& text) const {
  const auto mark = read_hosts_mark(text);
  if (!mark || !mark->is_intact || mark->id == journal_.id) {
    return mark && mark->is_intact;
  }
  const auto theirs = unmerge_hosts_file(text, {file.source, false});
  const auto backup = read_backup(file);
  return theirs.ok() && backup.ok() && theirs.value() == backup.value();
}

base::Status RuntimeConfig::undo(const RuntimeJournal::File& file, Report& report) {
  const auto current = read_if_there(file.path, kHostsFileBytesMax);
  if (!current.ok()) {
    return current.error();
  }
  if (!current.value()) {
    return {};  // somebody was faster
  }
  if (!is_as_written(file, *current.value())) {
    report.left.push_back(file.path + ": not as it was written");
    return {};
  }
  if (!file.backup) {
    report.done.push_back("removed " + file.path);
    return loop::remove_file(file.path);
  }
  const auto backup = read_backup(file);
  if (!backup.ok()) {
    return backup.error();
  }
  const auto mode = static_cast<mode_t>(file.backup->mode);
  if (auto status = loop::write_file_atomic(file.path, *backup.value(), mode); !status.ok()) {
    return status;
  }
  if (chown(file.path.c_str(), file.backup->uid, file.backup->gid) != 0) {
    report.left.push_back(file.path + ": restored, but its owner could not be");
  }
  report.done.push_back("restored " + file.path);
  return {};
}

void RuntimeConfig::remove_directories(Report& report) {
  // Inner before outer; what others have put something into stays.
  for (auto at = journal_.directories.rbegin(); at != journal_.directories.rend(); ++at) {
    if (rmdir(at->c_str()) == 0) {
      report.done.push_back("removed " + *at);
    }
  }
}

base::Result<RuntimeConfig::Report> RuntimeConfig::remove() {
  if (!loop::path_exists(journal_path())) {
    return Report{};
  }
  if (auto status = load(); !status.ok()) {
    return status.error();
  }
  Report report;
  for (const RuntimeJournal::File& file : journal_.files) {
    if (auto status = undo(file, report); !status.ok()) {
      return status.error();
    }
  }
  remove_directories(report);
  for (const RuntimeJournal::File& file : journal_.files) {
    if (file.backup) {
      if (auto status = loop::remove_file(backup_path(*file.backup)); !status.ok()) {
        return status.error();
      }
    }
  }
  if (auto status = loop::remove_file(journal_path()); !status.ok()) {
    return status.error();
  }
  rmdir(options_.state_directory.c_str());  // stays where somebody keeps something else in it
  return report;
}

}  // namespace mirror
