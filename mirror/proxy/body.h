#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace mirror {

// What an answer sends after its head, in order and once: bytes of a file (sent without passing
// through this process) or bytes in memory, as they become available.
class Body {
 public:
  // A run of bytes that may be sent now. In `file` from `offset` on if that is >= 0, else `bytes`.
  struct Piece {
    int file = -1;
    std::uint64_t offset = 0;
    std::size_t size_bytes = 0;
    std::span<const std::uint8_t> bytes;
  };
  enum class State {
    Flowing,  // more is there or will come
    Broken,   // the rest will never come: end the connection without it
  };

  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  virtual ~Body() = default;

  // Of the whole body, fixed.
  virtual std::uint64_t size_bytes() const = 0;
  virtual State state() const = 0;
  // What may be sent now; size 0 if nothing. Valid until advance().
  virtual Piece peek() = 0;
  // The first `size` bytes of peek() were sent.
  virtual void advance(std::size_t size) = 0;

  // `on_change` runs, from the loop, when state() or peek() may give something new.
  void on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }

 protected:
  void changed() const {
    // A copy: the callback may end the answer and with it this body.
    if (const auto callback = on_change_) {
      callback();
    }
  }

 private:
  std::function<void()> on_change_;
};

}  // namespace mirror
