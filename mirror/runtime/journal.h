#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace mirror {

// What was changed on this host, written down before it is changed, so that it can be undone
// whatever happens in between.
struct RuntimeJournal {
  static constexpr std::size_t kBytesMax = 1 << 20;
  static constexpr std::size_t kFilesMax = 4096;

  // A file that was there before: its content lies beside the journal under `name`.
  struct Backup {
    std::string name;  // the SHA-256 of the content, in hex
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;

    friend bool operator==(const Backup&, const Backup&) = default;
  };
  struct File {
    std::string source;  // "images.lab:5000"
    std::string path;
    std::optional<Backup> backup;

    friend bool operator==(const File&, const File&) = default;
  };

  std::string id;  // of this installation, 32 hex digits
  std::vector<File> files;
  std::vector<std::string> directories;  // made by us, outer before inner

  friend bool operator==(const RuntimeJournal&, const RuntimeJournal&) = default;
};

std::string format_journal(const RuntimeJournal& journal);
// Errors: Malformed with the field; LimitExceeded above the limits.
base::Result<RuntimeJournal> parse_journal(std::string_view text);

}  // namespace mirror
