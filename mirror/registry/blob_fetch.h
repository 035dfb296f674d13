#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "mirror/oci/target.h"
#include "mirror/select/selector.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"

namespace mirror {

// One blob, or the rest of one, from one replica.
//
// Ends once with an Outcome; destroyed before that, it is cancelled and silent. Every byte given
// out belongs to the offset that was asked for, whatever the server made of the Range.
class BlobFetch {
 public:
  struct Options {
    std::uint64_t first = 0;                  // byte to begin with
    std::optional<std::uint64_t> size_bytes;  // of the whole blob, where known
    base::Duration connect_timeout{0};
    base::Duration idle_timeout{0};  // no byte for so long; paused does not count
  };
  struct Callbacks {
    std::function<void(std::uint64_t)> on_head;  // the whole blob's size; before any data
    std::function<void(std::span<const std::uint8_t>)> on_data;
    std::function<void(Outcome)> on_end;
  };

  // Requires a blob target. Callbacks run from the loop and may destroy this.
  BlobFetch(loop::Loop& loop, loop::HttpClient& client, const Replica& replica,
            const Target& target, Options options, Callbacks callbacks);
  BlobFetch(const BlobFetch&) = delete;
  BlobFetch& operator=(const BlobFetch&) = delete;

  void pause() { request_.pause(); }
  void resume() { request_.resume(); }
  // Given out so far.
  std::uint64_t received_bytes() const { return received_; }

 private:
  void handle_head(const loop::HttpHead& head);
  void handle_data(std::span<const std::uint8_t> bytes);
  void handle_end(const base::Status& status);
  void end(Outcome outcome);

  loop::Loop& loop_;
  Options options_;
  Callbacks callbacks_;
  base::TimePoint started_at_;
  std::uint64_t skip_ = 0;  // still to be thrown away: a 200 begins at 0
  std::uint64_t left_ = 0;  // expected after that
  std::uint64_t received_ = 0;
  loop::RequestHandle request_;
};

}  // namespace mirror
