// What we made on this host, so that leaving takes away exactly that.
//
// An entry is on disk before the thing is made: after a crash the journal may name something that
// was never made (undo then finds nothing, which is fine), never the other way round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/base/result.h"

namespace device {

enum class Made : std::uint8_t {
  Interface,   // name: "ls0"
  Rule,        // name: "4" or "6"
  RouteTable,  // name: "7750"; its routes are not named one by one
  Firewall,    // name: "linkspan"
  Sysctl,      // name: the key; former: its value before
};

struct JournalEntry {
  Made made = Made::Interface;
  std::string name;
  std::optional<std::string> former;

  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

inline constexpr std::size_t kJournalEntriesMax = 4096;
inline constexpr std::size_t kJournalBytesMax = std::size_t{4} << 20;

// JSON. Pure. decode(encode(x)) == x for names in UTF-8.
std::string encode_journal(const std::vector<JournalEntry>& entries);
// Errors: Malformed ("journal: entries[3]: made: ..."), LimitExceeded.
base::Result<std::vector<JournalEntry>> decode_journal(std::string_view text);

class Journal {
 public:
  // Reads the file, or starts empty when there is none. Errors: the file cannot be read or decoded.
  static base::Result<Journal> open(std::string path);

  // Oldest first.
  const std::vector<JournalEntry>& entries() const { return entries_; }
  const JournalEntry* find(Made made, std::string_view name) const;

  // Durable when it returns. An entry of the same kind and name stays as it is: the first former
  // value is the host's own, later ones are ours. On error nothing has changed.
  base::Status add(std::span<const JournalEntry> entries);
  base::Status add(const JournalEntry& entry) { return add(std::span(&entry, 1)); }
  // Ok when there is none. The last one removes the file.
  base::Status remove(Made made, std::string_view name);

 private:
  Journal(std::string path, std::vector<JournalEntry> entries)
      : path_(std::move(path)), entries_(std::move(entries)) {}
  base::Status store(std::vector<JournalEntry> entries);

  std::string path_;
  std::vector<JournalEntry> entries_;
};

}  // namespace device
