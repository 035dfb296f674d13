#include "coordinator/store/fingerprint_file.h"

#include <memory>
#include <utility>

#include "coordinator/store/log_codec.h"
#include "overlay/base/log.h"
#include "overlay/loop/files.h"

namespace coordinator {
namespace {

constexpr std::size_t kFileBytesMax = 256;
constexpr mode_t kFileMode = 0600;

base::Status store(const std::string& path, const Fingerprint& fingerprint) {
  return loop::write_file_atomic(path, format_fingerprint(fingerprint), kFileMode);
}

}  // namespace

FingerprintFile::FingerprintFile(loop::Loop& loop, std::string path)
    : path_(std::move(path)), timer_(loop, [this] { write(); }), queue_(loop, 1) {}

base::Result<std::optional<Fingerprint>> FingerprintFile::load() const {
  const auto text = loop::read_file(path_, kFileBytesMax);
  if (!text.ok()) {
    if (text.error().code() == base::Errc::NotFound) {
      return std::optional<Fingerprint>();
    }
    return text.error();
  }
  const auto parsed = parse_fingerprint(text.value());
  if (!parsed.ok()) {
    return parsed.error().within(path_);
  }
  return std::optional(parsed.value());
}

void FingerprintFile::note(const Fingerprint& fingerprint) {
  unwritten_ = fingerprint;
  if (!is_writing_ && !timer_.is_started()) {
    timer_.start_after(kInterval);
  }
}

base::Status FingerprintFile::flush() {
  timer_.stop();
  return unwritten_ ? store(path_, *std::exchange(unwritten_, std::nullopt)) : base::Status();
}

void FingerprintFile::write() {
  if (!unwritten_) {
    return;
  }
  // Owned by the job: it writes the status on its thread, then we read it on ours.
  auto status = std::make_shared<base::Status>();
  is_writing_ = true;
  const base::Status queued =
      queue_.submit([path = path_, fingerprint = *std::exchange(unwritten_, std::nullopt),
                     status] { *status = store(path, fingerprint); },
                    [this, status] {
                      is_writing_ = false;
                      if (!status->ok()) {
                        base::log_warning(status->error().text());  // the next note tries again
                      }
                      if (unwritten_) {
                        timer_.start_after(kInterval);
                      }
                    });
  CHECK(queued.ok());  // one job at a time, and the queue takes one
}

}  // namespace coordinator
