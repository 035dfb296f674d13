#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mirror/oci/reference.h"
#include "mirror/runtime/hosts_file.h"
#include "mirror/runtime/journal.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"

namespace mirror {

// Tells containerd to ask the loopback proxy first, by <certs>/<source>/hosts.toml, and undoes it.
//
// Rules: a file that was there is backed up and gets our host in front; `remove` puts back its
// bytes, mode and owner. A file of ours that somebody changed is left alone and reported. A file
// that another installation wrote, or this one before it lost its journal, is taken apart: what is
// not ours in it is the operator's, and backed up. Files are replaced atomically and parsed before
// that, because containerd answers one bad character by ignoring all mirrors in silence. Everything
// is journalled before it happens; both operations may be repeated, and what removes nothing of
// others needs no network and no proxy.
//
// containerd reads these files at every pull: no restart is needed, and none is done.
class RuntimeConfig {
 public:
  struct Options {
    std::string state_directory = "/var/lib/linkspan/mirror-runtime";
    std::string certs_directory = "/etc/containerd/certs.d";
    std::string proxy_url = "http://127.0.0.1:7755";
  };

  struct Report {
    std::vector<std::string> done;  // "wrote /etc/containerd/certs.d/docker.io/hosts.toml"
    std::vector<std::string> left;  // what was not touched, and why
  };

  // Keeps a reference to `random` (for the installation's id). Blocks: a command's work.
  RuntimeConfig(Options options, base::RandomSource& random)
      : options_(std::move(options)), random_(random) {}

  // Makes the files say `sources` and nothing more; those of other sources that we wrote go.
  // Errors: from the file system; what was done until then is in the journal.
  base::Result<Report> apply(const std::vector<Source>& sources);

  // Undoes everything. Ok if nothing was ever done.
  base::Result<Report> remove();

 private:
  base::Status load();
  base::Status save();
  base::Status apply_one(const Source& source, Report& report);
  bool is_as_written(const RuntimeJournal::File& file, const std::string& text) const;
  base::Result<std::optional<std::string>> read_backup(const RuntimeJournal::File& file) const;
  base::Status undo(const RuntimeJournal::File& file, Report& report);
  base::Status write_hosts(const std::string& path, const std::string& text, Report& report);
  base::Status make_directories(const std::string& path);
  base::Result<RuntimeJournal::Backup> back_up(const std::string& path, const std::string& text);
  void remove_directories(Report& report);
  std::string path_for(const Source& source) const;
  std::string journal_path() const { return options_.state_directory + "/journal.json"; }
  std::string backup_path(const RuntimeJournal::Backup& backup) const {
    return options_.state_directory + "/" + backup.name;
  }
  HostsTemplate hosts_template() const { return {journal_.id, options_.proxy_url}; }

  Options options_;
  base::RandomSource& random_;
  RuntimeJournal journal_;
};

}  // namespace mirror
