// What the coordinator remembers of the log outside of it, kept in its data directory.
#pragma once

#include <optional>
#include <string>

#include "coordinator/store/event_log.h"
#include "overlay/base/result.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "overlay/loop/work_queue.h"

namespace coordinator {

class FingerprintFile {
 public:
  // A write costs an fsync, off the loop's thread; a crash forgets at most this much, and what is
  // forgotten only narrows what a loss is noticed from.
  static constexpr base::Duration kInterval = std::chrono::seconds(1);

  // Keeps a reference to `loop`.
  FingerprintFile(loop::Loop& loop, std::string path);

  // What is in the file; nothing when there is none. Blocks: for the start. Errors: Malformed when
  // it is not a fingerprint; from the file system.
  base::Result<std::optional<Fingerprint>> load() const;

  // Remembers the newest; writes it within kInterval.
  void note(const Fingerprint& fingerprint);
  // Writes now, blocking: for the end.
  base::Status flush();

 private:
  void write();

  std::string path_;
  loop::Timer timer_;
  loop::WorkQueue queue_;
  std::optional<Fingerprint> unwritten_;
  bool is_writing_ = false;
};

}  // namespace coordinator
